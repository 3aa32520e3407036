// Copy buttons: shown where the browser can copy, also in parts that arrive later.
(() => {
  const show = () => {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    if (button.dataset.words) return;
    button.dataset.words = button.innerHTML;
    button.textContent = button.dataset.copied;
    setTimeout(() => {
      button.innerHTML = button.dataset.words;
      delete button.dataset.words;
    }, 1500);
  });
  document.addEventListener("htmx:afterSwap", show);
  document.addEventListener("DOMContentLoaded", show);
})();
