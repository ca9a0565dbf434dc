/** The web chat's page: joins the connection, the timeline, what is shown and what the visitor does. */

import { Alerts } from "./alerts.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { disclose } from "./disclosure.js";
import { Follow } from "./follow.js";
import { label, otherLanguage, language, speak, t } from "./i18n.js";
import { Outbox, storage } from "./outbox.js";
import { Photos } from "./photos.js";
import { whereAmI } from "./place.js";
import { Frame } from "./frame.js";
import { Timeline } from "./timeline.js";
import { View } from "./view.js";
import { fitViewport } from "./viewport.js";

const RELOADED = "sangden.reloaded";

const byId = (id) => document.getElementById(id);
const store = storage();
const outbox = new Outbox(store);
const timeline = new Timeline();
const localPhotos = new Map(); // item key → preview of a photo uploaded from this page
const frame = new Frame();
const follow = new Follow(byId("scroller"), byId("content"), byId("pill"));
const alerts = new Alerts(store, byId("sound"));
let wantedLanguage = null; // chosen while the server could not be told

const view = new View(byId("log"), {
  press: (item, { value, label: words }) => say({ type: "press", value, label: words, of: item.key }),
  contact: (item, phone) => say({ type: "contact", phone }),
  place: sharePlace,
  enlarge: (image) => frame.enlarge(image),
  localPhoto: (key) => localPhotos.get(key),
  edit(message) {
    discard(message);
    composer.fill(message.wire.text);
    composer.focus();
  },
  resend(message) {
    if (message.photo) return photos.resend(message.ref);
    discard(message);
    return say(message.wire);
  },
  discard,
});

const photos = new Photos({
  changed(message) {
    timeline.show(message.state === "refused" ? { ...message, why: message.why ?? t("photo_failed") } : message);
    show({ live: true, own: true });
  },
  progress: (ref, part) => view.progress(ref, part),
  accepted(ref, item, preview) {
    if (preview.url) localPhotos.set(item.key, preview.url);
    settle(ref, item);
  },
});

const composer = new Composer(byId("compose"), store, {
  text: (text) => say({ type: "text", text }),
  photo(file) {
    frame.quiet();
    photos.send(file);
  },
  notice: (words, action) => frame.notice(words, action),
});

const socketUrl = `${location.origin.replace(/^http/, "ws")}/chat/ws`;
const connection = new Connection(socketUrl, {
  state: (state) => frame.connection(state),
  message: (message) => RECEIVE[message.type]?.(message),
  cookieLost: reloadOnce,
});

const RECEIVE = {
  hello: greeted,
  item: ({ item }) => receive(item),
  typing: ({ on }) => frame.typing(on),
  ack: ({ ref, item }) => settle(ref, item),
  refused({ ref, text }) {
    const message = outbox.refuse(ref, text);
    if (message) timeline.show(message);
    show({ live: true });
  },
  lang: ({ lang }) => useLanguage(lang),
};

function greeted({ lang, items }) {
  sessionStorage.removeItem(RELOADED);
  if (wantedLanguage) connection.send({ type: "lang", lang: wantedLanguage });
  else if (lang !== language()) useLanguage(lang);
  const before = new Set(timeline.entries.map((entry) => entry.id));
  const again = before.size > 0;
  timeline.hello(items, [...outbox.all(), ...photos.messages]);
  const missed = timeline.entries.filter(({ id, item }) => item && item.from !== "me" && !before.has(id));
  show({ live: again });
  if (again && missed.length) announce(missed.map(({ item }) => item));
  for (const { wire, ref } of outbox.waiting()) connection.send({ ...wire, ref });
  photos.retry();
}

function receive(item) {
  const isNew = timeline.receive(item);
  if (item.from !== "me") frame.typing(false);
  show({ live: true });
  if (isNew && item.from !== "me") announce([item]);
}

function announce(items) {
  follow.arrived(items.length);
  alerts.arrived(
    items.length,
    items.some((item) => item.push),
  );
}

function settle(ref, item) {
  outbox.remove(ref);
  if (item) timeline.accept(ref, item);
  else timeline.drop(ref);
  show({ live: true });
}

function say(wire) {
  frame.quiet();
  const message = outbox.add(wire);
  timeline.show(message);
  show({ live: true, own: true });
  connection.send({ ...wire, ref: message.ref });
}

function discard(message) {
  if (message.photo) photos.discard(message.ref);
  else outbox.remove(message.ref);
  timeline.drop(message.ref);
  show();
}

function show({ live = false, own = false } = {}) {
  byId("empty").hidden = timeline.entries.length > 0 || !connection.online;
  view.render(timeline.entries, { live });
  if (own) follow.toEnd();
}

async function sharePlace() {
  frame.notice(t("place_finding"));
  try {
    const place = await whereAmI();
    say({ type: "place", ...place });
  } catch (problem) {
    frame.notice(t(problem.message));
  }
}

function useLanguage(lang) {
  wantedLanguage = null;
  speak(lang);
  frame.quiet();
  frame.refresh();
  follow.refresh();
  composer.refresh();
  show();
}

function switchLanguage() {
  const lang = otherLanguage();
  useLanguage(lang);
  wantedLanguage = connection.send({ type: "lang", lang }) ? null : lang;
}

function reloadOnce() {
  if (sessionStorage.getItem(RELOADED)) return frame.cookiesBlocked();
  sessionStorage.setItem(RELOADED, "1");
  return location.reload();
}

/** Another tab of this browser sent or settled something. */
function followOtherTabs() {
  const kept = new Set(outbox.all().map((message) => message.ref));
  for (const { message } of timeline.entries) if (message && !message.photo && !kept.has(message.ref)) timeline.drop(message.ref);
  outbox.all().forEach((message) => timeline.show(message));
  show();
}

label(document);
fitViewport();
frame.refresh();
disclose(byId("more"), byId("settings"));
disclose(byId("attach"), byId("attach-menu"));
byId("language").addEventListener("click", switchLanguage);
byId("share-place").addEventListener("click", sharePlace);
byId("start").addEventListener("click", () => say({ type: "text", text: t("start_message") }));
byId("retry").addEventListener("click", () => connection.retryNow());
outbox.onChange(followOtherTabs);
outbox.all().forEach((message) => timeline.show(message));
show();
if (matchMedia("(hover: hover) and (pointer: fine)").matches) composer.focus();
connection.start();
