/** Photos and PDFs on their way: photos made small, uploaded with progress, tried again until answered. */

import { newRef } from "./outbox.js";

const URL_OF_PHOTOS = "/chat/photos";
const LONGEST_SIDE = 2048; // px: a meter's digits stay readable
const LIGHT_ENOUGH = 1_500_000; // bytes
const UNDERSTOOD = ["image/jpeg", "image/png", "image/webp"];
const TRY_AGAIN_AFTER = 4_000;

export class Photos {
  #on;
  #pending = new Map(); // ref → {message, file}
  #uploading = new Set();

  /** `on`: `changed(message)`, `progress(ref, fraction)`, `accepted(ref, item)`. */
  constructor(on) {
    this.#on = on;
    // Pictures are too big for localStorage: warn before they are lost.
    addEventListener("beforeunload", (event) => this.#pending.size && event.preventDefault());
  }

  get messages() {
    return [...this.#pending.values()].map(({ message }) => message);
  }

  /** Send a file; its message shows the local preview of a photo, the name of another file, under `photo`. */
  async send(file) {
    const isPhoto = file.type.startsWith("image/");
    const photo = isPhoto ? { url: URL.createObjectURL(file) } : { name: file.name };
    const message = { ref: newRef(), at: new Date().toISOString(), state: "waiting", photo };
    this.#pending.set(message.ref, { message, file: isPhoto ? shrunk(file) : file });
    this.#on.changed(message);
    await this.#upload(message.ref);
  }

  /** The connection is back: try all that wait. */
  retry() {
    for (const { message } of this.#pending.values()) if (message.state === "waiting") this.#upload(message.ref);
  }

  resend(ref) {
    this.#become(ref, { state: "waiting", why: undefined });
    return this.#upload(ref);
  }

  discard(ref) {
    this.#pending.delete(ref);
  }

  async #upload(ref) {
    if (this.#uploading.has(ref)) return;
    this.#uploading.add(ref);
    const answer = await post(ref, await this.#pending.get(ref).file, (part) => this.#on.progress(ref, part));
    this.#uploading.delete(ref);
    if (!this.#pending.has(ref)) return;
    if (answer.item) {
      const { message } = this.#pending.get(ref);
      this.#pending.delete(ref);
      this.#on.accepted(ref, answer.item, message.photo);
    } else if (answer.refused) this.#become(ref, { state: "refused", why: answer.text });
    else setTimeout(() => this.#pending.has(ref) && this.#upload(ref), TRY_AGAIN_AFTER);
  }

  #become(ref, change) {
    const entry = this.#pending.get(ref);
    entry.message = { ...entry.message, ...change };
    this.#on.changed(entry.message);
  }
}

/** `{item}`, `{refused: true, text?}`, or `{}` when the network or the server failed and a later try may succeed. */
function post(ref, file, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("ref", ref);
    form.append("file", file, file.name);
    request.open("POST", URL_OF_PHOTOS);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => resolve({});
    request.onload = () => {
      const body = request.response ?? {};
      if (request.status >= 500) resolve({});
      else resolve(body.item ? { item: body.item } : { refused: true, text: body.text });
    };
    request.send(form);
  });
}

/** The photo as it is uploaded: a big or unusual one becomes a JPEG; one that cannot be decoded goes as it is. */
async function shrunk(file) {
  if (file.size <= LIGHT_ENOUGH && UNDERSTOOD.includes(file.type)) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" });
  } catch {
    return file;
  }
}
