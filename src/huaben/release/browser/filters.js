// What is shown of the rows: words that all stand in a row, and one choice a field.

const FIELDS = {
  dataset: (value) => (row) => row.dataset === value,
  chapter: (value) => (row) => row.chapter === Number(value),
  speaker: (value) => (row) => row.speakers.includes(value),
  reason: reasonIs,
  gate: gateIs,
  review: reviewIs,
};
const CHOICES = {}; // by field: the values behind the options, since a value may be any text
let words = [];

function reasonIs(value) {
  if (value === "kept") return (row) => !row.stage;
  if (value === "dropped") return (row) => row.stage !== null;
  return (row) => row.outcome === value;
}

function gateIs(value) {
  const gate = DATA.gates.find((one) => one.name === value);
  const ids = gate.ids && new Set(gate.ids);
  return (row) => (gate.dataset === "all" || row.dataset === gate.dataset) && (!ids || (!row.stage && ids.has(row.id)));
}

function reviewIs(value) {
  if (value === "none") return (row) => row.id !== null && !reviewOf(row);
  return (row) => (reviewOf(row) || {}).verdict === value;
}

const chosen = (field) => CHOICES[field][byId(field).selectedIndex];

// The places of the rows that pass everything, in order.
function filtered() {
  words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const tests = Object.entries(FIELDS)
    .filter(([field]) => chosen(field) !== null)
    .map(([field, test]) => test(chosen(field)));
  const found = [];
  for (const row of ROWS) {
    if (tests.every((test) => test(row)) && words.every((word) => row.index.includes(word))) found.push(row.place);
  }
  return found;
}

function fillFilters() {
  const gates = [...DATA.gates].sort((a, b) => a.passed - b.passed);
  fill("dataset", counted((row) => [row.dataset]));
  fill("chapter", counted((row) => [row.chapter]).sort((a, b) => a[0] - b[0]), headingOf);
  fill("speaker", [...SPEAKERS].map(([name, { count }]) => [name, count]));
  fill("reason", counted((row) => (row.stage ? ["dropped", row.outcome] : ["kept"])));
  fill("gate", gates.map((gate) => [gate.name, gate.passed ? "passed" : "failed"]));
  fill("review", [["none", null], ["good", null], ["bad", null]], (value) => (value === "none" ? "not yet" : value));
}

function counted(valuesOf) {
  const counts = new Map();
  for (const row of ROWS) {
    for (const value of valuesOf(row)) counts.set(value, (counts.get(value) || 0) + 1);
  }
  return [...counts];
}

function fill(field, choices, label) {
  CHOICES[field] = [null, ...choices.map(([value]) => value)];
  const options = choices.map(([value, count]) => {
    const shown = shortened(String(label ? label(value) : value), 48);
    return make("option", {}, count === null ? shown : `${shown} (${typeof count === "number" ? number(count) : count})`);
  });
  byId(field).replaceChildren(make("option", {}, "any"), ...options);
}

function choose(field, value) {
  byId(field).selectedIndex = Math.max(0, CHOICES[field].indexOf(value));
}

function clearFilters() {
  for (const field of Object.keys(FIELDS)) choose(field, null);
  byId("search").value = "";
}

// What there is to say of the chosen gate.
function describeGate() {
  const gate = DATA.gates.find((one) => one.name === chosen("gate"));
  byId("gate-note").hidden = !gate;
  if (!gate) return;
  const rows = gate.ids ? "These rows break it." : "It names no rows: all rows of its dataset are shown.";
  const verdict = `${gate.passed ? "Passed" : "Failed"} (${gate.severity}): observed ${gate.observed}, limit ${gate.limit}.`;
  byId("gate-note").textContent = visible(gate.passed ? verdict : `${verdict} ${rows}`);
}
