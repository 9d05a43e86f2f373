"""The stage `validate`: every dataset through its contract, its suite and the rules between records.

In: the final rows of every dataset, the chapters, the stages' coverage, the rows that were dropped.
Out: the gate report and the profile. `huaben validate` writes both and exits 1 when a critical gate failed.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from huaben.gates.conservation import (
    STAGES,
    Refined,
    check_chapters,
    check_conservation,
    check_coverage,
    check_presence,
)
from huaben.gates.crossrecord import check_file, check_records
from huaben.gates.gate import Gate, attempt, broken
from huaben.gates.profile import make_profile
from huaben.gates.schema import check_rows, load_contract
from huaben.gates.suite import check_dataset, load_suite
from huaben.gates.tables import Novel, Table, load_novel, load_table, records_hold
from huaben.params import Params

Report = dict[str, Any]


def validate(
    datasets: Path,
    chapters: Path,
    dropped: Sequence[Path],
    coverage: Path,
    schemas: Path,
    params: Params,
    *,
    clean: Path,
    root: Path = Path(),
) -> tuple[Report, Report]:
    """Judge all datasets of this run; return the gate report and the profile.

    `datasets` holds the final `<dataset>.jsonl`, `clean` those before `dedupe`, `dropped` is the folder of
    what clean dropped and of what dedupe dropped, in this order. Input names are relative to `root`.
    Nothing that is wrong with the data or the schemas raises: it fails a gate.
    """
    dropped_by_clean, dropped_by_dedupe = dropped
    refined = Refined(clean, dropped_by_clean, dropped_by_dedupe, coverage)
    tables = {name: load_table(datasets / f"{name}.jsonl", name) for name in params.made()}
    gates: list[Gate] = [*check_presence(datasets, tables), *check_coverage(coverage, params)]
    novel = _novel(chapters, params, gates)
    for dataset in tables:
        gates += check_one(dataset, tables, novel, refined, schemas, params)
    folders = (datasets, clean, *dropped)
    files = [chapters, *(coverage / f"{stage}.json" for stage in STAGES), *_schema_files(schemas, tables)]
    files += [folder / f"{name}.jsonl" for folder in folders for name in tables]
    profile = _profile(tables, novel, gates)
    return _report(gates, params, _hashes(files, root)), profile


def validate_file(path: Path, dataset: str, schemas: Path) -> tuple[Report, Report]:
    """Judge one file of anybody's as `dataset`: all rules that need neither the novel nor the other stages."""
    table = load_table(path, dataset)
    gates = [*check_table(table, schemas), *check_file(table)]
    report = {"passed": _passed(gates), "skipped": [], "inputs": {}, "gates": _by_name(gates)}
    return report, make_profile({dataset: table}, None)


def check_one(
    dataset: str, tables: Mapping[str, Table], novel: Novel, refined: Refined, schemas: Path, params: Params
) -> list[Gate]:
    """Return all gates of one dataset; `tables` holds it and `lines`, which others are held against."""
    table = tables[dataset]
    return [
        *check_table(table, schemas),
        *_suite_gates(table, schemas, novel.parameters(params)),
        *check_records(table, tables, novel, params),
        *check_conservation(table, refined),
    ]


def check_table(table: Table, schemas: Path) -> list[Gate]:
    """Return the gates of a dataset's rows: `record`, and one for each column of its contract."""
    gates = [attempt(table.dataset, "schema", "record", partial(records_hold, table))]
    try:
        contract = load_contract(schemas / f"{table.dataset}.yaml", table.dataset)
        return gates + check_rows(contract, table.frame)
    except Exception as error:  # a contract that cannot be read lets nothing pass
        return [*gates, broken(table.dataset, "schema", "contract", error)]


def changed_inputs(report: Mapping[str, Any], root: Path, used: Iterable[Path] = ()) -> list[str]:
    """Return the names of the inputs that are not what the gates saw, and of `used` files they never saw.

    Guards `publish` against `dvc commit -f` and against a report older than the data: publish only when
    `report["passed"] is True` and this list is empty. A report that names no inputs vouches for nothing.
    """
    inputs = report.get("inputs")
    if not isinstance(inputs, dict) or not inputs:
        return ["inputs"]
    changed = {name for name, digest in inputs.items() if _hash(root / name) != digest}
    return sorted(changed | ({_name(path, root) for path in used} - set(inputs)))


def _novel(chapters: Path, params: Params, gates: list[Gate]) -> Novel:
    """Read the chapters and add their gate; unreadable ones leave an empty novel, on which every rule fails."""
    try:
        novel = load_novel(chapters, params)
    except Exception as error:  # told by the gate
        gates.append(broken("all", "crossrecord", "chapters", error))
        return Novel({}, params.novel.language)
    gates += check_chapters(novel, params)
    return novel


def _suite_gates(table: Table, schemas: Path, parameters: Report) -> list[Gate]:
    try:
        suite = load_suite(schemas / "suites" / f"{table.dataset}.yaml", table.dataset)
        return check_dataset(suite, table.frame, parameters)
    except Exception as error:  # a suite that cannot be read lets nothing pass
        return [broken(table.dataset, "suite", "expectations", error)]


def _profile(tables: Mapping[str, Table], novel: Novel, gates: list[Gate]) -> Report:
    """Return the profile; one that cannot be made adds a failed gate and keeps the report."""
    try:
        return make_profile(tables, novel)
    except Exception as error:  # told by the gate
        gates.append(broken("all", "crossrecord", "profile", error))
        return {}


def _report(gates: Sequence[Gate], params: Params, inputs: Mapping[str, str]) -> Report:
    return {
        "passed": _passed(gates),
        "skipped": params.skipped(),
        "inputs": dict(sorted(inputs.items())),
        "gates": _by_name(gates),
    }


def _passed(gates: Sequence[Gate]) -> bool:
    return bool(gates) and all(gate.passed or gate.severity == "warning" for gate in gates)


def _by_name(gates: Sequence[Gate]) -> Report:
    named = {gate.key: gate.as_metrics() for gate in sorted(gates, key=lambda gate: gate.key)}
    if len(named) != len(gates):
        raise AssertionError("two gates of one name: one would hide the other")
    return named


def _schema_files(schemas: Path, names: Iterable[str]) -> list[Path]:
    return [path for name in names for path in (schemas / f"{name}.yaml", schemas / "suites" / f"{name}.yaml")]


def _hashes(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that there is, by its name as seen from `root`."""
    return {_name(path, root): digest for path in paths if (digest := _hash(path))}


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _name(path: Path, root: Path) -> str:
    """Return the path as seen from `root`; links are not followed, as DVC may link the data from its cache."""
    return Path(os.path.relpath(path, root)).as_posix()
