"""One command a stage. Without a file argument it is the stage of `dvc.yaml`."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from huaben import __version__
from huaben.cli import paths
from huaben.cli.guard import alone
from huaben.coverage import Coverage
from huaben.errors import InputError
from huaben.params import CastMember, Params, load_cast, load_params


def stage(run: Callable[[Params], Coverage | None]) -> click.Command:
    """Make a command of a stage: params read, lock held, a summary line at the end."""

    @wraps(run)
    def command() -> None:
        params = read_params()
        with alone():
            coverage = run(params)
        if coverage:
            click.echo(_summary(coverage))

    return click.command(help=run.__doc__)(command)


def read_params() -> Params:
    """Read the repository's params.yaml, and refuse one that was made for another huaben."""
    params = load_params(paths.PARAMS)
    if params.huaben not in (None, __version__):
        raise InputError(
            f"params.yaml was made for huaben {params.huaben}, this is {__version__}; install that version"
        )
    return params


def read_cast() -> list[CastMember]:
    """Read the repository's cast file; a repository without one has no cast."""
    return load_cast(paths.CAST) if paths.CAST.exists() else []


def asked(params: Params) -> Any:
    """Bundle what the asking stages need."""
    from huaben.extract.asking import Asked
    from huaben.llm.prompts import Prompts

    return Asked(params, Prompts(paths.PROMPTS), (paths.RECORDED, paths.IMPORTED), click.echo)


def _summary(coverage: Coverage) -> str:
    counts = ", ".join(
        f"{coverage.outcomes[n]} {n}" for n in ("ok", "empty", "skipped", "failed") if coverage.outcomes[n]
    )
    dropped = f", {sum(coverage.dropped.values())} rows refused or repaired" if coverage.dropped else ""
    reasons = "".join(
        f"\n  {count} × {reason}" for reason, count in (coverage.reasons + coverage.dropped).most_common(8)
    )
    return f"{coverage.stage}: {coverage.units} units ({counts}), {coverage.rows} rows{dropped}{reasons}"


@stage
def chapters(params: Params) -> Coverage:
    """Decode the novel and find its chapters."""
    from huaben.novel.stages import run_chapters

    anomalies = paths.REPORTS / "anomalies.json"
    return run_chapters(paths.RAW, paths.CHAPTERS, anomalies, paths.COVERAGE / "chapters.json", params)


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--cast", "cast_file", type=click.Path(path_type=Path), help="A list of {name, aliases, gender}.")
@click.option("--min-certainty", type=click.FloatRange(0, 1), default=0.0, help="Below it the speaker is null.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a quotation.")
def lines(file: Path | None, cast_file: Path | None, min_certainty: float, as_json: bool) -> None:
    """Find every quotation (of the novel, or of FILE, with its speaker).

    \b
      huaben lines novel.txt --cast cast.yaml --json
    """
    from huaben.cli.tools import print_lines
    from huaben.novel.stages import run_lines

    if file:
        print_lines(file, cast_file, min_certainty, as_json)
        return
    with alone():
        click.echo(_summary(run_lines(paths.CHAPTERS / "chapters.jsonl", paths.LINES, paths.COVERAGE / "lines.json")))


@stage
def speakers(params: Params) -> Coverage:
    """Decide who speaks, to whom, in which scene."""
    from huaben.extract.stages import run_speakers

    known = paths.CHAPTERS / "chapters.jsonl"
    return run_speakers(known, paths.LINES, paths.SPEAKERS, paths.REPORTS, read_cast(), asked(params))


@stage
def dialogue(params: Params) -> Coverage:
    """Make the characters' conversations."""
    from huaben.extract.stages import run_dialogue

    return run_dialogue(paths.CHAPTERS / "chapters.jsonl", paths.SPEAKERS, paths.DIALOGUE, paths.REPORTS, params)


@stage
def summary(params: Params) -> Coverage:
    """Summarise the chapters."""
    from huaben.extract.stages import run_summary

    return run_summary(paths.CHAPTERS / "chapters.jsonl", paths.LINES, paths.SUMMARY, paths.REPORTS, asked(params))


