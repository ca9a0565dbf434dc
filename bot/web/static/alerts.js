/** Quiet ways to say that something came while the visitor looked elsewhere: a count in the title, a soft sound if asked for. */

const KEY = "sangden.sound";
const NOTES = [
  [659.25, 0],
  [880, 0.14],
]; // Hz, s: a rising fourth, short and soft

export class Alerts {
  #store;
  #title = document.title;
  #unread = 0;
  #audio = null;

  constructor(store, toggle) {
    this.#store = store;
    document.addEventListener("visibilitychange", () => document.hidden || this.#seen());
    toggle.setAttribute("aria-checked", String(this.#sound));
    toggle.addEventListener("click", () => {
      this.#store.setItem(KEY, this.#sound ? "off" : "on");
      toggle.setAttribute("aria-checked", String(this.#sound));
      if (this.#sound) this.#ring();
    });
    // Browsers let a page sound only after the visitor has touched it.
    addEventListener("pointerdown", () => this.#sound && this.#awake(), { once: true });
  }

  /** `count` messages arrived live, `push` among them an announcement. */
  arrived(count, push) {
    if (document.hidden) {
      this.#unread += count;
      document.title = `(${this.#unread}) ${this.#title}`;
    }
    if (this.#sound && (push || document.hidden)) this.#ring();
  }

  get #sound() {
    return this.#store.getItem(KEY) === "on";
  }

  #seen() {
    this.#unread = 0;
    document.title = this.#title;
  }

  #awake() {
    this.#audio ??= new AudioContext();
    return this.#audio.resume();
  }

  #ring() {
    this.#awake();
    for (const [pitch, after] of NOTES) {
      const start = this.#audio.currentTime + after;
      const tone = new OscillatorNode(this.#audio, { frequency: pitch });
      const volume = new GainNode(this.#audio, { gain: 0 });
      volume.gain.linearRampToValueAtTime(0.08, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
      tone.connect(volume).connect(this.#audio.destination);
      tone.start(start);
      tone.stop(start + 0.4);
    }
  }
}
