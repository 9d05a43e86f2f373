"""Planted defects, each with the gates that it must fail and no other may.

A defect of a row or of a dataset is `(what, dataset, change of its rows, failed gates)`; one between the
stages is `(what, change of the files under data/, failed gates of qa_v1)`.
"""

import json

import gate_world
from huaben.gates.conservation import check_conservation
from huaben.gates.crossrecord import check_records
from huaben.gates.tables import load_novel, load_table
from huaben.gates.validate import check_one, check_table

HERO, OTHER = gate_world.HERO, gate_world.OTHER


def failed_on_disk(dataset, root, with_suite=True):
    """Return the names of the dataset's failed gates, without its own name."""
    params = gate_world.make_params()
    tables = {name: load_table(root / f"data/dedupe/{name}.jsonl", name) for name in (dataset, "lines")}
    novel = load_novel(root / "data/chapters/chapters.jsonl", params)
    if with_suite:
        gates = check_one(dataset, tables, novel, gate_world.refined(root), gate_world.SCHEMAS, params)
    else:
        gates = [
            *check_table(tables[dataset], gate_world.SCHEMAS),
            *check_records(tables[dataset], tables, novel, params),
            *check_conservation(tables[dataset], gate_world.refined(root)),
        ]
    return {gate.key.removeprefix(f"{dataset}.") for gate in gates if not gate.passed}


# --- what one row can be wrong about -------------------------------------------------------------------------


def last(rows, **values):
    rows[-1].update(values)


def reply(rows, text):
    """Put `text` in the place of the first reply, where the chapter has it, too."""
    rows[0]["messages"][1]["content"] = text


def shortened(message, size):
    start = message["spans"][0][0]
    message.update(content=message["content"][:size], spans=[[start, start + size]])


def summed_up(row, text):
    row["aspects"][0]["text"] = text
    row["summary"] = "\n".join(aspect["text"] for aspect in row["aspects"])


def greeted(row, content, place=0):
    row["messages"][place] = {
        "role": "user",
        "content": content,
        "speaker": None,
        "spans": [],
        "origin": "greeting",
    }


def two_spans(piece):
    end = piece["provenance"]["spans"][0][1]
    piece["provenance"]["spans"] = [[0, 5], [5, end]]


def cut_evidence(row):
    row["evidence"] = None


