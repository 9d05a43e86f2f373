// One row, as a person reads it.

function drawRecord(row) {
  const parts = [heading(row), ...(row.stage ? [whyDropped(row)] : []), ...body(row.record), provenance(row.record)];
  byId("record-body").replaceChildren(...parts);
}

function heading(row) {
  const record = row.record;
  const title = make("h2", {}, `${row.dataset} · ${headingOf(row.chapter)}`);
  const facts = [record.split, record.way, record.angle, record.character, record.scene && `scene ${record.scene}`, row.id];
  return make("header", {}, [title, make("p", { class: "soft", dir: "auto" }, facts.filter(Boolean).map((fact) => shortened(String(fact), 60)).join(" · "))]);
}

function whyDropped(row) {
  const why = make("p", { class: "why" }, [make("strong", {}, `Dropped by ${row.stage}: `), prose("span", "", row.reason, words)]);
  const other = row.by && ROWS.find((one) => one.dataset === row.dataset && one.id === row.by);
  if (row.by) {
    const jump = make("button", { type: "button", class: "link" }, `repeats ${row.by}`);
    jump.disabled = !other;
    jump.addEventListener("click", () => goTo(other.place));
    why.append(" ", jump);
  }
  return why;
}

function body(record) {
  if (record.chosen) return pair(record);
  if (record.messages) return [bubbles(record.messages)];
  if ("question" in record) return question(record);
  if ("summary" in record) return summary(record);
  if ("speaker" in record) return line(record);
  return [prose("div", "text", record.text, words)];
}

function question(record) {
  const wordings = (record.wordings || []).map((text, place, all) => [place < all.length - 2 ? "Also asked" : "Exam", text]);
  return fields([["Question", record.question], ["Answer", record.answer], ["Evidence", record.evidence], ...wordings]);
}

function fields(pairs) {
  const list = make("dl", { class: "fields" });
  for (const [name, text] of pairs) {
    if (text !== null && text !== undefined) list.append(make("dt", {}, name), prose("dd", "", text, words));
  }
  return [list];
}

function summary(record) {
  const aspects = record.aspects.length ? record.aspects : [{ aspect: "summary", text: record.summary }];
  return fields([["title", record.title], ...aspects.map(({ aspect, text }) => [visible(aspect), text])]);
}

function line(record) {
  const message = { role: "line", content: record.text, speaker: record.speaker, spans: [[record.start, record.end]], origin: record.kind };
  const decided = record.decided_by ? `${record.decided_by}, certainty ${record.certainty}` : "nobody";
  return [bubbles([message]), ...fields([["to", record.addressee || "unknown"], ["speaker decided by", decided], ["evidence", record.evidence]])];
}

function pair(record) {
  const side = (name, messages) => make("section", { class: `side ${name}`, "aria-label": name }, [make("h3", {}, name), bubbles(messages)]);
  return [bubbles(record.prompt), make("div", { class: "sides" }, [side("chosen", record.chosen), side("rejected", record.rejected)])];
}

function bubbles(messages) {
  return make("ol", { class: "bubbles" }, messages.map(bubble));
}

function bubble(message) {
  const unnamed = message.role === "line" ? "unknown" : message.origin === "novel" ? "several or unknown" : message.role;
  const labels = [paint(make("span", { class: "who", dir: "auto" }, shortened(message.speaker || unnamed, 60)), message.speaker)];
  for (const label of [message.role, message.origin]) {
    if (!["line", "novel", message.speaker ? "" : unnamed].includes(label)) labels.push(make("span", { class: "soft" }, label));
  }
  for (const [start] of message.spans.slice(0, 1)) {
    const jump = make("button", { type: "button", class: "link", title: "Show in the passage" }, `at ${number(start)}`);
    jump.addEventListener("click", () => showSpan(start));
    labels.push(jump);
  }
  const said = prose("div", "said", message.content, words);
  return make("li", { class: `bubble ${message.role}` }, [make("div", { class: "by" }, labels), paint(said, message.speaker)]);
}

function provenance(record) {
  const from = record.provenance;
  const spans = (from.spans || []).map(([start, end]) => `${start}–${end}`).join(", ");
  const facts = [["chapter id", from.chapter_id], ["spans", spans], ["prompt", from.prompt], ["model", from.model], ["reply", from.reply_id], ["written by", from.written_by]];
  const known = facts.filter(([, value]) => value);
  return make("details", {}, [make("summary", {}, "Where it came from"), ...fields(known.length ? known : [["", "not recorded"]])]);
}
