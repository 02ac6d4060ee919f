/* The contents of the page in the sidebar: which section is in view. The sidebar shows its beginning where that holds the
   open page. Figures that scroll are reached by keyboard. */
(function () {
  "use strict";
  function watch(links) {
    const sections = links.map(link => document.getElementById(decodeURIComponent(link.hash.slice(1)))).filter(Boolean);
    let waiting = false;
    function look() {
      waiting = false;
      const passed = sections.filter(section => section.getBoundingClientRect().top < window.innerHeight / 3);
      const open = passed.length ? passed[passed.length - 1].id : null;
      for (const link of links) {
        if (open && decodeURIComponent(link.hash.slice(1)) === open) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
      }
    }
    window.addEventListener("scroll", function () {
      if (!waiting) { waiting = true; window.requestAnimationFrame(look); }
    }, { passive: true });
    look();
  }
  /* what scrolls sideways is reached by keyboard; what does not is no stop */
  function stops() {
    for (const figure of document.querySelectorAll(".labs-figure")) {
      if (figure.scrollWidth > figure.clientWidth) { figure.tabIndex = 0; } else { figure.removeAttribute("tabindex"); }
    }
  }
  window.addEventListener("resize", stops);
  window.addEventListener("load", function () {
    stops();
    const links = [...document.querySelectorAll(".page-sections a")], bar = document.getElementById("pst-primary-sidebar");
    if (links.length) { watch(links); }
    const current = bar && bar.querySelector(".bd-sidenav a.current");
    if (current && current.getBoundingClientRect().bottom - bar.getBoundingClientRect().top + bar.scrollTop < bar.clientHeight) { bar.scrollTop = 0; }
  });
})();
