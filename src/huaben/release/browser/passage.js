// The chapter of the open row: each line in its speaker's colour, the row's own spans framed.

const WHOLE = 40000; // characters; of a longer chapter only the surroundings of the row are drawn at first
const AROUND = 12000;
const painted = new Map(); // by chapter: its characters, its lines, and the line of each character
const LINES = linesByChapter();

function linesByChapter() {
  const lines = new Map();
  for (const row of ROWS) {
    if (row.dataset !== "lines") continue;
    if (!lines.has(row.chapter)) lines.set(row.chapter, []);
    lines.get(row.chapter).push(row);
  }
  return lines;
}

// Offsets count characters, JavaScript counts halves of some: those chapters are cut up once.
function prepareChapter(index) {
  if (!painted.has(index)) {
    const text = CHAPTERS.get(index).text;
    const characters = /[\ud800-\udbff]/.test(text) ? Array.from(text) : text;
    const lines = [...(LINES.get(index) || [])].sort((a, b) => a.record.depth - b.record.depth);
    const owner = new Int32Array(characters.length).fill(-1);
    lines.forEach(({ record }, place) => {
      if (record.speaker || !record.depth) owner.fill(place, record.start, record.end); // a title inside a speech is part of it
    });
    painted.set(index, { characters, lines, owner });
  }
  return painted.get(index);
}

const cut = (characters, start, end) => (typeof characters === "string" ? characters.slice(start, end) : characters.slice(start, end).join(""));

function drawPassage(row, whole) {
  if (!CHAPTERS.has(row.chapter)) return drawNothing(row.chapter ? "This chapter is not at hand." : "This row does not come from the novel.");
  const chapter = prepareChapter(row.chapter);
  const spans = row.record.provenance.spans || [];
  const [start, end] = extent(chapter.characters, spans, whole);
  const own = new Uint8Array(chapter.characters.length);
  for (const [from, to] of spans) own.fill(1, from, to);
  byId("passage-title").textContent = headingOf(row.chapter);
  const parts = paragraphs(chapter, own, start, end);
  if (start > 0) parts.unshift(more(row, start, "before"));
  if (end < chapter.characters.length) parts.push(more(row, chapter.characters.length - end, "after"));
  byId("passage-text").replaceChildren(...parts);
  drawLegend(chapter);
  showSpan(spans.length ? spans[0][0] : start, true);
}

function drawNothing(why) {
  byId("passage-title").textContent = "No passage";
  byId("passage-text").replaceChildren(make("p", { class: "soft" }, why));
  byId("legend").replaceChildren();
}

function extent(characters, spans, whole) {
  if (whole || characters.length <= WHOLE) return [0, characters.length];
  const middle = spans.length ? spans[0][0] : 0;
  return [Math.max(0, middle - AROUND), Math.min(characters.length, middle + AROUND)];
}

function more(row, count, where) {
  const button = make("button", { type: "button", class: "link" }, `${number(count)} characters ${where}: show the whole chapter`);
  button.addEventListener("click", () => drawPassage(row, true));
  return make("p", {}, button);
}

function paragraphs(chapter, own, start, end) {
  const parts = [];
  let paragraph = null;
  for (let from = start, to; from < end; from = to) {
    to = from + 1;
    if (chapter.characters[from] === "\n") {
      paragraph = null;
      continue;
    }
    while (to < end && chapter.owner[to] === chapter.owner[from] && own[to] === own[from] && chapter.characters[to] !== "\n") to += 1;
    if (!paragraph) parts.push((paragraph = make("p", { dir: "auto" })));
    paragraph.append(piece(chapter, from, to, own[from]));
  }
  return parts;
}

function piece(chapter, from, to, isOwn) {
  const line = chapter.lines[chapter.owner[from]];
  const element = make(line ? "mark" : "span", { "data-start": from, "data-end": to, class: isOwn ? "own" : null });
  appendVisible(element, cut(chapter.characters, from, to));
  if (!line) return element;
  const { speaker, addressee } = line.record;
  element.title = shortened(speaker || "unknown", 60) + (addressee ? ` → ${shortened(addressee, 60)}` : "");
  element.addEventListener("click", () => goTo(line.place));
  return paint(element, speaker);
}

// Who speaks in the chapter, most lines first; a press shows only what this speaker says.
function drawLegend(chapter) {
  const counts = new Map();
  for (const { record } of chapter.lines) counts.set(record.speaker, (counts.get(record.speaker) || 0) + 1);
  const entries = [...counts].sort((a, b) => b[1] - a[1]).map(([speaker, count]) => {
    const chip = make("button", { type: "button", class: "chip", dir: "auto" }, `${shortened(speaker || "unknown", 24)} ${count}`);
    chip.disabled = !speaker;
    chip.addEventListener("click", () => {
      choose("speaker", speaker);
      applyFilters();
    });
    return make("li", {}, paint(chip, speaker));
  });
  byId("legend").replaceChildren(...entries);
}

function showSpan(start, quietly) {
  const pieces = [...byId("passage-text").querySelectorAll("[data-start]")];
  const found = pieces.find((one) => Number(one.dataset.start) <= start && start < Number(one.dataset.end));
  if (!quietly) showPane("passage");
  const pane = byId("passage-scroll");
  if (found) pane.scrollTop += found.getBoundingClientRect().top - pane.getBoundingClientRect().top - pane.clientHeight / 3;
}
