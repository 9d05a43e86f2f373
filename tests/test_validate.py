"""The stage as a whole: a clean novel passes every gate, and each planted defect fails the gates named for it."""

import json
import shutil

import pytest

import gate_world
from huaben.gates.conservation import check_chapters, check_conservation, check_coverage
from huaben.gates.crossrecord import check_records
from huaben.gates.tables import load_novel, load_table
from huaben.gates.validate import changed_inputs, check_one, check_table, validate, validate_file

pytestmark = [
    # great_expectations 1.24 imports these two on Python 3.11
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:module 'sre_parse' is deprecated:DeprecationWarning"),
]
SCHEMAS, HERO, OTHER = gate_world.SCHEMAS, gate_world.HERO, gate_world.OTHER


def failed_on_disk(dataset, root, with_suite=True):
    """Return the names of the dataset's failed gates, without its own name."""
    params = gate_world.make_params()
    tables = {name: load_table(root / f"data/dedupe/{name}.jsonl", name) for name in (dataset, "lines")}
    novel = load_novel(root / "data/chapters/chapters.jsonl", params)
    if with_suite:
        gates = check_one(dataset, tables, novel, gate_world.refined(root), SCHEMAS, params)
    else:
        gates = [
            *check_table(tables[dataset], SCHEMAS),
            *check_records(tables[dataset], tables, novel, params),
            *check_conservation(tables[dataset], gate_world.refined(root)),
        ]
    return {gate.key.removeprefix(f"{dataset}.") for gate in gates if not gate.passed}


def run(root, params=None, schemas=SCHEMAS):
    return validate(**gate_world.places(root), schemas=schemas, params=params or gate_world.make_params())


def failed_in(report):
    return {name for name, gate in report["gates"].items() if not gate["passed"]}


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


@pytest.mark.parametrize(("dataset", "plant", "expected"), [pytest.param(*d[1:], id=d[0]) for d in ROW_DEFECTS])
def test_a_defect_of_a_row_fails_exactly_the_gates_named_for_it(dataset, plant, expected, tmp_path):
    world = gate_world.make_world()
    plant(world.rows[dataset])
    assert failed_on_disk(dataset, world.write(tmp_path), with_suite=False) == expected


@pytest.mark.parametrize(("dataset", "plant", "expected"), [pytest.param(*d[1:], id=d[0]) for d in DATASET_DEFECTS])
def test_a_defect_of_a_dataset_fails_exactly_the_gates_named_for_it(dataset, plant, expected, tmp_path):
    world = gate_world.make_world()
    plant(world.rows[dataset])
    assert failed_on_disk(dataset, world.write(tmp_path)) == expected


# --- what the way through the stages can be wrong about --------------------------------------------------------


def edit(path, change):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(rows)
    gate_world.write_rows(path, rows)


