/* Tabs of a page switch together, and the choice outlives the page. Without this script each block still works alone. */
(function () {
  "use strict";
  const KEY = "parity-side";

  function remembered() {
    try { return window.localStorage.getItem(KEY); } catch (blocked) { return null; }
  }
  function remember(side) {
    try { window.localStorage.setItem(KEY, side); } catch (blocked) { /* the choice lasts for this page */ }
  }
  /* A block that lacks the side (Fluid, mostly) stays as it is. */
  function choose(side) {
    for (const radio of document.querySelectorAll(".sides-choice")) {
      if (radio.value === side) { radio.checked = true; }
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    const side = remembered();
    if (side) { choose(side); }
  });
  document.addEventListener("change", function (event) {
    const radio = event.target;
    if (!radio.classList || !radio.classList.contains("sides-choice")) { return; }
    /* blocks above change their height with the others: keep the one in hand where it is */
    const block = radio.closest(".sides-block");
    const before = block.getBoundingClientRect().top;
    choose(radio.value);
    remember(radio.value);
    window.scrollBy({ top: block.getBoundingClientRect().top - before, behavior: "instant" });
  });
})();
