"""One command a stage. Without a file argument it is the stage of `dvc.yaml`."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from huaben.cli import paths
from huaben.cli.guard import alone
from huaben.cli.stage import count, read_cast, read_params, stage, summary_line
from huaben.coverage import Coverage
from huaben.files import read_json, write_json, write_metrics, write_text
from huaben.params import Params

PHASES = ("base", "sft", "dpo", "dpo_only")
NO_BASE = "train.base is none"
SKIPPED = "no provider"


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
    from huaben.cli.anyfile import print_lines
    from huaben.novel.stages import run_lines

    if file:
        print_lines(file, cast_file, min_certainty, as_json)
        return
    with alone():
        click.echo(
            summary_line(run_lines(paths.CHAPTERS / "chapters.jsonl", paths.LINES, paths.COVERAGE / "lines.json"))
        )


@stage
def speakers(params: Params) -> Coverage:
    """Decide who speaks, to whom, in which scene."""
    from huaben.cli.progress import asked
    from huaben.extract.stages import run_speakers

    known = paths.CHAPTERS / "chapters.jsonl"
    with asked(params) as run:
        return run_speakers(known, paths.LINES, paths.SPEAKERS, paths.REPORTS, read_cast(), run)


@stage
def dialogue(params: Params) -> Coverage:
    """Make the characters' conversations."""
    from huaben.extract.stages import run_dialogue

    return run_dialogue(paths.CHAPTERS / "chapters.jsonl", paths.SPEAKERS, paths.DIALOGUE, paths.REPORTS, params)


@stage
def summary(params: Params) -> Coverage:
    """Summarise the chapters."""
    from huaben.cli.progress import asked
    from huaben.extract.stages import run_summary

    with asked(params) as run:
        return run_summary(paths.CHAPTERS / "chapters.jsonl", paths.LINES, paths.SUMMARY, paths.REPORTS, run)


@stage
def qa(params: Params) -> Coverage:
    """Ask and answer questions, with evidence."""
    from huaben.cli.progress import asked
    from huaben.extract.stages import run_qa

    answers = paths.SUMMARY / "answers_v1.jsonl"
    with asked(params) as run:
        return run_qa(paths.CHAPTERS / "chapters.jsonl", paths.LINES, answers, paths.QA, paths.REPORTS, run)


@stage
def preference(params: Params) -> Coverage:
    """Make preference pairs."""
    from huaben.cli.progress import asked
    from huaben.extract.stages import run_preference

    with asked(params) as run:
        return run_preference(paths.DIALOGUE, paths.PREFERENCE, paths.REPORTS, run)


@click.command()
@click.option("--input", "file", type=click.Path(path_type=Path), help="Clean this JSON or JSONL dataset instead.")
@click.option("--output", type=click.Path(path_type=Path), help="A new folder; FILE-clean beside the file.")
@click.option("--min-letters", type=click.IntRange(1), default=1, help="Letters or digits that a reply needs.")
def clean(file: Path | None, output: Path | None, min_letters: int) -> None:
    """Drop what is no good, with a reason (of the stage's data, or of anybody's dataset).

    \b
      huaben clean --input rows.jsonl
    """
    from huaben.cli.anyfile import clean_anyfile
    from huaben.refine.stages import run_clean

    if file:
        clean_anyfile(file, output, min_letters)
        return
    params = read_params()
    with alone():
        coverage = run_clean(paths.SOURCES, paths.CLEAN, paths.COVERAGE / "clean.json", params, paths.REVIEWS)
    click.echo(summary_line(coverage))


@stage
def dedupe(params: Params) -> Coverage:
    """Drop exact and near duplicates."""
    from huaben.refine.stages import run_dedupe

    return run_dedupe(paths.CLEAN, paths.DEDUPE, paths.COVERAGE / "dedupe.json", params)


@click.command()
@click.option(
    "--input",
    "file",
    type=click.Path(path_type=Path),
    help="Judge this JSON or JSONL file instead of the stage's data.",
)
@click.option("--as", "kind", type=click.Choice(["dialogue", "qa", "preference"]), help="What the file's rows are.")
@click.option("--output", type=click.Path(path_type=Path), help="A folder for the file's gates.json and profile.json.")
def validate(file: Path | None, kind: str | None, output: Path | None) -> None:
    """Hold every dataset against its gates; exit 1 when one fails.

    \b
      huaben validate --input rows.jsonl --as dialogue
    """
    from huaben.cli.judge import judge_datasets

    if file:
        from huaben.cli.anyfile import judge_file

        judge_file(file, kind, output)
        return
    params = read_params()
    with alone():
        judge_datasets(params)