@stage
def qa(params: Params) -> Coverage:
    """Ask and answer questions, with evidence."""
    from huaben.extract.stages import run_qa

    answers = paths.SUMMARY / "answers_v1.jsonl"
    return run_qa(paths.CHAPTERS / "chapters.jsonl", paths.LINES, answers, paths.QA, paths.REPORTS, asked(params))


@stage
def preference(params: Params) -> Coverage:
    """Make preference pairs."""
    from huaben.extract.stages import run_preference

    return run_preference(paths.DIALOGUE, paths.PREFERENCE, paths.REPORTS, asked(params))


@stage
def clean(params: Params) -> Coverage:
    """Drop what is no good, with a reason."""
    from huaben.refine.stages import run_clean

    return run_clean(paths.SOURCES, paths.CLEAN, paths.COVERAGE / "clean.json", params)


@stage
def dedupe(params: Params) -> Coverage:
    """Drop exact and near duplicates."""
    from huaben.refine.stages import run_dedupe

    return run_dedupe(paths.CLEAN, paths.DEDUPE, paths.COVERAGE / "dedupe.json", params)


@click.command()
@click.option(
    "--input", "file", type=click.Path(path_type=Path), help="Judge this JSONL file instead of the stage's data."
)
@click.option("--as", "dataset", help="The dataset whose rules the file must keep, such as `dialogue`.")
def validate(file: Path | None, dataset: str | None) -> None:
    """Hold every dataset against its gates; exit 1 when one fails.

    \b
      huaben validate --input rows.jsonl --as dialogue
    """
    from huaben.cli.judge import judge_datasets, judge_file

    if file:
        judge_file(file, dataset)
        return
    params = read_params()
    with alone():
        judge_datasets(params)


@stage
def publish(params: Params) -> None:
    """Release the datasets to dataset/ and exports/, if every gate passed."""
    from huaben.cli.judge import read_facts
    from huaben.files import read_json
    from huaben.gates.validate import changed_inputs
    from huaben.release.publish import publish as release

    gates = read_json(paths.REPORTS / "gates.json")
    rows = [paths.DEDUPE / f"{name}.jsonl" for name in params.made()]
    differing = changed_inputs(gates, Path(), rows)
    done = release(paths.DEDUPE, gates, params, paths.DATASET, paths.EXPORTS, read_facts(), differing)
    click.echo(f"publish: {sum(sum(n.values()) for n in done['rows'].values())} rows in {len(done['rows'])} datasets")


@stage
def train(params: Params) -> None:
    """Train: SFT for knowledge, then DPO for style."""
    from huaben.files import write_json

    general = paths.GENERAL if paths.GENERAL.exists() else None
    if params.train.base == "none":
        metrics = {"skipped": "train.base is none"}
        write_json(paths.MODELS / "skipped.json", metrics)
    else:
        from huaben.training.train import train as fit

        metrics = fit(paths.DEDUPE, general, paths.MODELS, paths.WORK / "training", params, click.echo)
    write_json(paths.REPORTS / "train.json", metrics)


@stage
def evaluate(params: Params) -> None:
    """Measure base, SFT and DPO side by side on what training never saw."""
    from huaben.files import write_json

    samples: list[dict[str, Any]] = []
    metrics: dict[str, Any] = {"skipped": "train.base is none"}
    if params.train.base != "none":
        from huaben.training.evaluate import evaluate as measure

        general = paths.GENERAL if paths.GENERAL.exists() else None
        metrics, samples = measure(paths.MODELS, paths.DEDUPE, general, params)
    write_json(paths.REPORTS / "evaluation.json", metrics)
    write_json(paths.REPORTS / "samples.json", samples)


@stage
def report(params: Params) -> None:
    """Write the report page and its Markdown twin."""
    from huaben.files import write_text
    from huaben.release.report import render_report

    html, markdown = render_report(paths.REPORTS, params)
    write_text(paths.REPORTS / "report.html", html)
    write_text(paths.REPORTS / "report.md", markdown)
    click.echo(f"report: {paths.REPORTS / 'report.html'}")
