"""Stage commands as tools for anybody's file: its lines and speakers, its rows cleaned, its gates."""

import json
from pathlib import Path

import click

from huaben.cli import paths
from huaben.cli.init import resources
from huaben.cli.judge import raise_on_failure
from huaben.errors import HuabenError, InputError
from huaben.params import ANY_NOVEL, load_cast
from huaben.records import DATASETS

OUTPUT = ("chapter", "start", "end", "text", "kind", "speaker", "addressee", "certainty", "evidence")


def print_lines(file: Path, cast_file: Path | None, min_certainty: float, as_json: bool) -> None:
    """Print the quotations of any text file with the rules' speakers."""
    from huaben.novel.chapters import read_chapters
    from huaben.novel.stages import guess_speakers

    chapters, _ = read_chapters([file], file.stem, ANY_NOVEL)
    for line in guess_speakers(chapters, load_cast(cast_file) if cast_file else []):
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


KINDS = {"qa": "qa_v2", "summary": "summary_v2"}
"""Short names of `--as`; the newest version of a dataset speaks for its kind."""


def judge_file(file: Path, kind: str | None) -> None:
    """Judge anybody's file by the rules of one dataset."""
    from huaben.gates.validate import validate_file

    dataset = KINDS.get(kind or "", kind or "")
    if dataset not in DATASETS:
        raise InputError(f"--as: one of {', '.join([*KINDS, *DATASETS])} is expected, not {kind!r}")
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    schemas = paths.SCHEMAS if paths.SCHEMAS.is_dir() else resources() / "schemas"
    gates, profile = validate_file(file, dataset, schemas)
    click.echo(f"{file}: {profile.get(dataset, {}).get('rows', 0)} rows")
    raise_on_failure(gates, f"in {file}")
