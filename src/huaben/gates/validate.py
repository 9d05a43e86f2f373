"""The stage `validate`: every dataset through its contract, its suite and the rules between records.

In: the final rows of every dataset, the chapters, the stages' coverage, the rows that were dropped.
Out: the gate report and the profile. `huaben validate` writes both and exits 1 when a critical gate failed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from huaben.gates.baseline import profile_digest
from huaben.gates.conservation import check_chapters, check_conservation, check_coverage, check_leftovers
from huaben.gates.crossrecord import check_records
from huaben.gates.drift import check_drift
from huaben.gates.gate import Gate, Judged, attempt, broken
from huaben.gates.inputs import Places, digests
from huaben.gates.profile import make_profile
from huaben.gates.schema import Contract, check_rows, load_contract
from huaben.gates.suite import Suite, check_dataset, load_suite
from huaben.gates.tables import Novel, Table, load_novel, load_table, records_hold, rows_are_there
from huaben.params import Params

Report = dict[str, Any]
T = TypeVar("T")
NEED_LINES = ("speakers", "verbatim")
"""Rules that hold a dataset against `lines`."""


@dataclass(frozen=True)
class Rules:
    """A dataset's contract and suite, or why they could not be read."""

    contract: Contract | Exception
    suite: Suite | Exception


def validate(places: Places, params: Params) -> tuple[Report, Report]:
    """Judge all datasets of this run; return the gate report and the profile.

    Nothing that is wrong with the data or the schemas raises: it fails a gate.
    """
    tables = {name: load_table(places.datasets / f"{name}.jsonl", name) for name in params.made()}
    judged = Judged([*check_leftovers(places.datasets, params.made()), *check_coverage(places.coverage, params)])
    novel = _novel(places.chapters, params, judged.gates)
    for dataset in tables:
        judged.add(check_one(dataset, tables, novel, places, params, load_rules(places.schemas, dataset)))
    profile = _profile(tables, novel, judged.gates)
    judged.add(check_drift(profile, params.made(), places.baseline, places.limits))
    report = {"skipped": params.skipped(), "inputs": digests(places, params), "profile": profile_digest(profile)}
    return {**report_of(judged), **report}, profile


def load_rules(schemas: Path, dataset: str) -> Rules:
    """Read a dataset's contract and suite."""
    return Rules(
        _read(load_contract, schemas / f"{dataset}.yaml", dataset),
        _read(load_suite, schemas / "suites" / f"{dataset}.yaml", dataset),
    )


def check_one(
    dataset: str, tables: Mapping[str, Table], novel: Novel, places: Places, params: Params, rules: Rules
) -> Judged:
    """Judge one dataset; `tables` holds it, `lines`, which others are held against, and what removed rows of it.

    One without a row that can be read says so once: its other gates have nothing to judge, and are not run.
    """
    table = tables[dataset]
    basis = check_basis(table)
    others = [
        *check_contract(table, rules.contract),
        *check_suite(table, rules.suite, novel.parameters(params)),
        *check_records(table, tables, novel, params),
        *check_conservation(table, tables, places),
    ]
    if not table.items:
        return Judged(basis, {gate.key: f"{dataset} has no row to judge" for gate in others})
    if tables["lines"].items:
        return Judged([*basis, *others])
    blind = {gate.key: "lines has no row to hold it against" for gate in others if gate.name in NEED_LINES}
    return Judged([*basis, *(gate for gate in others if gate.key not in blind)], blind)


def _read(load: Callable[[Path, str], T], path: Path, dataset: str) -> T | Exception:
    try:
        return load(path, dataset)
    except Exception as error:  # told by the gate of what could not be read
        return error


def check_basis(table: Table) -> list[Gate]:
    """Return the gates that all others of a dataset rest on: it has rows, and each is a record."""
    gates = [attempt(table.dataset, "schema", "rows", partial(rows_are_there, table))]
    if table.n_rows:
        gates.append(attempt(table.dataset, "schema", "record", partial(records_hold, table)))
    return gates


def check_contract(table: Table, contract: Contract | Exception) -> list[Gate]:
    """Return the gates of a dataset's rows, one for each rule of its contract; an unread one lets nothing pass."""
    if isinstance(contract, Exception):
        return [broken(table.dataset, "schema", "contract", contract)]
    return check_rows(contract, table.frame)


def check_suite(table: Table, suite: Suite | Exception, parameters: Report) -> list[Gate]:
    """Return the gates of a dataset as a whole, one for each expectation; an unread suite lets nothing pass."""
    if isinstance(suite, Exception):
        return [broken(table.dataset, "suite", "expectations", suite)]
    return check_dataset(suite, table.frame, parameters)


def report_of(judged: Judged) -> Report:
    """Return the verdict: `passed`, the gates by their keys, and why others were not run."""
    gates = {gate.key: gate.as_metrics() for gate in sorted(judged.gates, key=lambda gate: gate.key)}
    if len(gates) != len(judged.gates) or gates.keys() & judged.not_run.keys():
        raise AssertionError("two gates of one name: one would hide the other")
    return {"passed": judged.passed, "gates": gates, "not_run": dict(sorted(judged.not_run.items()))}


def _novel(chapters: Path, params: Params, gates: list[Gate]) -> Novel:
    """Read the chapters and add their gate; unreadable ones leave an empty novel, on which every rule fails."""
    try:
        novel = load_novel(chapters, params)
    except Exception as error:  # told by the gate
        gates.append(broken("all", "crossrecord", "chapters", error))
        return Novel({}, params.novel.joiner)
    gates += check_chapters(novel, params)
    return novel


def _profile(tables: Mapping[str, Table], novel: Novel, gates: list[Gate]) -> Report:
    """Return the profile; one that cannot be made adds a failed gate and keeps the report."""
    try:
        return make_profile(tables, novel)
    except Exception as error:  # told by the gate
        gates.append(broken("all", "crossrecord", "profile", error))
        return {}