ROW_DEFECTS = [
    ("a row without its speaker key", "lines", lambda r: r[0].pop("speaker"), {"schema.record"}),
    ("a row with a key more", "qa_v1", lambda r: last(r, note="x"), {"schema.record"}),
    ("a number written as text", "lines", lambda r: last(r, start=str(r[-1]["start"])), {"schema.record"}),
    ("a certainty of two", "lines", lambda r: last(r, certainty=2.0), {"schema.record"}),
    ("a conversation without messages", "dialogue", lambda r: last(r, messages=[]), {"schema.record"}),
    ("an unknown split", "pretrain", lambda r: last(r, split="dev"), {"schema.record"}),
    ("an id twice", "qa_v2", lambda r: last(r, record_id=r[0]["record_id"]), {"schema.record_id"}),
    ("an id of eight digits", "qa_v2", lambda r: last(r, record_id="0123abcd"), {"schema.record_id"}),
    ("an id with a line feed", "qa_v2", lambda r: last(r, record_id="0123456789abcdef\n"), {"schema.record_id"}),
    ("an id that is a word", "lines", lambda r: last(r, record_id="line-0001"), {"schema.record_id"}),
    ("a speaker nobody decided", "lines", lambda r: last(r, decided_by=None), {"schema.unexplained_speaker"}),
    ("a quotation nested without end", "lines", lambda r: last(r, depth=9), {"schema.depth"}),
    (
        "a span one character too long",
        "lines",
        lambda r: last(r, end=r[-1]["end"] + 1),
        {"schema.span_gap", "crossrecord.verbatim"},
    ),
    (
        "a quotation of nothing",
        "lines",
        lambda r: last(r, text="", end=r[-1]["start"]),
        {"schema.characters", "crossrecord.verbatim"},
    ),
    (
        "a reply of five letters",
        "dialogue",
        lambda r: shortened(r[0]["messages"][1], 6),
        {"schema.min_reply_characters"},
    ),
    ("two messages of one side", "dialogue", lambda r: r[0]["messages"].pop(1), {"schema.roles"}),
    ("the other has the last word", "dialogue", lambda r: r[0]["messages"].pop(), {"schema.roles"}),
    ("the character opens", "dialogue", lambda r: r[0]["messages"].pop(0), {"schema.roles"}),
    (
        "nobody answers",
        "dialogue_raw",
        lambda r: last(r, messages=r[-1]["messages"][:1]),
        {"schema.roles", "schema.reply_characters"},
    ),
    (
        "a single message",
        "dialogue",
        lambda r: last(r, messages=r[-1]["messages"][:1]),
        {"schema.n_messages", "schema.roles", "schema.min_reply_characters", "schema.reply_characters"},
    ),
    ("a message of blanks", "dialogue", lambda r: greeted(r[0], "　 "), {"schema.empty_messages"}),
    ("a greeting in the middle", "dialogue", lambda r: greeted(r[0], "更生", 2), {"schema.misplaced_greetings"}),
    (
        "a reply that a model wrote",
        "dialogue",
        lambda r: r[0]["messages"][1].update(origin="reply"),
        {"schema.origins"},
    ),
    (
        "a greeting in the raw dialogue",
        "dialogue_raw",
        lambda r: greeted(r[0], "更生"),
        {"schema.origins"},
    ),
    (
        "a reply under another's name",
        "dialogue",
        lambda r: r[0]["messages"][1].update(speaker=OTHER),
        {"schema.wrong_speakers"},
    ),
    (
        "a conversation of nobody",
        "dialogue",
        lambda r: last(r, character=""),
        {"schema.character", "schema.wrong_speakers", "crossrecord.speakers"},
    ),
    ("a reply nobody stored", "summary_v1", lambda r: r[0]["provenance"].update(reply_id=None), {"schema.has_reply"}),
    ("a prompt nobody named", "qa_v2", lambda r: r[0]["provenance"].update(prompt=None), {"schema.has_reply"}),
    ("a side that says nothing", "summary_v2", lambda r: summed_up(r[0], "……"), {"schema.empty_aspects"}),
    ("a side twice", "summary_v2", lambda r: r[0]["aspects"][1].update(aspect="plot"), {"schema.repeated_aspects"}),
    (
        "a summary that is not its sides",
        "summary_v2",
        lambda r: last(r, summary=r[-1]["summary"] + "。"),
        {"schema.is_its_aspects"},
    ),
    (
        "a single side",
        "summary_v2",
        lambda r: last(r, aspects=r[-1]["aspects"][:1], summary=r[-1]["aspects"][0]["text"]),
        {"schema.n_aspects"},
    ),
    ("a question of marks", "qa_v1", lambda r: last(r, question="？？？"), {"schema.question_letters"}),
    ("an answer of marks", "qa_v1", lambda r: last(r, answer="……"), {"schema.answer_letters"}),
    ("no angle", "qa_v2", lambda r: last(r, angle=""), {"schema.angle"}),
    ("no evidence", "qa_v1", lambda r: last(r, evidence=None), {"schema.has_evidence", "schema.evidence_characters"}),
    (
        "evidence from two places",
        "qa_v1",
        lambda r: r[0]["provenance"]["spans"].append([0, 1]),
        {"schema.n_spans", "crossrecord.verbatim"},
    ),
    (
        "a summary with evidence",
        "summary_qa_v1",
        lambda r: last(r, evidence="钟"),
        {"schema.has_evidence", "schema.evidence_characters"},
    ),
    (
        "a short chosen side",
        "preference",
        lambda r: r[0]["chosen"][0].update(content="一，二，三，四，五。"),
        {"schema.chosen_letters"},
    ),
    (
        "a short rejected side",
        "preference",
        lambda r: r[0]["rejected"][0].update(content="一，二，三，四，五。"),
        {"schema.rejected_letters"},
    ),
    (
        "a tie",
        "preference",
        lambda r: r[0]["rejected"][0].update(content=r[0]["chosen"][0]["content"] + " "),
        {"schema.is_tie"},
    ),
    ("a blank prompt", "preference", lambda r: r[0]["prompt"][0].update(content=" "), {"schema.empty_prompts"}),
    (
        "a prompt of two user messages",
        "preference",
        lambda r: r[0]["prompt"].append(dict(r[0]["prompt"][0])),
        {"schema.prompt_roles"},
    ),
    (
        "a pair without a source",
        "preference",
        lambda r: r[0]["provenance"].update(reply_id=None),
        {"schema.has_source"},
    ),
    ("a piece in two stretches", "pretrain", lambda r: two_spans(r[0]), {"schema.n_spans"}),
    (
        "a chapter of no novel",
        "summary_v1",
        lambda r: r[0]["provenance"].update(chapter=0),
        {"schema.chapter", "crossrecord.chapter"},
    ),
    *[
        (
            f"{name} in an answer",
            "qa_v2",
            lambda r, text=text: last(r, answer=f"它没有停{text}是水"),
            {"schema.encoding_damage"},
        )
        for name, text in {
            "U+FFFD": "\ufffd",
            "锟斤拷": "锟斤拷",
            "a private-use character": "\ue123",
            "a control character": "\x1b",
        }.items()
    ],
    *[
        (f"{name} in a summary", "summary_v1", lambda r, text=text: summed_up(r[0], text), {"schema.markup_residue"})
        for name, text in {
            "a code fence": "```\n沈更生上了钟楼\n```",
            "a thought": "<think>想一想</think>沈更生上了钟楼",
            "a chat token": "沈更生上了钟楼<|im_end|>",
            "HTML": "沈更生<br/>上了钟楼",
            "an HTML entity": "沈更生&nbsp;上了钟楼",
            "JSON": '{"summary": "沈更生上了钟楼"}',
            "an assistant's talk": "作为一个AI语言模型，我无法回答",
        }.items()
    ],
    (
        "damage in a chosen side",
        "preference",
        lambda r: r[0]["chosen"][0].update(content="钟敲了\ufffd下，我还没数完呢"),
        {"schema.encoding_damage"},
    ),
    (
        "JSON in a rejected side",
        "preference",
        lambda r: r[0]["rejected"][0].update(content='["我今年二十岁了"]'),
        {"schema.markup_residue"},
    ),
    # --- between records ---
    (
        "one retyped character",
        "lines",
        lambda r: r[1].update(text=r[1]["text"].replace("漫过", "没过")),
        {"crossrecord.verbatim"},
    ),
    (
        "a retyped reply",
        "dialogue",
        lambda r: r[0]["messages"][1].update(content="它没有停，是水没过了指针。"),
        {"crossrecord.verbatim"},
    ),
    ("a record in the wrong split", "qa_v1", lambda r: last(r, split="train"), {"crossrecord.split"}),
    (
        "a chapter that is not there",
        "summary_v1",
        lambda r: r[0]["provenance"].update(chapter=99),
        {"crossrecord.chapter"},
    ),
    (
        "the other's line as the hero's",
        "dialogue_raw",
        lambda r: r[0]["messages"][0].update(role="assistant", speaker=HERO),
        {"crossrecord.speakers"},
    ),
    (
        "a test question trained on",
        "qa_v1",
        lambda r: r[0].update(question=r[-1]["question"], answer=r[-1]["answer"]),
        {"crossrecord.contamination"},
    ),
    (
        "a prompt in two splits",
        "preference",
        lambda r: r[0].update(prompt=r[1]["prompt"]),
        {"crossrecord.prompt_disjoint"},
    ),
    ("a refused phrase", "qa_v2", lambda r: last(r, question="本章里谁在敲钟？"), {"crossrecord.refused_phrases"}),
]


