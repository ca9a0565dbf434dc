/** A button that opens a small panel: Escape, a click elsewhere or a choice closes it, and focus goes back. */

export function disclose(button, panel) {
  const show = (open) => {
    button.setAttribute("aria-expanded", String(open));
    panel.hidden = !open;
  };
  show(false);
  button.addEventListener("click", () => {
    show(panel.hidden);
    if (!panel.hidden) panel.querySelector("button:not([hidden])").focus({ preventScroll: true });
  });
  panel.addEventListener("click", (event) => event.target.closest("[data-closes]") && show(false));
  document.addEventListener("click", (event) => {
    if (!panel.hidden && !panel.contains(event.target) && !button.contains(event.target)) show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    show(false);
    button.focus();
  });
}
