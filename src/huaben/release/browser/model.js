// The rows as the page needs them, each with a text to search in, made once.

const DATA = JSON.parse(byId("data").textContent);
byId("data").remove();
const CHAPTERS = new Map(DATA.chapters.map((chapter) => [chapter.index, chapter]));
const REVIEWS = new Map(DATA.reviews.map((review) => [`${review.dataset} ${review.record_id}`, review]));
const ROWS = DATA.rows.map(prepare);
const SPEAKERS = countSpeakers();

function prepare(row, place) {
  const record = row.record;
  const texts = textsOf(record);
  const speakers = [...new Set(speakersOf(record))];
  const found = [...texts, ...speakers, record.record_id || "", record.angle || "", row.reason || ""];
  return {
    ...row,
    place,
    speakers,
    id: record.record_id || null,
    chapter: record.provenance.chapter,
    outcome: row.stage ? `${row.stage}: ${row.reason}` : null,
    preview: texts[0] || "",
    texts,
    index: found.join("\n").toLowerCase(),
  };
}

function messagesOf(record) {
  return record.messages || [...(record.prompt || []), ...(record.chosen || []), ...(record.rejected || [])];
}

function textsOf(record) {
  if ("question" in record) return [record.question, record.answer, record.evidence || "", ...(record.wordings || [])];
  if ("summary" in record) return [record.title, record.summary];
  if ("text" in record) return [record.text];
  return messagesOf(record).map((message) => message.content);
}

function speakersOf(record) {
  if ("speaker" in record) return record.speaker ? [record.speaker] : [];
  return messagesOf(record).map((message) => message.speaker).filter(Boolean);
}

// Every speaker, those with the most rows first, with a hue each: steps of the golden angle keep neighbours apart.
function countSpeakers() {
  const counts = new Map();
  for (const row of ROWS) {
    for (const name of row.speakers) counts.set(name, (counts.get(name) || 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return new Map(sorted.map(([name, count], place) => [name, { count, hue: Math.round(210 + place * 137.508) % 360 }]));
}

function paint(element, speaker) {
  const known = speaker && SPEAKERS.get(speaker);
  element.classList.add(known ? "known" : "unknown");
  if (known) element.style.setProperty("--hue", known.hue);
  return element;
}

const reviewOf = (row) => (row.id ? REVIEWS.get(`${row.dataset} ${row.id}`) : undefined);

function headingOf(chapter) {
  const found = CHAPTERS.get(chapter);
  if (found) return `${chapter} · ${shortened(found.heading, 80) || "(no heading)"}`;
  return chapter ? `chapter ${chapter}` : "not from the novel";
}