# --- what a dataset can be wrong about as a whole --------------------------------------------------------------


def keep(rows, wanted):
    rows[:] = [row for row in rows if wanted(row)]


def chapter_of(row):
    return row["provenance"]["chapter"]


def set_all(rows, change):
    for i, row in enumerate(rows):
        change(i, row)


def copied_pairs(rows):
    for row in rows[:20]:
        if row["split"] == "train":
            row.update({side: rows[1][side] for side in ("prompt", "chosen", "rejected")})


DATASET_DEFECTS = [
    (
        "most questions lost",
        "qa_v2",
        lambda r: keep(r, lambda x: x["angle"] in ("plot", "depth")),
        {"suite.row_count"},
    ),
    ("three chapters lost", "qa_v2", lambda r: keep(r, lambda x: chapter_of(x) > 3), {"suite.chapters"}),
    (
        "most of the novel lost",
        "pretrain",
        lambda r: keep(r, lambda x: chapter_of(x) > 7),
        {"suite.row_count", "suite.chapters", "suite.train_split"},
    ),
    (
        "one angle only",
        "qa_v2",
        lambda r: set_all(r, lambda i, x: x.update(angle="plot")),
        {"suite.angles"},
    ),
    (
        "answers in English",
        "qa_v2",
        lambda r: set_all(r, lambda i, x: x.update(answer=f"The water rose over the {i}th hand of the old clock.")),
        {"suite.language"},
    ),
    (
        "answers of one character",
        "qa_v2",
        lambda r: set_all(r, lambda i, x: x.update(answer="钟")),
        {"suite.median_answer"},
    ),
    (
        "one question everywhere",
        "summary_qa_v1",
        lambda r: set_all(r, lambda i, x: x.update(question="《》讲了什么？")),
        {"suite.distinct_questions"},
    ),
    (
        "one line everywhere",
        "lines",
        lambda r: set_all(r, lambda i, x: x.update(text=r[0]["text"], end=x["start"] + len(r[0]["text"]))),
        {"suite.distinct_texts", "crossrecord.verbatim"},
    ),
    (
        "scenes without end",
        "dialogue",
        lambda r: set_all(r, lambda i, x: x.update(messages=x["messages"] * 40)),
        {"suite.mean_messages", "schema.misplaced_greetings"},
    ),
    (
        "one prompt everywhere",
        "preference",
        lambda r: set_all([x for x in r if x["split"] == "train"], lambda i, x: x.update(prompt=r[1]["prompt"])),
        {"suite.distinct_prompts"},
    ),
    (
        "chosen sides at the floor",
        "preference",
        lambda r: set_all(r[:20], lambda i, x: x["chosen"][0].update(content="一二三四五六。")),
        {"suite.median_chosen"},
    ),
    ("pairs copied", "preference", copied_pairs, {"suite.distinct_contents"}),
    (
        "chosen sides ten times as long",
        "preference",
        lambda r: set_all(r[:20], lambda i, x: x["chosen"][0].update(content=x["chosen"][0]["content"] * 10)),
        {"suite.median_length_ratio"},
    ),
    (
        "replies at the floor",
        "dialogue",
        lambda r: set_all(r, lambda i, x: [shortened(m, 7) for m in x["messages"] if m["role"] == "assistant"]),
        {"suite.median_reply"},
    ),
    (
        "nobody known",
        "lines",
        lambda r: set_all(r, lambda i, x: x.update(speaker=None, decided_by=None)),
        {"suite.speakers_known", "suite.speakers_mostly_known"},
    ),
    (
        "few known",
        "lines",
        lambda r: set_all(r[6:], lambda i, x: x.update(speaker=None, decided_by=None)),
        {"suite.speakers_mostly_known"},
    ),
    (
        "lines of the first chapters only",
        "lines",
        lambda r: keep(r, lambda x: chapter_of(x) > 6),
        {"suite.chapters"},
    ),
    (
        "nothing to train on",
        "summary_v1",
        lambda r: keep(r, lambda x: x["split"] != "train"),
        {"suite.train_split", "suite.row_count", "suite.chapters"},
    ),
    (
        "no test records",
        "qa_v2",
        lambda r: keep(r, lambda x: x["split"] != "test"),
        {"crossrecord.test_split"},
    ),
    (
        "evidence of three characters",
        "qa_v1",
        lambda r: set_all(
            r,
            lambda i, x: (
                x.update(evidence=x["evidence"][:3])
                or x["provenance"].update(spans=[[s, s + 3] for s, _ in x["provenance"]["spans"]])
            ),
        ),
        {"suite.median_evidence"},
    ),
    (
        "summaries of a few words",
        "summary_v1",
        lambda r: set_all(r, lambda i, x: summed_up(x, f"第{i}夜，沈更生守钟。")),
        {"suite.median_characters"},
    ),
    (
        "greetings everywhere",
        "dialogue",
        lambda r: set_all(r, lambda i, x: greeted(x, "更生")),
        {"suite.greetings"},
    ),
]


