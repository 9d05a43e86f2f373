// What a person does: filter, move, open, mark.

const KEYS = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  PageDown: () => move(10),
  PageUp: () => move(-10),
  Home: () => move(-Infinity),
  End: () => move(Infinity),
  Enter: () => showPane("record"),
  "/": () => focusSearch(),
  g: () => mark("good"),
  b: () => mark("bad"),
  n: () => focusNote(),
  x: () => resetFilters(),
  "?": () => byId("help").showModal(),
};
let moving = 0;

function applyFilters() {
  const began = performance.now();
  shown = filtered();
  byId("count").textContent = `${shown.length < ROWS.length ? `${number(shown.length)} of ` : ""}${number(ROWS.length)} rows`;
  byId("none").hidden = shown.length > 0;
  describeGate();
  byId("list").scrollTop = 0;
  if (!shown.includes(current) && shown.length) openRow(shown[0]);
  reveal();
  drawList();
  performance.measure("filter", { start: began, end: performance.now() });
}

function openRow(place) {
  current = place;
  const row = ROWS[place];
  drawReview(row);
  drawRecord(row);
  byId("record-body").scrollTop = 0;
  drawPassage(row, false);
}

function move(step) {
  if (!shown.length) return;
  const at = shown.indexOf(current);
  select(shown[Math.min(shown.length - 1, Math.max(0, at + step))]);
}

function select(place) {
  openRow(place);
  reveal();
  drawList();
}

// Open a row that the filters may hide.
function goTo(place) {
  if (!shown.includes(place)) {
    clearFilters();
    choose("dataset", ROWS[place].dataset);
    current = place;
    applyFilters();
  }
  select(place);
}

function resetFilters() {
  clearFilters();
  applyFilters();
}

function showPane(name) {
  document.body.dataset.pane = name;
  for (const tab of document.querySelectorAll("#panes button")) tab.setAttribute("aria-pressed", tab.dataset.pane === name);
  drawList(); // a list that was out of sight had no height
}

function focusSearch() {
  showPane("list");
  byId("search").focus();
  byId("search").select();
}

function focusNote() {
  showPane("record");
  byId("note").focus();
}

function pressed(event) {
  const isTyping = event.target.matches("input, textarea, select");
  if (isTyping && event.key === "Escape") byId("list").focus();
  if (isTyping && event.target.id === "search" && event.key === "Enter") byId("list").focus();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.key === "Enter" && event.target.closest("button, summary")) return;
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function start() {
  fillFilters();
  byId("search").addEventListener("input", applyFilters);
  for (const field of Object.keys(FIELDS)) byId(field).addEventListener("change", applyFilters);
  byId("clear").addEventListener("click", resetFilters);
  byId("list").addEventListener("scroll", () => {
    cancelAnimationFrame(moving);
    moving = requestAnimationFrame(drawList);
  });
  byId("rows").addEventListener("click", (event) => {
    const option = event.target.closest(".option");
    if (!option) return;
    select(Number(option.id.slice(4)));
    showPane("record");
  });
  for (const tab of document.querySelectorAll("#panes button")) tab.addEventListener("click", () => showPane(tab.dataset.pane));
  for (const verdict of ["good", "bad"]) byId(`mark-${verdict}`).addEventListener("click", () => mark(verdict));
  byId("mark-none").addEventListener("click", () => setReview(ROWS[current], null, ""));
  byId("note").addEventListener("change", noteChanged);
  byId("download").addEventListener("click", download);
  byId("show-help").addEventListener("click", () => byId("help").showModal());
  document.addEventListener("keydown", pressed);
  window.addEventListener("resize", drawList);
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  if (window.matchMedia("(max-width: 60rem)").matches) byId("filters").open = false;
  document.body.classList.remove("loading");
  showPane("list");
  applyFilters();
}

start();
