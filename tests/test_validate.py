"""The stage as a whole: a clean novel passes every gate, and each planted defect fails the gates named for it."""

import json
import shutil

import pytest

import gate_world
from gate_defects import DATASET_DEFECTS, FLOW_DEFECTS, ROW_DEFECTS, edit, failed_on_disk
from huaben.gates.conservation import check_chapters, check_coverage
from huaben.gates.tables import load_novel, load_table
from huaben.gates.validate import changed_inputs, validate, validate_file

pytestmark = [
    # great_expectations 1.24 imports these two on Python 3.11
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:module 'sre_parse' is deprecated:DeprecationWarning"),
]
SCHEMAS = gate_world.SCHEMAS


def run(root, params=None, schemas=SCHEMAS):
    return validate(**gate_world.places(root), schemas=schemas, params=params or gate_world.make_params())


def failed_in(report):
    return {name for name, gate in report["gates"].items() if not gate["passed"]}


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
    assert load_table(path, "qa_v1").error is not None
    assert "schema.record" in failed_on_disk("qa_v1", root, with_suite=False)


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
    not_made = ("summary", "qa_v2")
    assert set(report["inputs"]) == {name for name in present if not name.rsplit("/", 1)[1].startswith(not_made)} | {
        "reports/coverage/summary.json"
    }


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
