"""Stage commands as tools for anybody's file: its lines and speakers, its rows cleaned, its gates."""

import json
from pathlib import Path

import click

from huaben.cli import paths
from huaben.cli.judge import raise_on_failure
from huaben.cli.newrepository import resources
from huaben.errors import HuabenError, InputError
from huaben.files import write_metrics
from huaben.params import ANY_NOVEL, load_cast

OUTPUT = ("chapter", "start", "end", "text", "kind", "speaker", "addressee", "certainty", "evidence")


def print_lines(file: Path, cast_file: Path | None, min_certainty: float, as_json: bool) -> None:
    """Print the quotations of any text file with the rules' speakers."""
    from huaben.novel.reading.chapters import read_chapters
    from huaben.novel.stages import guess_speakers

    chapters, _ = read_chapters([file], file.stem, ANY_NOVEL)
    lines = guess_speakers(chapters, load_cast(cast_file) if cast_file else [])
    if not lines:
        click.echo(f"huaben: {file}: no quotation found in {len(chapters)} chapters", err=True)
    for line in lines:
        certain = line.speaker is not None and line.certainty >= min_certainty
        row = {**line.row(), **({} if certain else {"speaker": None, "addressee": None})}
        shown = {name: row[name] for name in OUTPUT}
        click.echo(json.dumps(shown, ensure_ascii=False) if as_json else _readable(shown))


def _readable(row: dict[str, object]) -> str:
    return f"{row['chapter']}:{row['start']}-{row['end']}\t{row['kind']}\t{row['speaker'] or '?'}\t{row['text']}"


def clean_anyfile(file: Path, output: Path | None, min_letters: int) -> None:
    """Clean anybody's dataset into a folder of its own; say what became of its rows."""
    from huaben.cli.cleaned import cleaning_progress, print_report
    from huaben.refine.cleaning import clean_file

    out = output or file.with_name(f"{file.stem}-clean")
    with cleaning_progress(file) as progress:
        report = clean_file(file, out, min_letters, progress)
    print_report(report, out)
    if not report.kept:
        raise HuabenError(f"{file}: no row was kept; {out / 'report.md'} says why")


def judge_file(file: Path, kind: str | None, output: Path | None) -> None:
    """Judge anybody's file, print every gate, and write the reports to the folder `output`."""
    from huaben.gates.anyfile import validate_file

    if kind is None:
        raise InputError("--as: say what the rows are: dialogue, qa or preference")
    schemas = paths.SCHEMAS if paths.SCHEMAS.is_dir() else resources() / "schemas"
    gates, profile = validate_file(file, kind, schemas)
    if output:
        write_metrics(output / "gates.json", gates)
        write_metrics(output / "profile.json", profile)
    (numbers,) = profile.values()
    click.echo(f"{file}: {numbers['rows']} rows judged as {kind}")
    for reason, count in gates["refused"].items():
        click.echo(f"  {count} rows are none: {reason}")
    for name, gate in gates["gates"].items():
        if gate["passed"]:
            click.echo(f"  passed: {name}: observed {gate['observed']}, limit {gate['limit']}")
    for name, reason in gates["not_run"].items():
        click.echo(f"  not run: {name}: {reason}")
    raise_on_failure(gates, f"in {file}")
