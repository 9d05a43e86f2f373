"use strict";
// Text in the page: every text is data, and reaches the page by textContent only.

const INVISIBLE = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const byId = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");

// Name the characters that change how a text looks without being seen, as the report does.
function visible(text) {
  return text.replace(INVISIBLE, nameOf);
}

function nameOf(character) {
  return `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

// One line of at most so many characters, for places that have no more room.
function shortened(text, length) {
  const line = visible(text.slice(0, length * 4).replace(/\s+/g, " ").trim());
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

// Make an element; `content` is a text or a list of nodes and texts.
function make(tag, attributes, content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  if (content !== undefined) element.append(...[content].flat());
  return element;
}

// A text of the novel or of a model: in its own direction, its hits marked, its invisible characters named.
function prose(tag, className, text, words) {
  const element = make(tag, { class: className, dir: "auto", lang: DATA.language });
  appendText(element, text, words);
  return element;
}

function appendText(parent, text, words) {
  let from = 0;
  for (const [start, end] of hits(text, words || [])) {
    appendVisible(parent, text.slice(from, start));
    const mark = make("mark", { class: "hit" });
    appendVisible(mark, text.slice(start, end));
    parent.append(mark);
    from = end;
  }
  appendVisible(parent, text.slice(from));
}

function appendVisible(parent, text) {
  let from = 0;
  for (const found of text.matchAll(INVISIBLE)) {
    parent.append(text.slice(from, found.index), make("span", { class: "named" }, nameOf(found[0])));
    from = found.index + found[0].length;
  }
  parent.append(text.slice(from));
}

// Where the words stand in a text, in order and without overlap.
function hits(text, words) {
  const lower = text.toLowerCase();
  if (lower.length !== text.length) return []; // a few letters grow when they are made small: places would be off
  const found = [];
  for (const word of words) {
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length)) {
      found.push([at, at + word.length]);
    }
  }
  found.sort((a, b) => a[0] - b[0]);
  let end = 0;
  return found.filter((hit) => {
    const isFree = hit[0] >= end;
    if (isFree) end = hit[1];
    return isFree;
  });
}
