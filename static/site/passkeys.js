/* A press before allauth's scripts are ready would do nothing: the buttons open with them. What the browser could not
   do with a passkey, allauth tells by an event; it is said on the page. */
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button[data-passkey]")) button.disabled = false;
});
document.addEventListener("allauth.error", (event) => {
  const place = document.querySelector("[data-passkey-trouble]");
  if (!place) return;
  event.preventDefault();
  place.hidden = false;
});
