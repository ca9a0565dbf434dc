/** The bot's tiny HTML (<b>, <i>, four entities, newlines) and bare links, turned into safe DOM nodes. */

import { el } from "./dom.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"' };
const TOKENS = /<\/?(?:b|i)>|&(?:amp|lt|gt|quot);|\n/g;

// No look-behind: browsers of phones from before 2023 refuse the whole file over it.
const LINKS = new RegExp(
  [
    String.raw`https:\/\/[^\s<>"]+`,
    String.raw`\b1[89]00[ .]?(?:\d{6}|\d{2}[ .]\d{2}[ .]\d{2}|\d{4})\b`,
    String.raw`(?:\+84|\b0)[235789]\d{8,9}\b`,
    String.raw`\b0\d{2,3}[ .]\d{3,4}[ .]\d{3,4}\b`,
  ].join("|"),
  "g",
);

/** Nodes for tiny HTML; any other markup is shown as the letters it is made of. */
export function rich(source) {
  const root = document.createDocumentFragment();
  const open = [root];
  let text = "";
  const top = () => open[open.length - 1];
  const flush = () => {
    top().append(linked(text));
    text = "";
  };
  let from = 0;
  for (const match of source.matchAll(TOKENS)) {
    text += source.slice(from, match.index);
    from = match.index + match[0].length;
    const token = match[0];
    if (token in ENTITIES) text += ENTITIES[token];
    else if (token === "\n") {
      flush();
      top().append(el("br"));
    } else {
      flush();
      turn(open, token);
    }
  }
  text += source.slice(from);
  flush();
  return root;
}

/** Open or close a tag; a closing tag without its opening one is ignored. */
function turn(open, token) {
  if (!token.startsWith("</")) {
    const node = el(token.slice(1, -1) === "b" ? "strong" : "em");
    open[open.length - 1].append(node);
    open.push(node);
  } else if (open.length > 1) open.pop();
}

/** Nodes for plain words, as the visitor typed them. */
export function plain(text) {
  const root = document.createDocumentFragment();
  text.split("\n").forEach((line, index) => {
    if (index) root.append(el("br"));
    root.append(linked(line));
  });
  return root;
}

/** The words of tiny HTML without its markup. */
export function wordsOf(source) {
  return source.replace(TOKENS, (token) => ENTITIES[token] ?? (token === "\n" ? "\n" : ""));
}

function linked(text) {
  const root = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(LINKS)) {
    const words = match[0].replace(/[.,;:!?)\]]+$/, "");
    root.append(text.slice(from, match.index), link(words));
    from = match.index + words.length;
  }
  root.append(text.slice(from));
  return root;
}

function link(words) {
  if (words.startsWith("https:")) {
    return el("a", { href: words, target: "_blank", rel: "noopener noreferrer", text: words });
  }
  return el("a", { href: `tel:${words.replace(/[ .]/g, "")}`, class: "phone", text: words });
}
