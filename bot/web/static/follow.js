/** Keeps the newest message in sight, unless the visitor is reading further up: then a pill counts what came. */

import { number, t } from "./i18n.js";

const NEAR = 80; // px from the end that still count as being there

export class Follow {
  #scroller;
  #pill;
  #unseen = 0;
  #following = true;
  #top = 0;

  constructor(scroller, content, pill) {
    this.#scroller = scroller;
    this.#pill = pill;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    pill.addEventListener("click", () => this.toEnd({ smooth: true }));
    // Pictures that load, a keyboard that opens, a composer that grows: the end stays the end.
    const observer = new ResizeObserver(() => this.#following && this.toEnd());
    observer.observe(content);
    observer.observe(scroller);
  }

  /** `count` messages came that are not the visitor's own. */
  arrived(count) {
    if (!this.#following) this.#unseen += count;
    this.refresh();
  }

  toEnd({ smooth = false } = {}) {
    this.#following = true;
    this.#unseen = 0;
    const calm = !smooth || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: calm ? "instant" : "smooth" });
    this.refresh();
  }

  /** Redraw the pill (also after a change of language). */
  refresh() {
    const words = this.#unseen ? t("new_messages", { n: number(this.#unseen) }) : "";
    this.#pill.hidden = this.#following;
    this.#pill.querySelector("span").textContent = words;
    this.#pill.setAttribute("aria-label", words || t("to_newest"));
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    const upwards = scrollTop < this.#top;
    this.#top = scrollTop;
    // Content that grew below us is not the visitor leaving the end; only moving up is.
    if (atEnd === this.#following || (!atEnd && !upwards)) return;
    this.#following = atEnd;
    if (atEnd) this.#unseen = 0;
    this.refresh();
  }
}
