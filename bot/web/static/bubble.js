/** One row of the conversation: a bubble with what hangs on it (buttons, a question for a phone number or a place). */

import { el, icon, spoken } from "./dom.js";
import { languageOf, t } from "./i18n.js";
import { plain, rich, wordsOf } from "./markup.js";
import { clock, fullTime } from "./times.js";

/**
 * A row for a stored item. `act` has `press(item, button)`, `contact(item, phone)`, `place(item)` and
 * `enlarge(image)`; `act.localPhoto(key)` gives the picture we uploaded ourselves, so that it does not load again.
 */
export function itemRow(item, act) {
  const extras = [quickReplies(item, act), ask(item, act)];
  const words = wordsOf(item.text);
  const bubble = el(
    "div",
    { class: "bubble" },
    item.from !== "me" && avatar(item.from),
    item.push && el("p", { class: "push-label" }, icon("bell"), t("push_label")),
    item.image && picture(item.image, act.localPhoto(item.key), act),
    words && el("div", { class: "text", lang: languageOf(words) }, rich(item.text)),
    meta(item.at, item.from === "me" && "sent"),
  );
  return row({ "data-key": item.key, "data-from": item.from, "data-push": item.push && "true" }, bubble, ...extras);
}

/** A row for a message the server has not confirmed. `act` has `edit`, `resend`, `discard`, each of a message. */
export function messageRow(message, act) {
  const bubble = el(
    "div",
    { class: "bubble" },
    message.photo && attached(message.photo, act),
    message.photo && message.state === "waiting" && progressBar(),
    !message.photo && el("div", { class: "text" }, messageWords(message.wire)),
    meta(message.at, message.state),
  );
  const refusal = message.state === "refused" && refused(message, act);
  return row({ "data-ref": message.ref, "data-from": "me", "data-state": message.state }, bubble, refusal);
}

function row(attributes, ...content) {
  const from = attributes["data-from"];
  return el(
    "div",
    // What the visitor wrote need not be read back to them.
    { class: "row", ...attributes, "aria-live": from === "me" && "off" },
    el("div", { class: "stack" }, el("p", { class: "sender", text: t(`from_${from}`) }), ...content),
  );
}

function avatar(from) {
  return el("span", { class: "avatar", "aria-hidden": "true" }, icon(from === "staff" ? "person" : "lamp"));
}

function meta(at, status) {
  const time = el("time", { datetime: at, title: fullTime(at), text: clock(at) });
  return el("span", { class: "meta" }, time, status && statusMark(status));
}

const MARKS = { waiting: "clock", sent: "tick", refused: "alert" };

function statusMark(status) {
  return el("span", { class: `status ${status}`, title: t(`status_${status}`) }, icon(MARKS[status]), spoken(t(`status_${status}`)));
}

function picture(image, local, act) {
  // A picture of ours says its size, so that nothing jumps when it comes; it is to be read, so it is shown whole.
  const { width, height } = image;
  const img = el("img", { src: local ?? image.url, alt: image.alt, decoding: "async", width, height });
  const open = () => act.enlarge({ url: img.src, alt: image.alt, toRead: Boolean(width) });
  return el("button", { class: width ? "picture drawn" : "picture", type: "button", title: t("photo_open"), onclick: open }, img);
}

/** What the visitor sends from here: their photo itself, or another file's name. */
function attached({ url, name }, act) {
  if (url) return picture({ url, alt: t("photo_mine") }, null, act);
  return el("div", { class: "text" }, el("span", { class: "file", title: t("pdf_mine") }, icon("attach"), name));
}

function progressBar() {
  return el("progress", { max: "1", value: "0", "aria-label": t("photo_progress") });
}

function messageWords(wire) {
  if (wire.type === "press") return plain(wire.label);
  if (wire.type === "contact") return plain(wire.phone);
  if (wire.type === "place") return el("span", { class: "place" }, icon("pin"), t("place_mine"));
  return plain(wire.text);
}

function quickReplies(item, act) {
  if (!item.buttons?.length) return null;
  const buttons = item.buttons.map((button) =>
    el(
      "button",
      { class: "quick-reply", type: "button", "data-value": button.value, onclick: () => act.press(item, button) },
      el("span", { lang: languageOf(button.label), text: button.label }),
    ),
  );
  return el("div", { class: "quick-replies", role: "group", "aria-label": t("choices") }, ...buttons);
}

function ask(item, act) {
  if (item.ask === "contact") return contactForm(item, act);
  if (item.ask !== "place") return null;
  const share = el("button", { class: "action", type: "button", onclick: () => act.place(item) }, icon("pin"), t("share_place"));
  return el("div", { class: "ask" }, share);
}

const PHONE = /^(?:\+?84|0)[235789]\d{8,9}$/;

function contactForm(item, act) {
  const problem = el("p", { class: "problem", role: "alert", id: `problem-${item.key}` });
  const input = el("input", {
    type: "tel",
    autocomplete: "tel",
    enterkeyhint: "send",
    "aria-label": t("contact_label"),
    "aria-describedby": problem.id,
    placeholder: t("contact_placeholder"),
  });
  const submit = (event) => {
    event.preventDefault();
    const phone = input.value.replace(/[\s.\-()]/g, "");
    const right = PHONE.test(phone);
    problem.textContent = right ? "" : t("contact_invalid");
    input.setAttribute("aria-invalid", String(!right));
    if (right) act.contact(item, phone);
    else input.focus();
  };
  const send = el("button", { class: "action", type: "submit", text: t("contact_send") });
  return el("form", { class: "ask contact", novalidate: true, onsubmit: submit }, input, send, problem);
}

function refused(message, act) {
  const choice = (key, action) => el("button", { class: "small", type: "button", onclick: () => action(message) }, t(key));
  return el(
    "div",
    { class: "refusal", role: "alert" },
    el("p", {}, icon("alert"), message.why),
    el(
      "div",
      { class: "choices" },
      message.wire?.type === "text" && choice("edit", act.edit),
      choice("resend", act.resend),
      choice("discard", act.discard),
    ),
  );
}
