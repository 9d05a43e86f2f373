"""Expectation suites: what the reader refuses, and what passes or fails on a whole dataset."""

import json

import pytest
import yaml

import gate_world
from huaben.errors import InputError
from huaben.gates.suite import check_dataset, load_suite
from huaben.records import DATASETS

pytestmark = [
    # great_expectations 1.24 imports these two on Python 3.11
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:module 'sre_parse' is deprecated:DeprecationWarning"),
]
SUITES = sorted(path.stem for path in (gate_world.SCHEMAS / "suites").glob("*.yaml"))


def expectation(kind, name="rule", severity="critical", **kwargs):
    return {"type": f"expect_{kind}", "kwargs": kwargs, "severity": severity, "meta": {"name": name, "reason": "Why."}}


def load(expectations, path, **changes):
    content = {"name": "lines", "description": "A suite.", "expectations": expectations, **changes}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load_suite(path, "lines")


def judge(table, path, *expectations, **parameters):
    return check_dataset(load(list(expectations), path), table, parameters)


@pytest.fixture
def table():
    import pandas as pd

    texts = ["甲的话"] * 10
    return pd.DataFrame({"n": range(1, 11), "split": ["train"] * 9 + ["test"], "text": texts, "none": [None] * 10})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "suite.yaml"


def test_every_dataset_has_a_suite():
    assert sorted(DATASETS) == SUITES


@pytest.mark.parametrize("dataset", SUITES)
def test_the_suites_are_read(dataset):
    suite = load_suite(gate_world.SCHEMAS / "suites" / f"{dataset}.yaml", dataset)
    assert len(suite.entries) >= 4


def test_gates_tell_what_was_observed_and_what_is_allowed(table, path):
    gates = judge(
        table,
        path,
        expectation("table_row_count_to_be_between", "rows", min_value=1, max_value=5),
        expectation(
            "column_quantile_values_to_be_between",
            "median",
            "warning",
            column="n",
            quantile_ranges={"quantiles": [0.5], "value_ranges": [[2, 7]]},
        ),
        expectation("column_values_to_be_in_set", "mostly_train", column="split", value_set=["train"], mostly=0.95),
        expectation("column_distinct_values_to_contain_set", "has_test", column="split", value_set=["test"]),
    )
    assert [(g.key, g.severity, g.passed, g.observed, g.limit, g.rows) for g in gates] == [
        ("lines.suite.has_test", "critical", True, 0, "value_set ['test']", 0),
        ("lines.suite.median", "warning", True, 5, "quantile 0.5: 2 to 7", 0),
        ("lines.suite.mostly_train", "critical", False, 10.0, "value_set ['train'], mostly 0.95", 1),
        ("lines.suite.rows", "critical", False, 10, "min_value 1, max_value 5", 10),
    ]
    json.dumps([gate.as_metrics() for gate in gates], allow_nan=False)


def test_bounds_may_be_formulas_over_the_novel(table, path):
    rule = expectation(
        "table_row_count_to_be_between",
        min_value={"$PARAMETER": "chapters * 2"},
        max_value={"$PARAMETER": "chapters * questions + 1"},
    )
    gates = judge(table, path, rule, chapters=3, questions=4)
    assert (gates[0].passed, gates[0].limit) == (True, "min_value 6, max_value 13")
    assert not judge(table, path, rule, chapters=6, questions=4)[0].passed


def test_a_formula_over_something_unknown_fails(table, path):
    rule = expectation("table_row_count_to_be_between", min_value={"$PARAMETER": "pages * 2"})
    assert [gate.passed for gate in judge(table, path, rule, chapters=3)] == [False]


def test_a_column_that_is_not_there_fails_its_gate_alone(table, path):
    gates = judge(
        table,
        path,
        expectation("column_max_to_be_between", "gone", column="length", max_value=9),
        expectation("table_row_count_to_be_between", "rows", min_value=1),
    )
    assert [(g.name, g.passed, g.observed) for g in gates] == [
        ("gone", False, "no column length"),
        ("rows", True, 10),
    ]


def test_a_column_without_values_fails_although_great_expectations_passes_it(table, path):
    rule = expectation("column_values_to_be_in_set", column="none", value_set=["a"])
    gates = judge(table, path, rule)
    assert (gates[0].passed, gates[0].observed) == (False, "no value in column none")


def test_an_empty_table_fails_every_gate(table, path):
    gates = judge(table.iloc[:0], path, expectation("column_max_to_be_between", column="n", max_value=9))
    assert [(g.name, g.passed, g.observed) for g in gates] == [
        ("rule", False, "nothing to check"),
    ]


def test_an_expectation_that_cannot_be_computed_fails_without_telling_a_value(table, path):
    gates = judge(table, path, expectation("column_mean_to_be_between", column="text", min_value=1))
    assert not gates[0].passed
    assert "甲" not in str([gate.as_metrics() for gate in gates])


