/** Short ways to build DOM nodes without ever parsing HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Build an element. `props` are attributes, except `class`, `text` and `on…` listeners;
 * false, null and undefined leave an attribute out, true writes it empty.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** An icon of the sprite in the page; decoration only, so hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Words for screen readers only. */
export function spoken(text) {
  return el("span", { class: "spoken", text });
}
