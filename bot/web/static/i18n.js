/** The page's words: both languages come from the server inside the page, one is in use. */

const texts = JSON.parse(document.getElementById("texts").textContent);
let current = document.documentElement.lang in texts ? document.documentElement.lang : "vi";

export const language = () => current;
export const otherLanguage = () => (current === "vi" ? "en" : "vi");

/** The words for `key` with `{name}` filled in; a missing key shows itself rather than nothing. */
export function t(key, values = {}) {
  const template = texts[current][key] ?? key;
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Speak `lang` from now on, and say so to the browser and to every labelled element. */
export function speak(lang) {
  if (!(lang in texts)) return;
  current = lang;
  document.documentElement.lang = lang;
  label(document);
}

/** Fill `data-text` (content), `data-label` (name and tooltip) and `data-placeholder` under `root`. */
export function label(root) {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text, node.dataset);
  for (const node of root.querySelectorAll("[data-label]")) {
    const words = t(node.dataset.label, node.dataset);
    node.setAttribute("aria-label", words);
    if (node.matches("button, a")) node.title = words;
  }
  for (const node of root.querySelectorAll("[data-placeholder]")) node.placeholder = t(node.dataset.placeholder);
}

/** A count as the visitor writes it: 4.000 or 4,000. */
export function number(value) {
  return new Intl.NumberFormat(current).format(value);
}

const VIETNAMESE = /[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]/giu;

/**
 * The language a text is written in, so that a screen reader picks the right voice after a switch.
 * A fifth of Vietnamese letters carry marks; an English sentence with a ward's name stays far below 12 %.
 */
export function languageOf(text) {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters === 0) return current;
  const marked = text.normalize("NFC").match(VIETNAMESE)?.length ?? 0;
  return marked / letters > 0.12 ? "vi" : "en";
}
