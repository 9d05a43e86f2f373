"""What the gates read: every file and parameter is in the report by its hash, and any change since is named."""

import json
import shutil

import pytest
import yaml

import gate_world
from huaben.gates.inputs import PARAMS, changed_inputs, digests

READ_PARAMS = "params.yaml, as far as gates read it"


@pytest.fixture
def seen(tmp_path):
    """Return a world's places, its parameters, and a report that names its inputs."""
    world, params = gate_world.make_small()
    places = gate_world.places(world.write(tmp_path), gate_world.new_schemas(tmp_path))
    places.baseline.write_text("{}", encoding="utf-8")
    return places, params, {"inputs": digests(places, params)}


def names(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_every_file_that_the_gates_read_is_among_the_inputs(seen):
    places, _, report = seen
    not_made = ("summary", "qa_v2")
    read = {name for name in names(places.root) if not name.rsplit("/", 1)[1].startswith(not_made)}
    assert set(report["inputs"]) == read | {"reports/coverage/summary.json", READ_PARAMS}
    assert {len(digest) for digest in report["inputs"].values()} == {64}


def test_nothing_changed_is_nothing_told(seen):
    places, params, report = seen
    assert changed_inputs(report, places, params) == []


def test_each_input_that_is_tampered_with_is_named(seen):
    places, params, report = seen
    for name in set(report["inputs"]) - {READ_PARAMS}:
        path = places.root / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert changed_inputs(report, places, params) == [name]
        path.unlink()
        assert changed_inputs(report, places, params) == [name]
        path.write_bytes(before)
    assert changed_inputs(report, places, params) == []


@pytest.mark.parametrize(
    "name", ["data/dedupe/lines_old.jsonl", "data/clean/dropped/lines.jsonl", "schemas/baseline.json"]
)
def test_a_file_that_came_since_is_named(name, seen):
    places, params, report = seen
    (places.root / name).write_text("{}\n", encoding="utf-8")
    report["inputs"].pop(name, None)
    assert changed_inputs(report, places, params) == [name]


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("validate_", {"max_failures": {"qa": 0.5}}),
        ("qa", {"refused_phrases": []}),
        ("chapters", {"test": []}),
        ("dialogue", {"characters": ["许知秋"]}),
    ],
)
def test_a_parameter_that_a_gate_reads_is_an_input(section, values, seen):
    places, params, report = seen
    assert changed_inputs(report, places, gate_world.with_section(params, section, **values)) == [READ_PARAMS]


def test_a_parameter_that_no_gate_reads_is_none(seen):
    places, params, report = seen
    assert changed_inputs(report, places, gate_world.with_section(params, "train", seed=99)) == []


@pytest.mark.parametrize("report", [{}, {"inputs": {}}, {"inputs": ["a"]}])
def test_a_report_without_inputs_vouches_for_nothing(report, seen):
    places, params, _ = seen
    assert changed_inputs(report, places, params) == ["inputs"]


def test_links_of_dvc_are_read_under_their_own_names(seen):
    places, params, report = seen
    rows = places.datasets / "lines.jsonl"
    elsewhere = places.root.parent / "cache-of-lines"
    shutil.move(rows, elsewhere)
    rows.symlink_to(elsewhere)
    assert changed_inputs(report, places, params) == []


def test_the_stage_names_exactly_the_parameters_that_its_gates_read():
    stage = yaml.safe_load((gate_world.REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["validate"]
    assert sorted(stage["params"]) == sorted(PARAMS)
    assert json.dumps(sorted(PARAMS))
