"""The tools beside the stages: for anybody's file, for a new repository, for replies."""

import json
from collections import defaultdict
from pathlib import Path

import click

from huaben.cli import paths
from huaben.cli.init import init
from huaben.cli.stages import asked, read_cast, read_params
from huaben.errors import InputError
from huaben.params import ANY_NOVEL, load_cast

__all__ = ["init", "print_lines", "replies", "score", "verify"]

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


@click.command()
@click.argument("gold", type=click.Path(path_type=Path), default=paths.GOLD)
def score(gold: Path) -> None:
    """Score the speaker rules against a gold file."""
    from huaben.novel.stages import run_score

    chapters = paths.CHAPTERS / "chapters.jsonl"
    result = run_score(chapters, gold, paths.REPORTS / "rules.json", read_cast(), read_params())
    click.echo(json.dumps(result, ensure_ascii=False))


@click.group()
def replies() -> None:
    """Render, import, export and count replies."""


@replies.command()
def render() -> None:
    """Render the annotation under data/recorded/ as replies to the prompts as they are now."""
    from huaben.extract.preference import read_prompts
    from huaben.extract.recorded import render as render_replies
    from huaben.llm.replies import write_replies
    from huaben.novel.stages import load_chapters, load_lines

    params = read_params()
    prompts = read_prompts(Path(params.preference.prompts)) if params.preference.prompts else []
    chapters, lines = load_chapters(paths.CHAPTERS / "chapters.jsonl"), load_lines(paths.LINES)
    rendered = render_replies(
        asked(params), paths.ANNOTATION, chapters, defaultdict(list, lines), read_cast(), prompts, paths.RECORDED
    )
    write_replies(paths.RECORDED, rendered.rows)
    click.echo(f"{len(rendered.rows)} replies in {paths.RECORDED}")
    for name in rendered.changed:
        click.echo(f"  the prompt changed since it was answered: {name}")


@replies.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_replies(file: Path) -> None:
    """Add a colleague's replies to data/replies.jsonl, which provider `recorded` reads."""
    from huaben.llm.replies import load_recorded, read_replies, write_replies

    present = [path for path in (paths.IMPORTED, file) if path.exists()]
    if file not in present:
        raise InputError(f"{file}: no such file")
    load_recorded(present)
    rows = {row["key"]: row for path in present for row in read_replies(path)}
    count = write_replies(paths.IMPORTED, rows.values())
    click.echo(f"{count} replies in {paths.IMPORTED}; set llm.provider to `recorded` to build from them")


@replies.command()
@click.argument("file", type=click.Path(path_type=Path), default=paths.IMPORTED)
def export(file: Path) -> None:
    """Write the reply store to FILE (data/replies.jsonl), sorted, for a colleague without a key."""
    from huaben.llm.replies import ReplyStore, store_path, write_replies

    if not store_path().exists():
        raise InputError(f"{store_path()}: there is no reply store yet; HUABEN_STORE names another place")
    store = ReplyStore(store_path())
    click.echo(f"{write_replies(file, store.rows())} replies in {file}")
    store.close()


@replies.command()
def stats() -> None:
    """Count the replies of the store by prompt."""
    from collections import Counter

    from huaben.llm.replies import ReplyStore, store_path

    if not store_path().exists():
        raise InputError(f"{store_path()}: there is no reply store yet; HUABEN_STORE names another place")
    store = ReplyStore(store_path())
    for prompt, count in sorted(Counter(row["prompt"] for row in store.rows()).items()):
        click.echo(f"{prompt}\t{count}")
    store.close()


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=paths.DATASET)
def verify(folder: Path) -> None:
    """Compare a release with its SHA256SUMS; exit 1 when a file differs."""
    from huaben.errors import HuabenError
    from huaben.release.checksums import verify_release

    if faults := verify_release(folder):
        raise HuabenError(f"{folder} is not as it was published: {'; '.join(faults)}")
    click.echo(f"{folder}: every file is as it was published")
