"""The tools beside the stages: a new repository, replies, the score of the rules, a release's checksums."""

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from huaben.cli import paths
from huaben.cli.browse import browse
from huaben.cli.cast import cast
from huaben.cli.diff import diff
from huaben.cli.estimate import estimate
from huaben.cli.init import init
from huaben.cli.push import push
from huaben.cli.stage import read_cast, read_params
from huaben.errors import InputError

if TYPE_CHECKING:
    from huaben.llm.store import ReplyStore

__all__ = [
    "accept",
    "browse",
    "cast",
    "diff",
    "estimate",
    "init",
    "push",
    "rehydrate",
    "replies",
    "score",
    "verify",
]


@click.command()
@click.option("--reason", required=True, help="Why the data may be as it is now; kept beside the profile.")
def accept(reason: str) -> None:
    """Accept today's profile as what the next runs are held against.

    \b
      huaben accept --reason "chapter 9 was rewritten, and is longer"
    """
    from huaben.cli.judge import accept_profile

    accept_profile(read_params(), reason)


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
    from huaben.cli.progress import settings
    from huaben.extract.preference import outside_prompts
    from huaben.extract.recorded import render as render_replies
    from huaben.llm.replies import write_replies
    from huaben.novel.stages import load_chapters, load_lines

    params = read_params()
    prompts = outside_prompts(params.preference)
    chapters, lines = load_chapters(paths.CHAPTERS / "chapters.jsonl"), load_lines(paths.LINES)
    run = settings(params)
    rendered = render_replies(run, paths.ANNOTATION, chapters, lines, read_cast(), prompts, paths.RECORDED)
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
    from huaben.llm.replies import write_replies

    with closing(_open_store()) as store:
        click.echo(f"{write_replies(file, store.rows())} replies in {file}")


@replies.command()
def stats() -> None:
    """Say what the store holds, what it cost, and what was possibly paid for nothing."""
    from huaben.llm.ledger import statistics

    price = read_params().llm.price if paths.PARAMS.exists() else None
    with closing(_open_store()) as store:
        for line in statistics(store, price):
            click.echo(line)


@replies.command()
def gc() -> None:
    """Forget faulty bodies that a good one replaced, and refusals, which are then asked again."""
    with closing(_open_store(writes=True)) as store:
        click.echo(f"{store.forget()} bodies forgotten; every accepted reply and the record of every attempt stay")


def _open_store(writes: bool = False) -> "ReplyStore":
    from huaben.llm.store import ReplyStore, store_path

    if not store_path().exists():
        raise InputError(f"{store_path()}: there is no reply store yet; HUABEN_STORE names another place")
    return ReplyStore(store_path(), writes)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=paths.DATASET)
def verify(folder: Path) -> None:
    """Compare a release with its SHA256SUMS; exit 1 when a file differs.

    Prints the list's own SHA-256: compare that with its publisher's, since who changes a file can change the list.
    """
    from huaben.errors import HuabenError
    from huaben.release.checksums import SUMS, file_digest, verify_release

    if faults := verify_release(folder):
        raise HuabenError(f"{folder} is not as it was published: {'; '.join(faults)}")
    click.echo(f"{folder}: every file is as it was published; sha256 of {SUMS}: {file_digest(folder / SUMS)}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--novel", "novels", type=click.Path(path_type=Path), multiple=True, required=True)
def rehydrate(folder: Path, output: Path, novels: tuple[Path, ...]) -> None:
    """Put the novel's text back into a release that was made without it.

    \b
      huaben rehydrate dataset with-text --novel my-own-copy.epub
    """
    from huaben.release.rehydrate import rehydrate as fill

    done = fill(folder, novels, output / "dataset", output / "exports")
    rows = sum(sum(splits.values()) for splits in done["rows"].values())
    click.echo(f"{output}: dataset/ with {rows} rows and exports/ with {len(done['exports'])} files, with their text")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "dataset", required=True, type=click.Choice(["dialogue", "qa", "preference", "pretrain"]))
@click.option("--output", type=click.Path(path_type=Path), help="A new file; FILE-DATASET.jsonl beside the file.")
def import_(file: Path, dataset: str, output: Path | None) -> None:
    """Make records of the rows of a ShareGPT, Alpaca or like file (JSON or JSONL).

    \b
      huaben import sharegpt.json --as dialogue
    """
    from huaben.release.importing import import_file

    out = output or file.with_name(f"{file.stem}-{dataset}.jsonl")
    click.echo(f"{import_file(file, dataset, out)} records in {out}")
