/** The order of what is shown: stored items known by key, unconfirmed messages known by ref, nothing twice. */

const itemId = (key) => `item:${key}`;
const messageId = (ref) => `message:${ref}`;

/** An entry is `{id, item}` (the server has it) or `{id, message}` (only we have it). */
export class Timeline {
  #entries = [];

  get entries() {
    return this.#entries;
  }

  /**
   * The server's last items replace what we show from the first of them on; older ones we already had stay above.
   * If none of ours precedes them, the gap is unknown and ours go. Messages not among the items come last.
   */
  hello(items, messages) {
    const overlap = items.length ? this.#find(itemId(items[0].key)) : -1;
    const older = overlap > 0 ? this.#entries.slice(0, overlap).filter((entry) => entry.item) : [];
    const stored = new Set(items.map((item) => item.ref).filter(Boolean));
    this.#entries = [...older, ...items.map(ofItem)];
    messages.filter((message) => !stored.has(message.ref)).forEach((message) => this.show(message));
  }

  /** A live item: replaced in place when known, else at the end. True when it is new. */
  receive(item) {
    const known = this.#find(itemId(item.key));
    if (known >= 0) this.#entries[known] = ofItem(item);
    else if (item.ref && this.#find(messageId(item.ref)) >= 0) this.accept(item.ref, item);
    else this.#entries.push(ofItem(item));
    return known < 0;
  }

  /** The message became an item: it keeps its place, unless the item has arrived already. */
  accept(ref, item) {
    const pending = this.#find(messageId(ref));
    if (pending < 0 || this.#find(itemId(item.key)) >= 0) {
      this.drop(ref);
      this.receive(item);
    } else this.#entries[pending] = ofItem(item);
  }

  /** Show a message or its changed state. */
  show(message) {
    const entry = { id: messageId(message.ref), message };
    const known = this.#find(entry.id);
    if (known >= 0) this.#entries[known] = entry;
    else this.#entries.push(entry);
  }

  drop(ref) {
    this.#entries = this.#entries.filter((entry) => entry.id !== messageId(ref));
  }

  #find(id) {
    return this.#entries.findIndex((entry) => entry.id === id);
  }
}

function ofItem(item) {
  return { id: itemId(item.key), item };
}
