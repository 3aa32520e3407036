// The list of deliveries: how many are chosen, all at once, and nothing lost when the table is renewed.
(() => {
  const table = () => document.getElementById("deliveries");
  const ticks = () => [...table().querySelectorAll("input[name=delivery]")];
  let kept = { codes: new Set(), focus: "" };

  const show = () => {
    const bar = document.querySelector("[data-bulk]");
    if (!bar) return;
    const all = ticks();
    const count = all.filter((tick) => tick.checked).length;
    bar.hidden = count === 0;
    bar.querySelector("[data-count]").textContent = count;
    const every = table().querySelector("[data-all]");
    if (!every) return;
    every.hidden = false;
    every.checked = count > 0 && count === all.length;
    every.indeterminate = count > 0 && count < all.length;
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const tick of ticks()) tick.checked = event.target.checked;
    if (event.target.closest("#deliveries")) show();
  });
  document.addEventListener("htmx:beforeSwap", () => {
    const inside = table().contains(document.activeElement);
    kept = {
      codes: new Set(ticks().filter((tick) => tick.checked).map((tick) => tick.value)),
      focus: inside ? document.activeElement.id : "",
    };
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const tick of ticks()) tick.checked = kept.codes.has(tick.value);
    if (kept.focus) document.getElementById(kept.focus)?.focus({ preventScroll: true });
    show();
  });
  document.addEventListener("DOMContentLoaded", show);
  window.addEventListener("pageshow", show);
})();
