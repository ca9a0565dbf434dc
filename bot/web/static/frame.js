/** What surrounds the conversation: the connection's state, the banner, notices, typing dots, the enlarged picture. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

const BANNER_AFTER = 1_200; // a hiccup shorter than this needs no words
const BANNER_STAYS = 2_000;
const TYPING_AT_MOST = 20_000;

const byId = (id) => document.getElementById(id);

export class Frame {
  #state = "connecting";
  #banner = null; // key of the banner's text
  #bannerTimer = null;
  #typingTimer = null;

  constructor() {
    const viewer = byId("viewer");
    viewer.addEventListener("click", () => viewer.close());
    byId("notice-close").addEventListener("click", () => this.quiet());
  }

  connection(state) {
    this.#state = state;
    clearTimeout(this.#bannerTimer);
    if (state !== "online") {
      this.typing(false);
      if (this.#banner === "banner_reconnected") this.#say(null);
      if (!this.#banner) this.#bannerTimer = setTimeout(() => this.#say("banner_reconnecting"), BANNER_AFTER);
    } else if (this.#banner) {
      this.#say("banner_reconnected");
      this.#bannerTimer = setTimeout(() => this.#say(null), BANNER_STAYS);
    }
    this.refresh();
  }

  cookiesBlocked() {
    clearTimeout(this.#bannerTimer);
    this.#say("banner_cookies");
  }

  /** Redraw the words (also after a change of language). */
  refresh() {
    const node = byId("connection");
    node.dataset.state = this.#state;
    node.lastElementChild.textContent = t(`state_${this.#state}`);
    this.#say(this.#banner);
  }

  typing(on) {
    clearTimeout(this.#typingTimer);
    byId("typing").hidden = !on;
    if (on) this.#typingTimer = setTimeout(() => this.typing(false), TYPING_AT_MOST);
  }

  /** A sentence above the composer; `action` is `{words, run}` for a button in it. */
  notice(words, action) {
    const run = () => {
      this.quiet();
      action.run();
    };
    const button = action && el("button", { type: "button", class: "small", text: action.words, onclick: run });
    byId("notice-words").replaceChildren(words, ...(button ? [button] : []));
    byId("notice").hidden = false;
  }

  quiet() {
    byId("notice").hidden = true;
  }

  enlarge({ url, alt, toRead }) {
    const picture = byId("viewer").querySelector("img");
    byId("viewer").classList.toggle("to-read", Boolean(toRead));
    picture.src = url;
    picture.alt = alt;
    byId("viewer").showModal();
  }

  #say(key) {
    this.#banner = key;
    const banner = byId("banner");
    banner.hidden = key === null;
    banner.classList.toggle("good", key === "banner_reconnected");
    byId("banner-words").textContent = key ? t(key) : "";
    byId("retry").hidden = key !== "banner_reconnecting";
  }
}
