/** Photos and PDFs chosen, pasted or dropped but not yet sent, shown small above the text. */

import { el, icon } from "./dom.js";
import { t } from "./i18n.js";

const MOST = 10;
const PDF = "application/pdf";
const LARGEST = 10; // MB that the server takes; photos are made smaller on their way

const isPhoto = (file) => file.type.startsWith("image/");
const tooBig = (file) => file.size > LARGEST * 1024 * 1024;

export class Tray {
  #files = []; // {file, url}
  #root;
  #on;

  /** `on`: `changed()`, `notice(words)`. */
  constructor(form, on) {
    this.#root = form.querySelector("#tray");
    this.#on = on;
    for (const input of form.querySelectorAll("input[type=file]")) this.#wire(input);
    form.querySelector("textarea").addEventListener("paste", (event) => this.#pasted(event));
    this.#acceptDrops(document.body);
  }

  get size() {
    return this.#files.length;
  }

  /** The files, and an empty tray. */
  take() {
    const files = this.#files.map(({ file, url }) => {
      if (url) URL.revokeObjectURL(url);
      return file;
    });
    this.#files = [];
    this.refresh();
    return files;
  }

  refresh() {
    this.#root.hidden = this.#files.length === 0;
    this.#root.replaceChildren(...this.#files.map((entry, index) => this.#thumbnail(entry, index)));
  }

  #wire(input) {
    const opener = document.querySelector(`[data-opens="${input.id}"]`);
    opener.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#add([...input.files]);
      input.value = "";
      input.form.querySelector("#send").focus({ preventScroll: true });
    });
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    this.#add(files);
  }

  #acceptDrops(target) {
    const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
    const mark = (on) => target.classList.toggle("dropping", on);
    target.addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      mark(true);
    });
    target.addEventListener("dragleave", (event) => event.relatedTarget || mark(false));
    target.addEventListener("drop", (event) => {
      mark(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      this.#add([...event.dataTransfer.files]);
    });
  }

  #add(files) {
    const stranger = files.find((file) => !isPhoto(file) && file.type !== PDF);
    const giant = files.find((file) => file.type === PDF && tooBig(file));
    const good = files.filter((file) => isPhoto(file) || (file.type === PDF && !tooBig(file)));
    const room = MOST - this.#files.length;
    if (stranger) this.#on.notice(t("not_a_photo", { name: stranger.name }));
    else if (giant) this.#on.notice(t("file_too_big", { name: giant.name, max: LARGEST }));
    else if (good.length > room) this.#on.notice(t("too_many_photos", { max: MOST }));
    this.#files.push(...good.slice(0, room).map((file) => ({ file, url: isPhoto(file) ? URL.createObjectURL(file) : null })));
    this.refresh();
    this.#on.changed();
  }

  #thumbnail(entry, index) {
    const remove = () => {
      if (entry.url) URL.revokeObjectURL(entry.url);
      this.#files = this.#files.filter((one) => one !== entry);
      this.refresh();
      this.#on.changed();
      (this.#root.querySelectorAll("button")[Math.min(index, this.size - 1)] ?? document.getElementById("composer")).focus();
    };
    const words = t("remove_photo", { n: index + 1 });
    return el(
      "li",
      {},
      entry.url ? el("img", { src: entry.url, alt: "" }) : el("span", { class: "file", title: entry.file.name }, icon("attach"), entry.file.name),
      el("button", { type: "button", class: "remove", "aria-label": words, title: words, onclick: remove }, icon("close")),
    );
  }
}
