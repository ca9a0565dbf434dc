/** Where the visitor writes: a text that grows, a draft that survives a reload, photos chosen but not yet sent. */

import { number, t } from "./i18n.js";
import { Tray } from "./tray.js";

const DRAFT = "sangden.draft";
const COUNTER_FROM = 0.9; // of the limit
const TALLEST = 168; // px, about seven lines

export class Composer {
  #field;
  #counter;
  #limit;
  #store;
  #tray;
  #on;

  /** `on`: `text(words)`, `photo(file)`, `notice(words, action?)`. */
  constructor(form, store, on) {
    this.#field = form.querySelector("textarea");
    this.#counter = form.querySelector("#counter");
    this.#limit = Number(this.#field.dataset.max);
    this.#store = store;
    this.#on = on;
    this.#tray = new Tray(form, { notice: on.notice, changed: () => this.#draw() });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("keydown", (event) => this.#key(event, form));
    this.#field.addEventListener("input", () => this.#changed());
    this.fill(store.getItem(DRAFT) ?? "");
  }

  /** Put words into the field, after what is being written. */
  fill(words) {
    const written = this.#field.value.trim();
    this.#field.value = written ? `${written}\n${words}` : words;
    this.#changed();
  }

  focus() {
    this.#field.focus();
  }

  /** Redraw the counter (also after a change of language). */
  refresh() {
    this.#draw();
    this.#tray.refresh();
  }

  #key(event, form) {
    // Telex and other input methods end a word with Enter; Safari says so only by 229.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit();
  }

  #submit() {
    const words = this.#field.value.trim();
    const parts = split(words, this.#limit);
    if (parts.length > 1) return this.#tooLong(words, parts);
    return this.#send(parts);
  }

  #tooLong(words, parts) {
    const values = { max: number(this.#limit), n: number(lengthOf(words) - this.#limit), parts: parts.length };
    this.#on.notice(t("too_long", values), { words: t("send_in_parts", values), run: () => this.#send(parts) });
  }

  #send(parts) {
    this.#tray.take().forEach((file) => this.#on.photo(file));
    this.#field.value = "";
    this.#changed();
    parts.forEach((part) => this.#on.text(part));
  }

  #changed() {
    if (this.#field.value) this.#store.setItem(DRAFT, this.#field.value);
    else this.#store.removeItem(DRAFT);
    this.#draw();
    this.#field.style.height = "auto";
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, TALLEST)}px`;
  }

  #draw() {
    const left = this.#limit - lengthOf(this.#field.value.trim());
    this.#counter.hidden = left > this.#limit * (1 - COUNTER_FROM);
    this.#counter.classList.toggle("over", left < 0);
    this.#counter.textContent = t(left < 0 ? "characters_over" : "characters_left", { n: number(Math.abs(left)) });
    this.#field.form.classList.toggle("ready", this.#tray.size > 0 || this.#field.value.trim() !== "");
  }
}

/** Characters as the server counts them: an emoji is one. */
function lengthOf(words) {
  return [...words].length;
}

/** `words` in parts of at most `limit` characters, cut at a line's end or a space where there is one. */
function split(words, limit) {
  const parts = [];
  let rest = [...words];
  while (rest.length > limit) {
    const piece = rest.slice(0, limit).join("");
    const cut = Math.max(piece.lastIndexOf("\n"), piece.length / 2 < piece.lastIndexOf(" ") ? piece.lastIndexOf(" ") : -1);
    const part = cut > 0 ? piece.slice(0, cut) : piece;
    parts.push(part.trim());
    rest = [...rest.slice(lengthOf(part)).join("").trimStart()];
  }
  return [...parts, rest.join("")].filter(Boolean);
}
