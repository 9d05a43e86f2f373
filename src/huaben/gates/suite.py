"""Expectation suites: what Great Expectations checks of a dataset as a whole.

A suite is a file (`schemas/suites/<dataset>.yaml`) of expectations, each with a severity, a name and
the reason for its bounds. Bounds may be formulas over the novel: `{$PARAMETER: chapters * 5}`.
Everything runs in memory: no project folder, no analytics, no values of a row in the results.
"""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huaben.errors import HuabenError, InputError
from huaben.gates.gate import Finding, Gate, Scalar, attempt, broken, scalar
from huaben.yamlfile import load_yaml

if TYPE_CHECKING:
    import pandas as pd

KEYS = frozenset(["type", "kwargs", "severity", "meta"])
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
COLUMN_KEYS = ("column", "column_A", "column_B", "column_list", "column_set")
BOUNDS = ("min_value", "max_value")
RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0, "exclude_unexpected_values": True}


@dataclass(frozen=True)
class Suite:
    """A suite that was read: Great Expectations' object, and the file's entries by their names."""

    dataset: str
    expectations: Any
    entries: dict[str, dict[str, Any]]

    def only(self, columns: Collection[str]) -> "Suite":
        """Return the expectations that speak of these columns, and of nothing else, such as a novel."""
        kept = {name: entry for name, entry in self.entries.items() if _speaks_of(entry["kwargs"], columns)}
        return Suite(self.dataset, _build(self.dataset, list(kept.values()), Path(self.dataset)), kept)


def load_suite(path: Path, dataset: str) -> Suite:
    """Read a suite; an empty one, an unknown type or key, or one without bounds is an InputError."""
    content = load_yaml(path)
    keys = {"name", "description", "expectations"}
    _require(isinstance(content, dict) and set(content) == keys, path, f"exactly the keys {sorted(keys)}")
    _require(content["name"] == dataset, path, f"name: {dataset}")
    listed = content["expectations"]
    _require(isinstance(listed, list) and bool(listed), path, "an expectation: an empty one passes anything")
    for i, entry in enumerate(listed, 1):
        _check_entry(entry, f"{path}: expectation {i}")
    entries = {entry["meta"]["name"]: entry for entry in listed}
    _require(len(entries) == len(listed), path, "a name of its own for each expectation")
    suite = Suite(dataset, _build(dataset, listed, path), entries)
    for name, entry in entries.items():
        _check_bounds(entry, f"{path}: expectation {name!r}")
    return suite


def check_dataset(suite: Suite, table: "pd.DataFrame", parameters: Mapping[str, Any]) -> list[Gate]:
    """Judge a whole dataset; return one gate an expectation. One without a result has not held."""
    try:
        results = _results(suite, table, parameters) if len(table) else {}
    except Exception as error:  # a suite that cannot be run has shown nothing
        return [broken(suite.dataset, "suite", name, error) for name in suite.entries]
    return [_gate(suite, name, results, table) for name in sorted(suite.entries)]


