"""Contracts: what the reader refuses, and how failing rows are counted."""

import pytest
import yaml

import gate_world
from huaben.errors import InputError
from huaben.gates.schema import check_rows, load_contract
from huaben.gates.tables import load_table
from huaben.records import DATASETS

CONTRACTS = sorted(path.stem for path in gate_world.SCHEMAS.glob("*.yaml") if path.stem != "drift")


def contract():
    """Return a small right contract of two columns, to be spoiled."""
    return {
        "schema_type": "dataframe",
        "name": "pretrain",
        "description": "Two columns.",
        "strict": True,
        "ordered": True,
        "coerce": False,
        "columns": {
            "letters": {
                "description": "Letters.",
                "dtype": "int64",
                "nullable": False,
                "checks": {"greater_than": 0, "less_than": 5},
            },
            "split": {"description": "Split.", "dtype": "str", "nullable": False, "unique": True},
        },
    }


def load(content, path):
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load_contract(path, "pretrain")


def frame(letters, splits):
    import pandas as pd

    return pd.DataFrame({"letters": letters, "split": splits})


def test_every_dataset_has_a_contract():
    assert sorted(DATASETS) == CONTRACTS


@pytest.mark.parametrize("dataset", CONTRACTS)
def test_a_contract_names_exactly_the_derived_columns_in_their_order(dataset, tmp_path):
    root = gate_world.make_world().write(tmp_path)
    table = load_table(root / f"data/dedupe/{dataset}.jsonl", dataset)
    found = load_contract(gate_world.SCHEMAS / f"{dataset}.yaml", dataset)
    assert found.columns == list(table.frame.columns)
    assert set(found.rules) < set(found.columns)


@pytest.mark.parametrize("dataset", CONTRACTS)
def test_panderas_own_reader_understands_the_contracts(dataset):
    from pandera.io.pandas_io import from_yaml

    schema = from_yaml(gate_world.SCHEMAS / f"{dataset}.yaml")
    assert (schema.name, schema.strict, schema.ordered) == (dataset, True, True)


def test_rows_are_counted_once_and_no_value_is_told(tmp_path):
    checked = load(contract(), tmp_path / "c.yaml")
    gates = check_rows(checked, frame([1, 0, 9, -3], ["甲", "乙", "乙", "丙"]))
    assert [(g.key, g.passed, g.observed, g.rows) for g in gates] == [
        ("pretrain.schema.letters", False, 3, 3),
        ("pretrain.schema.split", False, 2, 2),
    ]
    assert gates[0].limit == "int64, greater_than 0, less_than 5"


def test_a_row_that_breaks_two_checks_of_a_column_counts_once(tmp_path):
    content = contract()
    content["columns"]["letters"]["checks"] = {"less_than": 5, "less_than_or_equal_to": 6}
    gates = check_rows(load(content, tmp_path / "c.yaml"), frame([1, 9], ["甲", "乙"]))
    assert [gate.rows for gate in gates] == [1, 0]


def test_an_empty_table_fails_every_gate(tmp_path):
    gates = check_rows(load(contract(), tmp_path / "c.yaml"), frame([1], ["甲"]).iloc[:0])
    assert [(gate.passed, gate.observed) for gate in gates] == [(False, "nothing to check")] * 2


def test_a_column_of_another_type_fails_with_all_its_rows(tmp_path):
    gates = check_rows(load(contract(), tmp_path / "c.yaml"), frame([1.5, 2.0], ["甲", "乙"]))
    assert [(gate.name, gate.rows) for gate in gates if not gate.passed] == [("letters", 2)]


@pytest.mark.parametrize("columns", [["letters"], ["split", "letters"], ["letters", "split", "more"]])
def test_missing_swapped_and_extra_columns_are_caught(columns, tmp_path):
    table = frame([1, 2], ["甲", "乙"]).assign(more=1)[columns]
    gates = check_rows(load(contract(), tmp_path / "c.yaml"), table)
    assert "contract" in [gate.name for gate in gates if not gate.passed]


