// The list: as high as all its rows, with elements only for those in sight.

const HEIGHT = 72; // of one row, in CSS pixels; browse.css says the same
const SPARE = 6; // rows above and below those in sight
let shown = []; // places of the rows in the list
let current = -1; // place of the row that is open

function drawList() {
  const pane = byId("list");
  const first = Math.max(0, Math.floor(pane.scrollTop / HEIGHT) - SPARE);
  const last = Math.min(shown.length, Math.ceil((pane.scrollTop + pane.clientHeight) / HEIGHT) + SPARE);
  const options = [];
  for (let at = first; at < last; at += 1) options.push(option(ROWS[shown[at]], at));
  byId("rows").style.height = `${shown.length * HEIGHT}px`;
  byId("rows").replaceChildren(...options);
  const open = options.some((element) => element.id === `row-${current}`);
  if (open) pane.setAttribute("aria-activedescendant", `row-${current}`);
  else pane.removeAttribute("aria-activedescendant");
}

function option(row, at) {
  const review = reviewOf(row);
  const labels = [make("span", { class: "dataset" }, row.dataset), make("span", { class: "place" }, row.chapter ? `ch. ${row.chapter}` : "–")];
  if (row.stage) labels.push(make("span", { class: "dropped" }, shortened(row.outcome, 60)));
  if (review) labels.push(make("span", { class: `verdict ${review.verdict}` }, review.verdict));
  const element = make(
    "div",
    {
      id: `row-${row.place}`,
      class: "option",
      role: "option",
      "aria-selected": row.place === current,
      "aria-setsize": shown.length,
      "aria-posinset": at + 1,
    },
    [make("div", { class: "labels" }, labels), preview(row)],
  );
  element.style.transform = `translateY(${at * HEIGHT}px)`;
  return element;
}

// The text of the row that holds the first word that is searched for, from a little before it.
function preview(row) {
  const text = (words.length && row.texts.find((one) => one.toLowerCase().includes(words[0]))) || row.preview;
  const at = words.length ? text.toLowerCase().indexOf(words[0]) : 0;
  const from = at > 24 ? at - 12 : 0;
  const part = (from ? "…" : "") + text.slice(from, from + 160).replace(/\s+/g, " ");
  return prose("div", "preview", part, words);
}

// Scroll only as far as needed to see the open row.
function reveal() {
  const pane = byId("list");
  const at = shown.indexOf(current);
  if (at < 0) return;
  const top = at * HEIGHT;
  if (top < pane.scrollTop) pane.scrollTop = top;
  else if (top + HEIGHT > pane.scrollTop + pane.clientHeight) pane.scrollTop = top + HEIGHT - pane.clientHeight;
}
