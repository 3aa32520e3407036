// Light or dark as the device wants it, where the person has not chosen; before the page is drawn.
(() => {
  const page = document.documentElement;
  if (page.dataset.themeChoice !== "auto") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { page.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  follow();
  dark.addEventListener("change", follow);
})();
