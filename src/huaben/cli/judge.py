"""What `validate` and `accept` print and write, and the reports that go on the card."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from huaben.cli import paths
from huaben.cli.stage import count
from huaben.coverage import Outcome
from huaben.errors import HuabenError
from huaben.files import read_json, write_metrics
from huaben.gates.inputs import Places, changed_inputs
from huaben.params import Params

GATES = paths.REPORTS / "gates.json"
PROFILE = paths.REPORTS / "profile.json"
PLACES = Places(
    paths.DEDUPE,
    paths.CLEAN,
    paths.CLEAN / "dropped",
    paths.DEDUPE / "dropped",
    paths.CHAPTERS / "chapters.jsonl",
    paths.COVERAGE,
    paths.SCHEMAS,
)


def judge_datasets(params: Params) -> None:
    """Write `gates.json` and `profile.json`, then raise if a gate failed."""
    from huaben.gates.validate import validate

    gates, profile = validate(PLACES, params)
    write_metrics(GATES, gates)
    write_metrics(PROFILE, profile)
    failed = {
        gate["dataset"] for gate in gates["gates"].values() if not gate["passed"] and gate["severity"] == "critical"
    }
    outcomes: dict[str, Outcome] = {name: "failed" if name in failed else "ok" for name in params.made()}
    count("validate", {**outcomes, **dict.fromkeys(params.skipped(), "skipped")}, "a gate failed, or no provider")
    for reason, number in sorted(Counter(gates["not_run"].values()).items()):
        click.echo(f"  not run: {number} gates: {reason}")
    raise_on_failure(gates, f"see {GATES}")


def accept_profile(params: Params, reason: str) -> None:
    """Make the profile of the last `validate` the accepted one."""
    from huaben.gates.baseline import accept

    gates, profile = read_json(GATES), read_json(PROFILE)
    # the baseline is what is about to change: a report that saw another one tells as much of the data
    baseline = PLACES.baseline.as_posix()
    differing = [name for name in changed_inputs(gates, PLACES, params) if name != baseline]
    accept(PLACES.baseline, gates, profile, reason, differing)
    click.echo(f"accept: the profile of {len(profile)} datasets is in {baseline}; commit it, and run `dvc repro`")


def raise_on_failure(gates: Mapping[str, Any], where: str) -> None:
    """Print the failed gates, and raise when a critical one is among them."""
    failed = {name: gate for name, gate in gates["gates"].items() if not gate["passed"]}
    for name, gate in failed.items():
        click.echo(
            f"  {gate['severity']}: {name}: observed {gate['observed']}, limit {gate['limit']}, {gate['rows']} rows"
        )
    click.echo(f"validate: {len(gates['gates']) - len(failed)} of {len(gates['gates'])} gates passed")
    if gates["passed"]:
        return
    critical = {name: gate["kind"] for name, gate in failed.items() if gate["severity"] == "critical"}
    drifted = "; is the drift right? `huaben accept --reason ...`" if set(critical.values()) == {"drift"} else ""
    raise HuabenError(f"{len(critical)} gates failed ({', '.join(list(critical)[:5])}); {where}{drifted}")


def read_facts() -> dict[str, Any]:
    """Return the cost and coverage reports of the stages before `publish`, for the card."""
    before = paths.STAGES[: paths.STAGES.index("publish")]
    files = {kind: [paths.REPORTS / kind / f"{name}.json" for name in before] for kind in ("cost", "coverage")}
    return {kind: {path.stem: read_json(path) for path in found if path.exists()} for kind, found in files.items()}
