/* The contents of the page in the sidebar: which section is in view. The sidebar shows its beginning where that holds the
   open page. What scrolls sideways is reached by keyboard, and says so. */
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
  const BOXES = ".labs-figure, .labs-table-box, .bd-article div.math, .bd-article pre";
  const wide = box => box.scrollWidth > box.clientWidth + 1;
  function more(box) { box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1); }
  /* what scrolls sideways is reached by keyboard; what does not is no stop, and no group of its own to those who listen */
  function stops() {
    const boxes = [...document.querySelectorAll(BOXES)].filter(box => box.checkVisibility()).map(box => [box, wide(box)]);
    for (const [box, scrolls] of boxes) {
      box.classList.toggle("scrolls", scrolls);
      if (scrolls) { box.tabIndex = 0; more(box); } else { box.removeAttribute("tabindex"); box.classList.remove("more"); }
      if (box.matches(".labs-table-box") && scrolls) {
        const caption = box.querySelector("caption");
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", caption ? caption.textContent : "Table");
      } else if (box.matches(".labs-table-box")) {
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
    }
  }
  window.addEventListener("resize", stops);
  document.addEventListener("scroll", event => { if (event.target.matches && event.target.matches(BOXES)) { more(event.target); } }, { capture: true, passive: true });
  document.addEventListener("toggle", stops, true);
  /* a panel that closes gives the focus back to its button; who chose a section in it goes there instead */
  let chosen = false;
  document.addEventListener("click", function (event) {
    const link = event.target.closest && event.target.closest("dialog[open] a[href^='#']");
    if (link) { chosen = true; link.closest("dialog").close(); }
  });
  document.addEventListener("close", function (event) {
    const toggle = { "pst-secondary-sidebar-modal": ".secondary-toggle", "pst-primary-sidebar-modal": ".primary-toggle" }[event.target.id];
    const button = toggle && [...document.querySelectorAll(toggle)].find(one => one.checkVisibility());
    if (button && !chosen) { button.focus({ preventScroll: true }); }
    chosen = false;
  }, true);
  document.addEventListener("change", stops);
  window.addEventListener("load", function () {
    stops();
    const links = [...document.querySelectorAll(".page-sections a")], bar = document.getElementById("pst-primary-sidebar");
    if (links.length) { watch(links); }
    const current = bar && bar.querySelector(".bd-sidenav a.current");
    if (current && current.getBoundingClientRect().bottom - bar.getBoundingClientRect().top + bar.scrollTop < bar.clientHeight) { bar.scrollTop = 0; }
  });
})();
