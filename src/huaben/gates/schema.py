"""Contracts: what pandera checks on every row of a dataset's frame.

A contract is a file in pandera's own YAML (`schemas/<dataset>.yaml`). pandera's reader takes unknown
check names and keys in silence, so this one refuses whatever it does not know. One gate for each column
that has a check.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huaben.errors import HuabenError, InputError
from huaben.gates.gate import Finding, Gate, Severity, broken, judge
from huaben.yamlfile import load_yaml

if TYPE_CHECKING:
    import pandas as pd

COMPARISONS = ("equal_to", "not_equal_to", "greater_than", "greater_than_or_equal_to", "less_than")
CHECKS = frozenset([*COMPARISONS, "less_than_or_equal_to", "in_range", "isin", "notin", "str_length", "str_matches"])
"""pandera's own checks that a contract may use; custom ones would be dropped in silence."""
DTYPES = frozenset(["str", "int64", "float64", "bool"])
FRAME = {"schema_type": "dataframe", "strict": True, "ordered": True, "coerce": False}
"""What a contract must say of its frame: exactly these columns in this order, as they are."""
REQUIRED = frozenset([*FRAME, "name", "description", "columns"])
COLUMN = frozenset(["description", "dtype", "nullable"])
COLUMN_OPTIONS = frozenset(["unique", "checks", "metadata"])


@dataclass(frozen=True)
class Contract:
    """A contract that was read: pandera's schema, its columns, and the rule and severity of each that has one."""

    dataset: str
    schema: Any
    columns: list[str]
    rules: dict[str, str]
    """By column. One without checks documents what a suite counts, and is no gate."""
    severities: dict[str, Severity]

    def only(self, columns: Collection[str]) -> "Contract":
        """Return the part of the contract that speaks of these columns."""
        kept = [name for name in self.columns if name in columns]
        rules = {name: rule for name, rule in self.rules.items() if name in kept}
        return replace(self, schema=self.schema.select_columns(kept), columns=kept, rules=rules)


def load_contract(path: Path, dataset: str) -> Contract:
    """Read a contract; an unknown key, check or type, or one that checks nothing, is an InputError."""
    content = load_yaml(path)
    _require(isinstance(content, dict) and set(content) == REQUIRED, path, f"exactly the keys {sorted(REQUIRED)}")
    _require(content["name"] == dataset, path, f"name: {dataset}")
    for key, value in FRAME.items():
        _require(content[key] == value, path, f"{key}: {value}")
    columns = content["columns"]
    _require(isinstance(columns, dict) and bool(columns), path, "at least one column")
    for name, column in columns.items():
        _check_column(name, column, f"{path}: column {name!r}")
    n_checks = sum(len(column.get("checks", {})) for column in columns.values())
    _require(n_checks > 0, path, "at least one check: a contract of types alone passes nearly anything")
    schema = _build(content, path, n_checks)
    judged = {name: column for name, column in columns.items() if column.get("checks") or column.get("unique")}
    rules = {name: _rule(column) for name, column in judged.items()}
    return Contract(dataset, schema, list(columns), rules, {name: _severity(judged[name]) for name in judged})


def check_rows(contract: Contract, table: "pd.DataFrame") -> list[Gate]:
    """Check every row; return one gate a rule, and a failed `contract` where table and contract differ in columns."""
    try:
        failures = _failures(contract, table)
    except Exception as error:  # a schema that cannot be run has shown nothing
        return [broken(contract.dataset, "schema", name, error) for name in (*contract.rules, "contract")]
    gates = [_column_gate(contract, name, failures, len(table)) for name in contract.rules]
    if len(table) and (list(table.columns) != contract.columns or set(failures) - set(contract.rules)):
        differing = HuabenError("the columns and their types are not those of the contract")
        gates.append(broken(contract.dataset, "schema", "contract", differing))
    return gates


def _failures(contract: Contract, table: "pd.DataFrame") -> dict[str, int]:
    """Return the number of distinct rows that break a column's rule, by column; a fault of the column counts all."""
    import pandera.pandas as pa

    try:
        contract.schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failed = errors.failure_cases.groupby("column", dropna=False)["index"]
        return {str(name): len(table) if rows.isna().any() else int(rows.nunique()) for name, rows in failed}
    return {}


def _column_gate(contract: Contract, name: str, failures: Mapping[str, int], n_rows: int) -> Gate:
    finding = Finding(failures.get(name, 0), n_rows, None, contract.rules[name])
    return judge(contract.dataset, "schema", name, finding, contract.severities[name])


def _check_column(name: Any, column: Any, where: str) -> None:
    known = COLUMN | COLUMN_OPTIONS
    _require(isinstance(name, str) and isinstance(column, dict), where, "a name and a mapping")
    _require(COLUMN <= set(column) <= known, where, f"the keys {sorted(COLUMN)} and at most {sorted(COLUMN_OPTIONS)}")
    _require(isinstance(column["description"], str) and bool(column["description"].strip()), where, "a description")
    _require(column["dtype"] in DTYPES, where, f"a dtype of {sorted(DTYPES)}")
    _require(column["nullable"] is False, where, "nullable: false")
    _require(isinstance(column.get("unique", False), bool), where, "unique: true or false")
    _require(isinstance(column.get("checks", {}), dict), where, "checks: a mapping")
    for check, value in column.get("checks", {}).items():
        _require(check in CHECKS, where, f"a check of {sorted(CHECKS)}, not {check!r}")
        _require(value not in (None, [], {}), where, f"{check}: a value")
        _require(not isinstance(value, dict) or "options" not in value, where, f"{check}: no options, they soften it")
    metadata = column.get("metadata", {"severity": "critical"})
    severities = ({"severity": "critical"}, {"severity": "warning"})
    _require(metadata in severities, where, "metadata: {severity: critical} or {severity: warning}")


def _build(content: dict[str, Any], path: Path, n_checks: int) -> Any:
    from pandera.io.pandas_io import deserialize_schema

    try:
        schema = deserialize_schema(content)
    except Exception as error:  # pandera raises many kinds; each means that a check has the wrong arguments
        raise InputError(f"{path}: pandera cannot build it: {str(error).splitlines()[0]}") from error
    built = sum(len(column.checks) for column in schema.columns.values())
    if built != n_checks or list(schema.columns) != list(content["columns"]):
        raise InputError(f"{path}: pandera built {built} checks of {n_checks}")
    return schema


def _rule(column: Mapping[str, Any]) -> str:
    checks = [f"{name} {_words(value)}" for name, value in column.get("checks", {}).items()]
    return ", ".join([column["dtype"], *(["unique"] if column.get("unique") else []), *checks])


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {bound}" for key, bound in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _severity(column: Mapping[str, Any]) -> Severity:
    return "warning" if column.get("metadata", {}).get("severity") == "warning" else "critical"


def _require(holds: bool, where: Path | str, what: str) -> None:
    if not holds:
        raise InputError(f"{where}: a contract needs {what}")
