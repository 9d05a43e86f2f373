"""What `validate` prints and writes, and the reports that go on the card."""

from collections.abc import Mapping
from typing import Any

import click

from huaben.cli import paths
from huaben.cli.stage import count
from huaben.coverage import Outcome
from huaben.errors import HuabenError
from huaben.files import read_json, write_metrics
from huaben.params import Params


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
    write_metrics(paths.REPORTS / "gates.json", gates)
    write_metrics(paths.REPORTS / "profile.json", profile)
    failed = {
        gate["dataset"] for gate in gates["gates"].values() if not gate["passed"] and gate["severity"] == "critical"
    }
    outcomes: dict[str, Outcome] = {name: "failed" if name in failed else "ok" for name in params.made()}
    count("validate", {**outcomes, **dict.fromkeys(params.skipped(), "skipped")}, "a gate failed, or no provider")
    raise_on_failure(gates, f"see {paths.REPORTS / 'gates.json'}")


def raise_on_failure(gates: Mapping[str, Any], where: str) -> None:
    """Print the failed gates, and raise when one of them is critical."""
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
    """Return the cost and coverage reports of the stages before `publish`, for the card."""
    before = paths.STAGES[: paths.STAGES.index("publish")]
    files = {kind: [paths.REPORTS / kind / f"{name}.json" for name in before] for kind in ("cost", "coverage")}
    return {kind: {path.stem: read_json(path) for path in found if path.exists()} for kind, found in files.items()}
