/** What the visitor said and the server has not yet confirmed: kept over reloads, shared by the browser's tabs. */

const KEY = "sangden.outbox";

/** localStorage, backed by memory for as long as the page lives where the browser forbids it or it is full. */
export function storage() {
  const kept = new Map();
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return null;
    }
  };
  return {
    getItem: (key) => kept.get(key) ?? attempt(() => localStorage.getItem(key)),
    setItem(key, value) {
      kept.set(key, value);
      attempt(() => {
        localStorage.setItem(key, value);
        kept.delete(key); // from here on other tabs may change it
      });
    },
    removeItem(key) {
      kept.delete(key);
      attempt(() => localStorage.removeItem(key));
    },
  };
}

/** A new reference; `crypto.randomUUID` is missing on plain http outside localhost. */
export function newRef() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * A message is `{ref, at, state: "waiting" | "refused", why?, wire}`, where `wire` is what is sent but for its ref.
 * The stored list is read afresh each time, because another tab may have changed it.
 */
export class Outbox {
  #store;

  constructor(store) {
    this.#store = store;
  }

  all() {
    try {
      return JSON.parse(this.#store.getItem(KEY)) ?? [];
    } catch {
      return [];
    }
  }

  waiting() {
    return this.all().filter((message) => message.state === "waiting");
  }

  add(wire) {
    const message = { ref: newRef(), at: new Date().toISOString(), state: "waiting", wire };
    this.#save([...this.all(), message]);
    return message;
  }

  /** Accepted by the server, or given up by the visitor. */
  remove(ref) {
    this.#save(this.all().filter((message) => message.ref !== ref));
  }

  /** The server said no; the changed message, or undefined when it is not ours. */
  refuse(ref, why) {
    const messages = this.all();
    const message = messages.find((one) => one.ref === ref);
    if (!message) return undefined;
    Object.assign(message, { state: "refused", why });
    this.#save(messages);
    return message;
  }

  /** Call `listener` when another tab added or settled something. */
  onChange(listener) {
    addEventListener("storage", (event) => event.key === KEY && listener());
  }

  #save(messages) {
    if (messages.length) this.#store.setItem(KEY, JSON.stringify(messages));
    else this.#store.removeItem(KEY);
  }
}