@click.command()
@click.option(
    "--text",
    type=click.Choice(["full", "withhold"]),
    help="The novel's own text, or spans and hashes in its place; `publish.text` of params.yaml where left out.",
)
def publish(text: str | None) -> None:
    """Release the datasets to dataset/ and exports/, if every gate passed."""
    params = read_params()
    if text:
        params = params.model_copy(update={"publish": params.publish.model_copy(update={"text": text})})
    with alone():
        coverage = _published(params)
    click.echo(summary_line(coverage))


def _published(params: Params) -> Coverage:
    from huaben.cli.judge import GATES, PLACES, read_facts
    from huaben.gates.inputs import changed_inputs
    from huaben.release.publish import publish as release

    gates = read_json(GATES)
    differing = changed_inputs(gates, PLACES, params)
    done = release(paths.DEDUPE, gates, params, paths.DATASET, paths.EXPORTS, read_facts(), differing)
    coverage = count(
        "publish", {**dict.fromkeys(done["rows"], "ok"), **dict.fromkeys(done["skipped"], "skipped")}, SKIPPED
    )
    coverage.rows = sum(sum(rows.values()) for rows in done["rows"].values())
    return coverage


@click.command()
def train() -> None:
    """Train: SFT for knowledge, then DPO for style.

    \b
      torchrun --nproc_per_node 2 -m huaben train    two processes (docs/training.md has more)
    """
    from huaben.training.learning import processes

    params = read_params()
    if not processes.is_main():
        _help_training(params)
        return
    with alone():
        coverage = _counted_training(params)
    click.echo(summary_line(coverage))


def _help_training(params: Params) -> None:
    """Take part beside the main process, which holds the lock, writes and speaks."""
    if params.train.base == "none":
        return
    try:
        _trained(params)
    except KeyboardInterrupt:
        sys.exit(130)


def _counted_training(params: Params) -> Coverage:
    if params.train.base == "none":
        write_json(paths.MODELS / "skipped.json", {"skipped": NO_BASE})
        write_metrics(paths.REPORTS / "train.json", {"skipped": NO_BASE})
        write_json(paths.REPORTS / "curves.json", {})
        return count("train", dict.fromkeys(PHASES, "skipped"), NO_BASE)
    trained = _trained(params)
    write_metrics(paths.REPORTS / "train.json", trained.metrics)
    write_json(paths.REPORTS / "curves.json", trained.curves)
    return count(
        "train", {name: "ok" if (paths.MODELS / name).is_dir() else "empty" for name in PHASES}, "no rows for it"
    )


def _trained(params: Params) -> Any:
    from huaben.training.train import train as fit

    general = paths.GENERAL if paths.GENERAL.exists() else None
    return fit(paths.DEDUPE, general, paths.MODELS, paths.WORK / "training", params, click.echo)


@click.command()
@click.option(
    "--split",
    type=click.Choice(["validation", "test"]),
    default="test",
    help="What to ask; validation, for tuning, prints its figures and writes no report.",
)
def evaluate(split: Literal["validation", "test"]) -> None:
    """Measure base, SFT and DPO side by side on what training never saw.

    \b
      huaben evaluate --split validation
    """
    from huaben.cli.progress import judged, settings
    from huaben.extract.asking import costs
    from huaben.llm.answers import Reply
    from huaben.training.evaluate import evaluate as measure

    params, coverage, used = read_params(), Coverage("evaluate"), list[Reply]()
    judge = partial(judged, params, coverage, used) if params.evaluate.judge else None
    metrics: dict[str, Any] = {"skipped": NO_BASE}
    samples: list[dict[str, Any]] = []
    with alone():
        if params.train.base != "none":
            general = paths.GENERAL if paths.GENERAL.exists() else None
            metrics, samples = measure(paths.MODELS, paths.DEDUPE, general, params, split, judge)
        if split == "validation":
            click.echo(json.dumps(metrics, ensure_ascii=False, indent=2, sort_keys=True))
            return
        write_metrics(paths.REPORTS / "evaluation.json", metrics)
        write_json(paths.REPORTS / "samples.json", samples)
        write_metrics(paths.REPORTS / "cost" / "evaluate.json", costs(settings(params), used))
        found = metrics.get("models", {})
        count("evaluate", {name: "ok" if name in found else "skipped" for name in PHASES}, NO_BASE, coverage)
    click.echo(summary_line(coverage))


@stage
def report(params: Params) -> Coverage:
    """Write the report page and its Markdown twin."""
    from huaben.release.report import render_report

    html, markdown = render_report(paths.REPORTS, params)
    write_text(paths.REPORTS / "report.html", html)
    write_text(paths.REPORTS / "report.md", markdown)
    return count("report", {"report.html": "ok", "report.md": "ok"})
