/** One WebSocket that comes back by itself: growing pauses, a heartbeat, and a calm account of its state. */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const HELLO_WITHIN = 10_000;
const PING_AFTER = 8_000;
const DEAD_AFTER = 18_000; // silence; with the watch below a dead socket is noticed within 21 s
const WATCH_EVERY = 3_000;
const ANSWER_WITHIN = 4_000; // a socket doubted on waking up
const COOKIE_LOST = 4401;

export class Connection {
  #url;
  #on;
  #socket = null;
  #state = "connecting";
  #failures = 0;
  #heard = 0;
  #timer = null;

  /** `on`: `state(name)` connecting | online | offline, `message(data)`, `cookieLost()`. */
  constructor(url, on) {
    this.#url = url;
    this.#on = on;
  }

  start() {
    setInterval(() => this.#watch(), WATCH_EVERY);
    addEventListener("online", () => this.retryNow());
    addEventListener("offline", () => this.#doubt());
    addEventListener("pageshow", (event) => event.persisted && this.retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#doubt());
    this.#connect();
  }

  get online() {
    return this.#state === "online";
  }

  /** Send when online; false means: kept by the caller until the next hello. */
  send(message) {
    if (!this.online) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Do not wait for the pause to end. */
  retryNow() {
    if (this.online) return this.#doubt();
    if (this.#socket && Date.now() - this.#heard < ANSWER_WITHIN) return undefined;
    this.#failures = 0;
    return this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#release();
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#lost(event.code);
  }

  #receive(message) {
    this.#heard = Date.now();
    if (message.type === "pong") return;
    if (message.type === "hello") {
      this.#failures = 0;
      this.#become("online");
    }
    this.#on.message(message);
  }

  #lost(code) {
    this.#release();
    if (code === COOKIE_LOST) this.#on.cookieLost();
    this.#become("offline");
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures) * (0.5 + Math.random());
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), pause);
  }

  /** Let go of the socket at once: on a dead network its close event may take minutes. */
  #release() {
    if (!this.#socket) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #watch() {
    if (!this.#socket) return;
    const silence = Date.now() - this.#heard;
    if (silence > (this.online ? DEAD_AFTER : HELLO_WITHIN)) this.#lost();
    else if (silence > PING_AFTER) this.send({ type: "ping" });
  }

  /** The phone woke up or the network changed: ask, and do not believe a silent socket. */
  #doubt() {
    if (!this.online) return this.#socket ? undefined : this.retryNow();
    const socket = this.#socket;
    const asked = Date.now();
    this.send({ type: "ping" });
    return setTimeout(() => {
      if (this.#socket === socket && this.#heard < asked) this.#lost();
    }, ANSWER_WITHIN);
  }

  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#on.state(state);
  }
}