def test_unexpected_values_do_not_reach_the_report(table, path):
    gates = judge(table, path, expectation("column_values_to_be_in_set", column="text", value_set=["乙"]))
    assert (gates[0].passed, gates[0].rows) == (False, 10)
    assert "甲" not in str([gate.as_metrics() for gate in gates])


def test_all_of_the_right_expectations_but_one_lost_is_noticed(table, path):
    suite = load(
        [
            expectation("table_row_count_to_be_between", "rows", min_value=1),
            expectation("column_max_to_be_between", "largest", column="n", max_value=99),
        ],
        path,
    )
    suite.expectations.expectations.pop()
    gates = check_dataset(suite, table, {})
    assert [(g.name, g.passed, g.observed) for g in gates] == [
        ("largest", False, "Great Expectations could not compute it"),
        ("rows", True, 10),
    ]


def quantiles(*value_range):
    return {"quantiles": [0.5], "value_ranges": [list(value_range)]}


RULE = expectation("table_row_count_to_be_between", min_value=1)
REFUSED = {
    "no expectation": ([], "an expectation"),
    "no list": ({"a": 1}, "an expectation"),
    "an unknown type": ([expectation("rows_to_be_nice", min_value=1)], "is refused"),
    "a misspelt bound": ([expectation("table_row_count_to_be_between", min_value=1, maximum=2)], "is refused"),
    "a share above one": ([expectation("column_values_to_be_unique", column="n", mostly=7)], "is refused"),
    "bounds the wrong way round": (
        [expectation("table_row_count_to_be_between", min_value=9, max_value=1)],
        "is refused",
    ),
    "no bound": ([expectation("table_row_count_to_be_between", min_value=None)], "a bound"),
    "no bound of a quantile": (
        [expectation("column_quantile_values_to_be_between", column="n", quantile_ranges=quantiles(None, None))],
        "a bound for each quantile",
    ),
    "quantiles that are no mapping": (
        [expectation("column_quantile_values_to_be_between", column="n", quantile_ranges=[0.5])],
        "is refused",
    ),
    "no values": ([expectation("column_distinct_values_to_contain_set", column="n", value_set=[])], "values in its"),
    "a type that is no name": ([{**RULE, "type": 7}], "is refused"),
    "a share of nothing": ([expectation("column_values_to_be_unique", column="n", mostly=0)], "mostly above 0"),
    "values in the results": (
        [expectation("column_values_to_be_unique", column="n", result_format="COMPLETE")],
        "no result_format",
    ),
    "no arguments": ([expectation("column_to_exist")], "kwargs"),
    "an unknown key": ([{**RULE, "notes": "x"}], "exactly the keys"),
    "no severity": ([{k: v for k, v in RULE.items() if k != "severity"}], "exactly the keys"),
    "an unknown severity": ([{**RULE, "severity": "info"}], "severity: critical or warning"),
    "no reason": ([{**RULE, "meta": {"name": "rows"}}], "meta"),
    "a blank reason": ([{**RULE, "meta": {"name": "rows", "reason": " "}}], "a reason in words"),
    "a name in other letters": ([{**RULE, "meta": {"name": "Rows!", "reason": "x"}}], "a name of"),
    "one name twice": ([RULE, expectation("column_to_exist", column="n")], "a name of its own"),
    "one column's expectation twice": (
        [
            expectation("column_mean_to_be_between", "low", column="n", min_value=1),
            expectation("column_mean_to_be_between", "high", column="n", max_value=9),
        ],
        "1 of 2 are left",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_suite_is_refused_for(fault, path):
    expectations, reason = REFUSED[fault]
    with pytest.raises(InputError, match=reason) as error:
        load(expectations, path)
    assert "suite.yaml" in str(error.value)


@pytest.mark.parametrize("changes", [{"name": "dialogue"}, {"mostly": 0.5}])
def test_a_suite_is_refused_for_its_head(changes, path):
    with pytest.raises(InputError, match="a suite needs"):
        load([RULE], path, **changes)


def test_a_part_of_a_suite_speaks_of_the_columns_that_are_there_and_not_of_the_novel(table, path):
    suite = load(
        [
            expectation("column_max_to_be_between", "largest", column="n", max_value=9),
            expectation("column_max_to_be_between", "other", column="m", max_value=9),
            expectation("column_min_to_be_between", "formula", column="n", max_value={"$PARAMETER": "chapters"}),
            expectation("table_row_count_to_be_between", "rows", min_value=1),
        ],
        path,
    ).only(["n", "split"])
    gates = check_dataset(suite, table, {})
    assert [(gate.name, gate.passed) for gate in gates] == [("largest", False)]


def test_two_tables_one_after_another_are_each_judged_by_their_own_rows(table, path):
    rule = expectation("column_max_to_be_between", column="n", max_value=9)
    assert [judge(rows, path, rule)[0].observed for rows in (table, table.head(3), table)] == [10, 3, 10]
