"""What `validate` prints and writes, and the reports that go on the card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from huaben.cli import paths
from huaben.errors import HuabenError, InputError
from huaben.files import read_json, write_json
from huaben.params import Params
from huaben.records import DATASETS


def judge_datasets(params: Params) -> None:
    """Write `gates.json` and `profile.json`, then raise if a gate failed."""
    from huaben.gates.validate import validate

    gates, profile = validate(
        paths.DEDUPE,
        paths.CHAPTERS / "chapters.jsonl",
        (paths.CLEAN / "dropped", paths.DEDUPE / "dropped"),
        paths.COVERAGE,
        paths.SCHEMAS,
        params,
        clean=paths.CLEAN,
    )
    write_json(paths.REPORTS / "gates.json", gates)
    write_json(paths.REPORTS / "profile.json", profile)
    _raise_on_failure(gates, f"see {paths.REPORTS / 'gates.json'}")


def judge_file(file: Path, dataset: str | None) -> None:
    """Judge anybody's file by the rules of one dataset."""
    from huaben.gates.validate import validate_file

    if dataset not in DATASETS:
        raise InputError(f"--as: one of {', '.join(DATASETS)} is expected, not {dataset!r}")
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    gates, profile = validate_file(file, dataset, paths.SCHEMAS)
    click.echo(f"{file}: {profile.get(dataset, {}).get('rows', 0)} rows")
    _raise_on_failure(gates, f"in {file}")


def _raise_on_failure(gates: Mapping[str, Any], where: str) -> None:
    failed = {name: gate for name, gate in gates["gates"].items() if not gate["passed"]}
    for name, gate in failed.items():
        click.echo(
            f"  {gate['severity']}: {name}: observed {gate['observed']}, limit {gate['limit']}, {gate['rows']} rows"
        )
    click.echo(f"validate: {len(gates['gates']) - len(failed)} of {len(gates['gates'])} gates passed")
    if not gates["passed"]:
        critical = [name for name, gate in failed.items() if gate["severity"] == "critical"]
        raise HuabenError(f"{len(critical)} gates failed ({', '.join(critical[:5])}); {where}")


def read_facts() -> dict[str, Any]:
    """Return the cost and coverage reports by stage, for the card."""
    return {
        kind: {path.stem: read_json(path) for path in sorted((paths.REPORTS / kind).glob("*.json"))}
        for kind in ("cost", "coverage")
    }
