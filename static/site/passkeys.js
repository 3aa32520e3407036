/* Says on the page what the browser could not do with a passkey; allauth tells it by an event. */
document.addEventListener("allauth.error", (event) => {
  const place = document.querySelector("[data-passkey-trouble]");
  if (!place) return;
  event.preventDefault();
  place.hidden = false;
});