def _results(suite: Suite, table: "pd.DataFrame", parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Run the suite; return the results by the expectations' names (GX gives them in an order of its own)."""
    batch = _batch_definition().get_batch({"dataframe": table})
    run = batch.validate(suite.expectations, expectation_parameters=dict(parameters), result_format=RESULT_FORMAT)
    return {result.expectation_config.meta["name"]: result for result in run.results}


@cache
def _batch_definition() -> Any:
    """Return what makes a batch of a table: one context for all suites, as each costs as much as a suite's run."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all")


def _gate(suite: Suite, name: str, results: Mapping[str, Any], table: "pd.DataFrame") -> Gate:
    entry = suite.entries[name]
    return attempt(suite.dataset, "suite", name, lambda: _finding(entry, results.get(name), table), entry["severity"])


def _finding(entry: Mapping[str, Any], result: Any, table: "pd.DataFrame") -> Finding:
    if not len(table):
        return Finding(0, 0)
    for column in _columns(entry["kwargs"]):
        if column not in table:
            raise HuabenError(f"no column {column}")
        if table[column].isna().all():  # value expectations pass on a column without values
            raise HuabenError(f"no value in column {column}")
    if result is None or _raised(result.exception_info):
        raise HuabenError("Great Expectations could not compute it")
    # GX returns numpy.bool for quantiles, which is no bool (GX PR 12248)
    passed = bool(result.success)
    bad = 0 if passed else result.result.get("unexpected_count") or len(table)
    return Finding(bad, len(table), _observed(result.result), _limit(result.expectation_config.kwargs))


def _raised(info: Mapping[str, Any]) -> bool:
    """Tell whether any metric raised: GX gives one report, or one a metric."""
    reports = [info, *(value for value in info.values() if isinstance(value, dict))]
    return any(report.get("raised_exception") or report.get("exception_message") for report in reports)


def _observed(result: Mapping[str, Any]) -> Scalar:
    value = result.get("observed_value")
    if isinstance(value, dict):
        values = [scalar(v) for v in value.get("values", [])]
        return values[0] if len(values) == 1 else ", ".join(map(str, values))
    if value is not None:
        return scalar(value)
    return next((scalar(result[k]) for k in ("unexpected_percent", "missing_count") if k in result), "not told")


def _limit(kwargs: Mapping[str, Any]) -> str:
    """Return the bounds in force in words, formulas already worked out."""
    ranges = kwargs.get("quantile_ranges", {"quantiles": [], "value_ranges": []})
    pairs = zip(ranges["quantiles"], ranges["value_ranges"], strict=True)
    parts = [f"quantile {quantile}: {low} to {high}" for quantile, (low, high) in pairs]
    shown = [key for key in kwargs if key not in ("batch_id", "quantile_ranges", *COLUMN_KEYS)]
    return ", ".join([*parts, *(f"{key} {kwargs[key]}" for key in sorted(shown, reverse=True))])


def _columns(kwargs: Mapping[str, Any]) -> list[str]:
    named = [kwargs[key] for key in COLUMN_KEYS if key in kwargs]
    return [column for value in named for column in (value if isinstance(value, list) else [value])]


def _speaks_of(kwargs: Mapping[str, Any], columns: Collection[str]) -> bool:
    """Tell whether an expectation is about these columns, with bounds that are no formula."""
    has_formula = any(isinstance(value, dict) and "$PARAMETER" in value for value in kwargs.values())
    named = _columns(kwargs)
    return bool(named) and set(named) <= set(columns) and not has_formula


def _check_entry(entry: Any, where: str) -> None:
    _require(isinstance(entry, dict) and set(entry) == KEYS, where, f"exactly the keys {sorted(KEYS)}")
    meta, kwargs = entry["meta"], entry["kwargs"]
    _require(isinstance(meta, dict) and set(meta) == {"name", "reason"}, where, "meta: {name, reason}")
    _require(all(isinstance(v, str) and v.strip() for v in meta.values()), where, "a name and a reason in words")
    _require(NAME.fullmatch(meta["name"]) is not None, where, f"a name of a-z, 0-9 and _, not {meta['name']!r}")
    _require(entry["severity"] in ("critical", "warning"), where, "severity: critical or warning")
    _require(isinstance(kwargs, dict) and bool(kwargs), where, "kwargs")
    _require("result_format" not in kwargs, where, "no result_format: huaben keeps values out of the report")


def _check_bounds(entry: Mapping[str, Any], where: str) -> None:
    """Refuse what Great Expectations takes, and passes whatever the data."""
    kind, kwargs = entry["type"], entry["kwargs"]
    if kind.endswith("_between") and "quantile" not in kind:
        _require(any(kwargs.get(b) is not None for b in BOUNDS), where, "a bound: without one it always passes")
    for low, high in kwargs.get("quantile_ranges", {}).get("value_ranges", []):
        _require(low is not None or high is not None, where, "a bound for each quantile")
    _require(kwargs.get("mostly", 1) != 0, where, "mostly above 0: at 0 it always passes")
    _require(kwargs.get("value_set", True) not in (None, []), where, "values in its value_set")


def _build(dataset: str, listed: list[dict[str, Any]], path: Path) -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = gx.ExpectationSuite(name=dataset)
    for entry in listed:
        try:
            suite.add_expectation_configuration(ExpectationConfiguration(**entry))
        except Exception as error:  # GX raises many kinds; each means that it does not know this
            reason = str(error).split("\n")[0]
            raise InputError(f"{path}: expectation {entry['meta']['name']!r} is refused: {reason}") from error
    if len(suite.expectations) != len(listed):
        raise InputError(f"{path}: two expectations are the same: {len(suite.expectations)} of {len(listed)} are left")
    return suite


def _require(holds: bool, where: Path | str, what: str) -> None:
    if not holds:
        raise InputError(f"{where}: a suite needs {what}")
