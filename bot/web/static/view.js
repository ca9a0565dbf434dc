/** Keeps the page's rows in step with the timeline, touching only what changed. */

import { itemRow, messageRow } from "./bubble.js";
import { el } from "./dom.js";
import { language, t } from "./i18n.js";
import { wordsOf } from "./markup.js";
import { day, dayName } from "./times.js";

const GROUP_WITHIN = 3 * 60 * 1000;

export class View {
  #log;
  #act;
  #rows = new Map(); // entry id → {signature, node}
  #days = new Map(); // "2026-11-23" → section

  constructor(log, act) {
    this.#log = log;
    this.#act = act;
  }

  /** Show `entries`. `live`: new rows slide in and are read aloud; otherwise they are simply there. */
  render(entries, { live = false } = {}) {
    this.#log.setAttribute("aria-live", live ? "polite" : "off");
    const facts = entries.map(factsOf);
    const sections = new Map(); // section → its rows
    facts.forEach((fact, index) => {
      const node = this.#row(fact.entry, live);
      decorate(node, fact, facts[index - 1], facts[index + 1]);
      const section = this.#section(fact);
      sections.set(section, [...(sections.get(section) ?? [section.firstChild]), node]);
    });
    markChoices(facts, (fact) => this.#rows.get(fact.entry.id).node);
    this.#forget(entries);
    arrange(this.#log, [...sections.keys()]);
    for (const [section, nodes] of sections) arrange(section, nodes);
  }

  /** How far an upload is, 0…1. */
  progress(ref, fraction) {
    const bar = this.#rows.get(`message:${ref}`)?.node.querySelector("progress");
    if (bar) bar.value = fraction;
  }

  #row(entry, live) {
    const signature = JSON.stringify([entry, language()]);
    const known = this.#rows.get(entry.id);
    if (known?.signature === signature) return known.node;
    const node = entry.item ? itemRow(entry.item, this.#act) : messageRow(entry.message, this.#act);
    // A confirmed message takes the place of its clocked twin, it does not arrive a second time.
    const confirmed = entry.item?.from === "me";
    if (live && !known && !confirmed) node.classList.add("arriving");
    this.#rows.set(entry.id, { signature, node });
    return node;
  }

  /** One day's rows under its name; a section each, so that only one name sticks to the top. */
  #section({ day: which, at }) {
    if (!this.#days.has(which)) {
      this.#days.set(which, el("div", { class: "day", "data-day": which }, el("p", { class: "day-name" }, el("span"))));
    }
    const section = this.#days.get(which);
    const label = section.firstChild.firstChild;
    const name = dayName(at);
    if (label.textContent !== name) label.textContent = name;
    return section;
  }

  #forget(entries) {
    const ids = new Set(entries.map((entry) => entry.id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
  }
}

function factsOf(entry) {
  const at = entry.item?.at ?? entry.message.at;
  const from = entry.item?.from ?? "me";
  return { entry, at, from, day: day(at), push: Boolean(entry.item?.push) };
}

/** Bubbles of one sender within a few minutes belong together: one name above, one tail and time below. */
function decorate(node, fact, before, after) {
  node.classList.toggle("first", !together(before, fact));
  node.classList.toggle("last", !together(fact, after));
}

function together(one, other) {
  if (!one || !other || one.from !== other.from || one.day !== other.day) return false;
  return !one.push && !other.push && Date.parse(other.at) - Date.parse(one.at) < GROUP_WITHIN;
}

/** Buttons and questions after the visitor's last word are current; earlier ones fade and show what was chosen. */
function markChoices(facts, nodeOf) {
  let answer = null;
  for (const fact of [...facts].reverse()) {
    if (fact.from === "me") answer = said(fact.entry);
    else markOffer(nodeOf(fact), answer);
  }
}

function markOffer(node, answer) {
  const current = answer === null;
  const group = node.querySelector(".quick-replies");
  node.classList.toggle("past", !current);
  node.querySelector(".ask")?.toggleAttribute("hidden", !current);
  group?.setAttribute("aria-label", t(current ? "choices" : "choices_past"));
  for (const button of group?.children ?? []) {
    const chosen = button.textContent === answer;
    button.classList.toggle("chosen", chosen);
    if (chosen) button.setAttribute("aria-description", t("chosen"));
    else button.removeAttribute("aria-description");
  }
}

function said({ item, message }) {
  if (item) return wordsOf(item.text);
  return message.wire?.label ?? message.wire?.text ?? "";
}

/** Make `nodes` the children of `parent`; what stays is not moved, so focus and screen readers stay with it. */
function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let place = parent.firstChild;
  for (const node of nodes) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
}