def test_a_column_without_a_check_is_no_gate_but_must_be_of_its_type(tmp_path):
    content = contract()
    del content["columns"]["split"]["unique"]
    checked = load(content, tmp_path / "c.yaml")
    assert [(g.name, g.passed) for g in check_rows(checked, frame([1], ["甲"]))] == [("letters", True)]
    gates = check_rows(checked, frame([1], [7]))
    assert [(g.name, g.passed) for g in gates] == [("letters", True), ("contract", False)]


def test_a_part_of_a_contract_speaks_of_the_columns_that_are_there(tmp_path):
    part = load(contract(), tmp_path / "c.yaml").only(["letters"])
    gates = check_rows(part, frame([9], ["甲"])[["letters"]])
    assert [(gate.name, gate.passed) for gate in gates] == [("letters", False)]


def test_a_null_fails_its_column(tmp_path):
    gates = check_rows(load(contract(), tmp_path / "c.yaml"), frame([1, 2], ["甲", None]))
    assert [(gate.name, gate.rows) for gate in gates if not gate.passed] == [("split", 1)]


def test_a_warning_is_told_as_one(tmp_path):
    content = contract()
    content["columns"]["letters"]["metadata"] = {"severity": "warning"}
    gates = check_rows(load(content, tmp_path / "c.yaml"), frame([9], ["甲"]))
    assert [(gate.severity, gate.passed) for gate in gates][:2] == [("warning", False), ("critical", True)]


def letters(content):
    return content["columns"]["letters"]


REFUSED = {
    "a misspelt check": (lambda c: letters(c)["checks"].update(greater_then=3), "a check of"),
    "a custom check": (lambda c: letters(c)["checks"].update(no_short_reply=None), "a check of"),
    "a check that is an attribute of pandera": (
        lambda c: letters(c)["checks"].update(from_builtin_check_name=1),
        "a check of",
    ),
    "a check without a value": (lambda c: letters(c)["checks"].update(greater_than=None), "greater_than: a value"),
    "a check with a misspelt argument": (
        lambda c: letters(c)["checks"].update(in_range={"min": 1, "max": 2}),
        "cannot build",
    ),
    "a check with options": (
        lambda c: letters(c)["checks"].update(greater_than={"min_value": 0, "options": {"raise_warning": True}}),
        "no options",
    ),
    "a list of checks": (lambda c: letters(c).update(checks=["greater_than"]), "checks: a mapping"),
    "an unknown key of a column": (lambda c: letters(c).update(cheks={"greater_than": 0}), "the keys"),
    "an unknown key of the frame": (lambda c: c.update(drop_invalid_rows=True), "exactly the keys"),
    "a missing key of the frame": (lambda c: c.pop("strict"), "exactly the keys"),
    "another dataset's name": (lambda c: c.update(name="lines"), "name: pretrain"),
    "a loose frame": (lambda c: c.update(strict=False), "strict: True"),
    "an unordered frame": (lambda c: c.update(ordered=False), "ordered: True"),
    "coercion": (lambda c: c.update(coerce=True), "coerce: False"),
    "coercion of a column": (lambda c: letters(c).update(coerce=True), "the keys"),
    "nulls": (lambda c: letters(c).update(nullable=True), "nullable: false"),
    "an unknown type": (lambda c: letters(c).update(dtype="int"), "a dtype of"),
    "a blank description": (lambda c: letters(c).update(description=" "), "a description"),
    "no description": (lambda c: letters(c).pop("description"), "the keys"),
    "no columns": (lambda c: c.update(columns={}), "at least one column"),
    "no check at all": (lambda c: letters(c).pop("checks"), "at least one check"),
    "an unknown severity": (lambda c: letters(c).update(metadata={"severity": "info"}), "metadata"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_contract_is_refused_for(fault, tmp_path):
    spoil, reason = REFUSED[fault]
    content = contract()
    spoil(content)
    with pytest.raises(InputError, match=reason) as error:
        load(content, tmp_path / "c.yaml")
    assert "c.yaml" in str(error.value)


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    with pytest.raises(InputError, match="exactly the keys"):
        load(["columns"], tmp_path / "c.yaml")
