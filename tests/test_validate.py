"""The stage as a whole: a clean novel passes every gate, and each planted defect fails the gates named for it."""

import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_world
from huaben.gates.conservation import check_chapters, check_coverage
from huaben.gates.tables import load_novel, load_table
from huaben.gates.validate import validate

pytestmark = [
    # great_expectations 1.24 imports these two on Python 3.11
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:module 'sre_parse' is deprecated:DeprecationWarning"),
]


@cache
def new_schemas():
    """Return the schemas as a new repository has them."""
    return gate_world.new_schemas(Path(mkdtemp()))


def run(root, params=None, schemas=None):
    return validate(gate_world.places(root, schemas or new_schemas()), params or gate_world.make_params())


def failed_in(report):
    return {name for name, gate in report["gates"].items() if not gate["passed"]}


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
        "rows": 144,
        "train": 120,
        "validation": 6,
        "test": 18,
        "chapters": 24,
        "uncovered_chapters": 0,
        "duplicate_share": 0.0,
        "characters_p05": 16,
        "characters_p50": 20,
        "characters_p95": 22,
        "verbatim_share": 1.0,
        "speakers": {"沈更生": 72, "许知秋": 72},
        "spoken": 144,
        "decided_rule_share": 1.0,
        "decided_model_share": 0.0,
        "unknown_speaker_share": 0.0,
    }
    assert (profile["preference"]["way_contrast"], profile["preference"]["way_prompts"]) == (23, 60)
    assert profile["qa_v2"]["angle_depth"] == 48


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


EMPTY = {"missing": "cannot be read", "empty": 0, "torn": "not JSON"}


@pytest.mark.parametrize("fault", EMPTY)
def test_a_dataset_without_rows_says_so_once_and_nothing_of_it_passes(fault, tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    path = root / "data/dedupe/qa_v1.jsonl"
    if fault == "missing":
        path.unlink()
    else:
        path.write_text("" if fault == "empty" else '{"record_id": "12', encoding="utf-8")
    report, _ = run(root, params)
    assert failed_in(report) == {"qa_v1.schema.rows"}
    assert str(EMPTY[fault]) in str(report["gates"]["qa_v1.schema.rows"]["observed"])
    assert [name for name in report["gates"] if name.startswith("qa_v1.")] == ["qa_v1.schema.rows"]
    not_run = [name for name, reason in report["not_run"].items() if reason == "qa_v1 has no row to judge"]
    assert {"qa_v1.schema.answer_letters", "qa_v1.suite.row_count", "qa_v1.crossrecord.same_records"} <= set(not_run)
    assert report["passed"] is False


def test_without_lines_what_is_held_against_them_is_not_run(tmp_path):
    world, params = gate_world.make_small()
    world.rows["lines"] = []
    report, _ = run(world.write(tmp_path), params)
    assert failed_in(report) == {"lines.schema.rows"}
    assert report["not_run"]["dialogue.crossrecord.speakers"] == "lines has no row to hold it against"


def test_rows_none_of_which_is_a_record_fail_that_gate_alone(tmp_path):
    world, params = gate_world.make_small()
    for row in world.rows["qa_v1"]:
        row["note"] = "x"
    report, _ = run(world.write(tmp_path), params)
    assert failed_in(report) == {"qa_v1.schema.record"}


def test_a_file_that_this_run_does_not_make_is_a_leftover(tmp_path):
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    shutil.copy(root / "data/dedupe/lines.jsonl", root / "data/dedupe/lines_old.jsonl")
    report, _ = run(root, params)
    assert failed_in(report) == {"all.crossrecord.leftovers"}
    assert report["gates"]["all.crossrecord.leftovers"]["observed"] == "lines_old"


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
    schemas = gate_world.new_schemas(root)
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
    world, params = gate_world.make_small()
    root = world.write(tmp_path)
    path = root / "data/dedupe/qa_v1.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"漫过了第零根"', r'"\ud800"', 1), encoding="utf-8")
    assert load_table(path, "qa_v1").error is not None
    assert failed_in(run(root, params)[0]) == {"qa_v1.schema.rows"}


@settings(max_examples=3)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(clean, order):
    root, report, profile = clean
    shuffled = root.parent / "shuffled"
    shutil.copytree(root, shuffled, dirs_exist_ok=True)
    for path in sorted((shuffled / "data").rglob("*.jsonl")):
        rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        order.shuffle(rows)
        path.write_text("".join(rows), encoding="utf-8")
    again, same_profile = run(shuffled)
    assert (again["gates"], again["not_run"], same_profile) == (report["gates"], report["not_run"], profile)