# --- what the way through the stages can be wrong about --------------------------------------------------------


def edit(path, change):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(rows)
    gate_world.write_rows(path, rows)


def uncounted(data, dataset):
    """Let the coverage of dedupe know of one row less."""
    path = data.parent / "reports/coverage/dedupe.json"
    coverage = json.loads(path.read_text(encoding="utf-8"))
    for count in ("input", "kept"):
        coverage["datasets"][dataset][count] -= 1
    gate_world.write_json(path, coverage)


FLOW_DEFECTS = [
    (
        "a row that vanished after dedupe",
        lambda data: edit(data / "dedupe/qa_v1.jsonl", lambda r: r.pop()),
        {"crossrecord.conservation", "crossrecord.same_records"},
    ),
    (
        "a row that dedupe lost and did not count",
        lambda data: (edit(data / "dedupe/qa_v1.jsonl", lambda r: r.pop()), uncounted(data, "qa_v1")),
        {"crossrecord.conservation", "crossrecord.same_records"},
    ),
    (
        "a row that came in after dedupe",
        lambda data: edit(data / "clean/qa_v1.jsonl", lambda r: r.pop()),
        {"crossrecord.conservation", "crossrecord.same_records"},
    ),
    (
        "a row changed for another by dedupe",
        lambda data: edit(data / "dedupe/qa_v1.jsonl", lambda r: r[-1].update(record_id="0123456789abcdef")),
        {"crossrecord.same_records"},
    ),
    (
        "dropped rows thrown away",
        lambda data: (data / "dedupe/dropped/qa_v1.jsonl").unlink(),
        {"crossrecord.conservation", "crossrecord.same_records"},
    ),
    (
        "a dropped row without a reason",
        lambda data: edit(data / "dedupe/dropped/qa_v1.jsonl", lambda r: r[0].update(reason=" ")),
        {"crossrecord.dropped_reasons"},
    ),
    (
        "a row removed by a record that is not there",
        lambda data: edit(data / "dedupe/dropped/qa_v1.jsonl", lambda r: r[0].update(by="0123456789abcdef")),
        {"crossrecord.dropped_reasons"},
    ),
    (
        "no clean rows at all",
        lambda data: (data / "clean/qa_v1.jsonl").unlink(),
        {"crossrecord.conservation", "crossrecord.same_records", "crossrecord.dropped_reasons"},
    ),
    (
        "a count that is not so",
        lambda data: edit(
            data.parent / "reports/coverage/clean.json", lambda c: c[0]["datasets"]["qa_v1"].update(input=99)
        ),
        {"crossrecord.conservation"},
    ),
    (
        "counts without this dataset",
        lambda data: edit(data.parent / "reports/coverage/dedupe.json", lambda c: c[0]["datasets"].pop("qa_v1")),
        {"crossrecord.conservation"},
    ),
]
