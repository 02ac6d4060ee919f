/* Tabs of a page switch together, marks go and come together, and both choices outlive the page.
   Without this script each block still works alone, with its marks. */
(function () {
  "use strict";
  const KEY = "parity-side", LIT = "parity-lit";

  function remembered(key) {
    try { return window.localStorage.getItem(key); } catch (blocked) { return null; }
  }
  function remember(key, choice) {
    try { window.localStorage.setItem(key, choice); } catch (blocked) { /* the choice lasts for this page */ }
  }
  /* Blocks above change their height with the others: the one in hand stays where it is. */
  function inPlace(block, change) {
    const before = block.getBoundingClientRect().top;
    change();
    window.scrollBy({ top: block.getBoundingClientRect().top - before, behavior: "instant" });
  }
  function light(state) {
    document.documentElement.dataset.lit = state;
    for (const button of document.querySelectorAll(".lit-switch")) { button.setAttribute("aria-pressed", String(state === "on")); }
  }
  /* A block that lacks the side (Fluid, mostly) stays as it is. */
  function choose(side) {
    for (const radio of document.querySelectorAll(".sides-choice")) {
      if (radio.value === side) { radio.checked = true; }
    }
    /* code that comes into sight and scrolls is reached by keyboard, as the theme does for what is in sight at first */
    for (const code of document.querySelectorAll(".sides-pane pre")) {
      if (code.scrollWidth > code.clientWidth) { code.tabIndex = 0; }
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    const side = remembered(KEY);
    if (side) { choose(side); }
    light(remembered(LIT) === "off" ? "off" : "on");
  });
  document.addEventListener("click", function (event) {
    const button = event.target.closest && event.target.closest(".lit-switch");
    if (!button) { return; }
    const state = document.documentElement.dataset.lit === "off" ? "on" : "off";
    inPlace(button, function () { light(state); });
    remember(LIT, state);
  });
  document.addEventListener("change", function (event) {
    const radio = event.target;
    if (!radio.classList || !radio.classList.contains("sides-choice")) { return; }
    inPlace(radio.closest(".sides-block"), function () { choose(radio.value); });
    remember(KEY, radio.value);
  });
})();
