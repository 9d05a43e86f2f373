"""The gate of the rows that `dedupe` dropped: who removed one stays, in its dataset or held out in another."""

import pytest

import gate_world
from huaben.gates.conservation import check_conservation
from huaben.gates.tables import load_table
from huaben.records import make_id

HELD_OUT, TRAIN = gate_world.TEST[0], 1


def rows_of(world, dataset, chapter):
    return [row for row in world.rows[dataset] if row["provenance"]["chapter"] == chapter]


def broken(root, of, by):
    """Drop a row of `qa_v2` of chapter `of` by the record `by`; return what fails, and how many rows."""
    world = gate_world.make_world()
    record = {**rows_of(world, "qa_v2", of)[0], "record_id": make_id("copy")}
    reason = "near copy of a held-out record of qa_v1"
    world.dropped_by_dedupe["qa_v2"] = [{"reason": reason, "by": by, "record": record}]
    places = gate_world.places(world.write(root))
    tables = {name: load_table(places.datasets / f"{name}.jsonl", name) for name in ("qa_v1", "qa_v2")}
    gates = check_conservation(tables["qa_v2"], tables, places)
    return {gate.name: gate.rows for gate in gates if not gate.passed}


@pytest.mark.parametrize(
    ("dataset", "chapter", "of", "fails"),
    [
        ("qa_v2", TRAIN, TRAIN, {}),
        ("qa_v1", HELD_OUT, TRAIN, {}),
        ("qa_v1", HELD_OUT, HELD_OUT, {"dropped_reasons": 1}),
        ("qa_v1", TRAIN, TRAIN, {"dropped_reasons": 1}),
    ],
    ids=["of its dataset", "held out of another", "a held-out row by another dataset", "by train of another dataset"],
)
def test_a_row_goes_by_one_of_its_dataset_or_from_train_by_a_held_out_one(dataset, chapter, of, fails, tmp_path):
    by = rows_of(gate_world.make_world(), dataset, chapter)[0]["record_id"]
    assert broken(tmp_path, of, by) == fails


def test_a_row_that_was_itself_dropped_removes_none(tmp_path):
    assert broken(tmp_path, TRAIN, make_id("copy")) == {"dropped_reasons": 1}
