/* Ticking all lines of the page at once; without it each is ticked by hand. */
"use strict";
(() => {
  const all = document.querySelector("[data-tick-all]");
  if (!all) return;
  const ticks = [...document.querySelectorAll(".attention-tick")];
  all.closest("label").hidden = false;
  all.addEventListener("change", () => ticks.forEach((tick) => { tick.checked = all.checked; }));
  ticks.forEach((tick) => tick.addEventListener("change", () => {
    all.checked = ticks.every((one) => one.checked);
    all.indeterminate = !all.checked && ticks.some((one) => one.checked);
  }));
})();