FLOW_DEFECTS = [
    (
        "a row that vanished after dedupe",
        lambda data: edit(data / "dedupe/qa_v1.jsonl", lambda r: r.pop()),
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


@pytest.mark.parametrize(("plant", "expected"), [pytest.param(*d[1:], id=d[0]) for d in FLOW_DEFECTS])
def test_a_defect_between_the_stages_fails_exactly_the_gates_named_for_it(plant, expected, tmp_path):
    root = gate_world.make_world().write(tmp_path)
    plant(root / "data")
    assert failed_on_disk("qa_v1", root, with_suite=False) == expected


COVERAGE_DEFECTS = [
    ("units without an outcome", {"qa": {"units": 12}}, {"coverage_qa"}),
    ("no units", {"qa": {"units": 0, "ok": 0, "empty": 0}}, {"coverage_qa"}),
    ("a negative count", {"qa": {"ok": 11, "empty": -1}}, {"coverage_qa", "failed_share_qa", "skipped_units"}),
    ("a count as text", {"lines": {"ok": "9"}}, {"coverage_lines", "failed_share_lines", "skipped_units"}),
    ("a unit that failed for good", {"summary": {"ok": 8, "failed": 1}}, {"failed_share_summary"}),
    ("units skipped with a provider", {"speakers": {"ok": 8, "skipped": 1}}, {"skipped_units"}),
]


@pytest.mark.parametrize(("coverage", "expected"), [pytest.param(*d[1:], id=d[0]) for d in COVERAGE_DEFECTS])
def test_a_defect_of_the_coverage_fails_exactly_the_gates_named_for_it(coverage, expected, tmp_path):
    world = gate_world.make_world()
    world.coverage = coverage
    gates = check_coverage(world.write(tmp_path) / "reports/coverage", gate_world.make_params())
    assert {gate.name for gate in gates if not gate.passed} == expected


def test_a_missing_coverage_file_fails_its_gates(tmp_path):
    root = gate_world.make_world().write(tmp_path)
    (root / "reports/coverage/dialogue.json").unlink()
    gates = check_coverage(root / "reports/coverage", gate_world.make_params())
    assert {g.name for g in gates if not g.passed} == {"coverage_dialogue", "failed_share_dialogue", "skipped_units"}


def test_failures_within_the_budget_pass(tmp_path):
    world = gate_world.make_world()
    world.coverage = {"summary": {"ok": 8, "failed": 1}}
    params = gate_world.with_section(gate_world.make_params(), "validate_", max_failures={"summary": 0.1})
    gates = {gate.name: gate for gate in check_coverage(world.write(tmp_path) / "reports/coverage", params)}
    share = gates["failed_share_summary"]
    assert (share.passed, share.observed, share.limit, share.rows) == (True, 0.1, 0.1, 0)


@pytest.mark.parametrize("change", [{"split": "train"}, {"index": 42}], ids=["another split", "a gap"])
def test_chapters_that_are_not_as_the_parameters_say_are_caught(change, tmp_path):
    world = gate_world.make_world()
    world.chapters[8].update(change)
    params = gate_world.make_params()
    novel = load_novel(world.write(tmp_path) / "data/chapters/chapters.jsonl", params)
    assert [gate.passed for gate in check_chapters(novel, params)] == [False]


# --- the whole ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """Return a clean world's root, gate report and profile."""
    root = gate_world.make_world().write(tmp_path_factory.mktemp("clean"))
    return root, *run(root)


def test_a_clean_novel_passes_every_gate(clean):
    _, report, _ = clean
    assert failed_in(report) == set()
    assert (report["passed"], report["skipped"]) == (True, [])


def test_every_gate_has_its_shape_and_every_dataset_its_gates(clean):
    _, report, _ = clean
    for name, gate in report["gates"].items():
        assert list(gate) == ["dataset", "kind", "severity", "passed", "observed", "limit", "rows"]
        assert name.startswith(f"{gate['dataset']}.{gate['kind']}.")
        assert isinstance(gate["rows"], int)
        assert isinstance(gate["observed"], bool | int | float | str)
    kinds = {(gate["dataset"], gate["kind"]) for gate in report["gates"].values()}
    assert kinds == {(d, k) for d in gate_world.make_world().rows for k in ("schema", "suite", "crossrecord")} | {
        ("all", "crossrecord")
    }


# Columns whose only fault the record types or the derivation already make impossible: the contract documents them.
# `columns` and `expectations` are proved in test_schema.py and test_suite.py.
CANNOT_FAIL = {
    *(
        f"schema.{name}"
        for name in ("content_id", "question_id", "prompt_id", "language", "kind", "scene", "certainty")
    ),
    *(f"schema.{name}" for name in ("decided_by", "has_speaker", "opens_with_greeting", "way", "split", "letters")),
    *(f"schema.{name}" for name in ("answer_characters", "chosen_characters", "summary_characters", "length_ratio")),
    "schema.columns",
    "suite.expectations",
}


def test_every_gate_is_proved_by_a_defect(clean):
    _, report, _ = clean
    names = {name.split(".", 1)[1] for name, gate in report["gates"].items() if gate["dataset"] != "all"}
    killed = set().union(*(d[-1] for d in ROW_DEFECTS + DATASET_DEFECTS + FLOW_DEFECTS))
    assert names - killed == CANNOT_FAIL


def test_the_reports_are_plain_json_without_text_of_the_novel(clean):
    root, report, profile = clean
    written = json.dumps([report, profile], ensure_ascii=False, allow_nan=False)
    chapters = (root / "data/chapters/chapters.jsonl").read_text(encoding="utf-8")
    assert "漫过了" in chapters
    assert "漫过了" not in written


def test_equal_data_gives_equal_reports(clean):
    root, report, profile = clean
    again = run(root)
    assert json.dumps(again) == json.dumps((report, profile))


def test_the_profile_is_flat_numbers(clean):
    _, _, profile = clean
    assert profile["lines"] == {
        "rows": 60,
        "train": 42,
        "validation": 6,
        "test": 12,
        "chapters": 10,
        "duplicate_share": 0.0,
        "characters_p05": 16,
        "characters_p50": 20,
        "characters_p95": 20,
        "verbatim_share": 1.0,
        "speakers": {"沈更生": 30, "许知秋": 30},
        "decided_rule_share": 1.0,
        "decided_model_share": 0.0,
        "unknown_speaker_share": 0.0,
    }
    assert (profile["preference"]["way_contrast"], profile["preference"]["way_prompts"]) == (10, 20)
    assert profile["qa_v2"]["angle_depth"] == 20


def test_without_a_provider_what_needs_a_model_is_skipped_and_not_gated(tmp_path):
    world = gate_world.make_world()
    skipped = [name for name in world.rows if name.startswith(("summary", "qa"))]
    world.rows = {name: rows for name, rows in world.rows.items() if name not in skipped}
    nothing_asked = {"units": 0, "ok": 0, "empty": 0}
    world.coverage = {"speakers": {"ok": 0, "skipped": 9}, "summary": nothing_asked, "qa": nothing_asked}
    params = gate_world.with_section(gate_world.make_params(), "llm", provider="none")
    report, profile = run(world.write(tmp_path), params)
    assert failed_in(report) == set()
    assert report["skipped"] == skipped
    assert sorted(profile) == sorted(world.rows)


@pytest.mark.parametrize("fault", ["missing", "empty", "torn"])
def test_a_dataset_without_rows_fails_all_its_gates_and_no_others(fault, tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    path = root / "data/dedupe/qa_v1.jsonl"
    if fault == "missing":
        path.unlink()
    else:
        path.write_text("" if fault == "empty" else '{"record_id": "12', encoding="utf-8")
    report, _ = run(root, params)
    own = {name for name in report["gates"] if name.startswith("qa_v1.")}
    # the dropped rows' reasons are still there when the rows are not
    assert own <= failed_in(report) | {"qa_v1.crossrecord.dropped_reasons"}
    assert failed_in(report) - own == {"all.crossrecord.datasets"}
    assert report["passed"] is False


def test_a_file_that_this_run_does_not_make_is_a_leftover(tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    shutil.copy(root / "data/dedupe/lines.jsonl", root / "data/dedupe/lines_old.jsonl")
    report, _ = run(root, params)
    assert failed_in(report) == {"all.crossrecord.datasets"}
    assert report["gates"]["all.crossrecord.datasets"]["observed"] == "lines_old"


def test_a_warning_does_not_stop_the_release(tmp_path):
    world, params = gate_world.make_small()
    for line in world.rows["lines"]:
        if line["provenance"]["chapter"] > 1:
            line.update(speaker=None, decided_by=None)
    world.rows["dialogue"], world.rows["dialogue_raw"] = world.rows["dialogue"][:1], world.rows["dialogue_raw"][:1]
    world.dropped_by_clean["dialogue"][0]["record"]["record_id"] = "another"
    report, _ = run(world.write(tmp_path), params)
    assert failed_in(report) == {"lines.suite.speakers_mostly_known"}
    assert report["passed"] is True


@pytest.mark.parametrize(
    ("name", "gate"), [("lines.yaml", "lines.schema.contract"), ("suites/lines.yaml", "lines.suite.expectations")]
)
@pytest.mark.parametrize("text", [None, "name: lines\n", "a: [1\n"], ids=["missing", "incomplete", "torn"])
def test_a_schema_that_cannot_be_read_fails_one_gate_and_hides_no_other(name, gate, text, tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    schemas = shutil.copytree(SCHEMAS, root / "schemas")
    (schemas / name).write_text(text, encoding="utf-8") if text else (schemas / name).unlink()
    report, _ = run(root, params, schemas)
    assert failed_in(report) == {gate}
    assert "dialogue.schema.roles" in report["gates"]


def test_unreadable_chapters_fail_what_needs_them_and_nothing_raises(tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    (root / "data/chapters/chapters.jsonl").write_text("{}\n", encoding="utf-8")
    report, _ = run(root, params)
    assert report["gates"]["all.crossrecord.chapters"]["observed"] == "ValidationError"
    assert {"lines.crossrecord.verbatim", "qa_v1.crossrecord.chapter"} <= failed_in(report)
    assert report["gates"]["qa_v1.schema.answer_letters"]["passed"]


def test_a_lone_surrogate_is_refused(tmp_path):
    root = gate_world.make_world().write(tmp_path)
    path = root / "data/dedupe/qa_v1.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"漫过了第零根"', r'"\ud800"', 1), encoding="utf-8")
    assert failed_on_disk("qa_v1", root, with_suite=False) == {"schema.record"}


def test_inputs_are_named_by_their_hashes_and_a_change_is_noticed(tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    schemas = shutil.copytree(SCHEMAS, root / "schemas")
    report, _ = run(root, params, schemas)
    rows = root / "data/dedupe/qa_v1.jsonl"
    assert len(report["inputs"]["data/dedupe/qa_v1.jsonl"]) == 64
    assert changed_inputs(report, root, [rows]) == []
    edit(rows, lambda r: r[0].update(answer="改过的回答"))
    (schemas / "suites/lines.yaml").unlink()
    unseen = root / "data/dedupe/extra.jsonl"
    assert changed_inputs(report, root, [rows, unseen]) == [
        "data/dedupe/extra.jsonl",
        "data/dedupe/qa_v1.jsonl",
        "schemas/suites/lines.yaml",
    ]


def test_every_file_that_the_gates_read_is_among_the_inputs(tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    schemas = shutil.copytree(SCHEMAS, root / "schemas")
    report, _ = run(root, params, schemas)
    present = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert set(report["inputs"]) == present


@pytest.mark.parametrize("report", [{}, {"inputs": {}}, {"inputs": ["a"]}])
def test_a_report_without_inputs_vouches_for_nothing(report, tmp_path):
    assert changed_inputs(report, tmp_path) == ["inputs"]


def test_anybodys_file_is_judged_by_what_it_can_tell_alone(tmp_path):
    world = gate_world.make_world()
    path = world.write(tmp_path) / "data/dedupe/dialogue.jsonl"
    report, profile = validate_file(path, "dialogue", SCHEMAS)
    assert (report["passed"], profile["dialogue"]["rows"]) == (True, 10)
    edit(path, lambda r: r[0]["messages"].pop())
    report, _ = validate_file(path, "dialogue", SCHEMAS)
    assert failed_in(report) == {"dialogue.schema.roles"}


def test_a_file_that_is_not_there_fails_by_its_name(tmp_path):
    report, _ = validate_file(tmp_path / "no.jsonl", "dialogue", SCHEMAS)
    assert report["passed"] is False
    assert "no.jsonl" in report["gates"]["dialogue.schema.record"]["observed"]
