// What a person says of a row: kept by the server that sent the page, or taken along as a file.

let unsaved = 0; // reviews that are in this page only
let queue = Promise.resolve(); // one after the other, so that the last word on a row is the last to be written

function drawReview(row) {
  const review = reviewOf(row);
  for (const verdict of ["good", "bad"]) {
    byId(`mark-${verdict}`).setAttribute("aria-pressed", Boolean(review && review.verdict === verdict));
    byId(`mark-${verdict}`).disabled = !row.id;
  }
  byId("mark-none").disabled = !review;
  byId("note").value = review ? review.note : "";
  byId("note").disabled = !row.id;
  byId("review-status").textContent = row.id ? "" : "A reply that was refused before it became a row cannot be marked.";
}

// Mark the open row; the same mark again takes it back.
function mark(verdict) {
  const row = ROWS[current];
  if (!row || !row.id) return;
  const before = reviewOf(row);
  const same = before && before.verdict === verdict && before.note === byId("note").value;
  setReview(row, same ? null : verdict, byId("note").value);
}

function noteChanged() {
  const row = ROWS[current];
  const review = row && reviewOf(row);
  if (review && review.note !== byId("note").value) setReview(row, review.verdict, byId("note").value);
  else if (row && !review && byId("note").value) byId("review-status").textContent = "Now mark it good or bad; a note alone is not kept.";
}

function setReview(row, verdict, note) {
  const review = { dataset: row.dataset, record_id: row.id, verdict, note: verdict ? note.toWellFormed() : "" };
  if (verdict) REVIEWS.set(`${row.dataset} ${row.id}`, review);
  else REVIEWS.delete(`${row.dataset} ${row.id}`);
  unsaved += 1;
  drawReview(row);
  drawList();
  if (DATA.saves) queue = queue.then(() => send(review));
  else say("Marked here only: download reviews.jsonl before you leave.");
}

async function send(review) {
  try {
    const response = await fetch("reviews", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(review),
    });
    if (!response.ok) throw new Error(await response.text());
    unsaved -= 1;
    say(unsaved ? "" : "Saved in reviews.jsonl.");
  } catch (error) {
    say(`Not saved (${error.message}). Download reviews.jsonl, or mark again once the server is back.`, true);
  }
}

function say(text, isTrouble) {
  byId("review-status").textContent = visible(text);
  byId("review-status").classList.toggle("trouble", Boolean(isTrouble));
}

// The same bytes as the server writes: one object a line, sorted.
function reviewsFile() {
  const keys = [...REVIEWS.keys()].sort();
  const line = ({ dataset, record_id, verdict, note }) => `${JSON.stringify({ dataset, record_id, verdict, note })}\n`;
  return keys.map((key) => line(REVIEWS.get(key))).join("");
}

function download() {
  const place = URL.createObjectURL(new Blob([reviewsFile()], { type: "application/x-ndjson" }));
  const link = make("a", { href: place, download: "reviews.jsonl" });
  document.body.append(link);
  link.click();
  link.remove();
  unsaved = 0;
}
