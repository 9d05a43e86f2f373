"""`huaben init`: a dataset repository for your own novel, with git and DVC, after a look at what rules make of it."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from huaben.cli import paths
from huaben.cli.newrepository import dump_yaml, held_out, load_yaml, write_repository
from huaben.errors import HuabenError, InputError
from huaben.novel.reading.chapters import FORMATS, read_chapters
from huaben.params import ANY_NOVEL, load_cast, load_params
from huaben.records import Chapter


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--novel", required=True, type=click.Path(path_type=Path), help="The novel: a .txt or .epub file.")
@click.option("--character", required=True, help="The hero's canonical name.")
@click.option("--alias", "aliases", multiple=True, help="Another name of the hero; may be repeated.")
@click.option("--slug", help="Short name of the novel in file names: a-z, 0-9, -.")
@click.option("--character-slug", default="hero", show_default=True, help="Short name of the hero in file names.")
def init(
    folder: Path, novel: Path, character: str, aliases: Sequence[str], slug: str | None, character_slug: str
) -> None:
    """Make a dataset repository in FOLDER for your own novel.

    \b
      huaben init jigong --novel 济公全传.txt --character 济公 --alias 和尚 --alias 圣僧
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: exists and is not an empty folder; name a new one")
    chapters = _look(novel)
    slug = slug or re.sub(r"[^a-z0-9]+", "-", novel.stem.lower()).strip("-") or "novel"
    hero = {"name": character.strip(), "slug": character_slug, "aliases": list(aliases)}
    write_repository(folder, novel, slug, hero, chapters)
    _try(folder, chapters)
    _track(folder, Path("data/raw") / f"{slug}{novel.suffix.lower()}")
    test = len(held_out(len(chapters), 0))
    click.echo(f"{folder}: {len(chapters)} chapters, of which {test} are held out. Next: cd {folder} && dvc repro")


def _look(novel: Path) -> list[Chapter]:
    """Read the novel once, so that what is wrong with it is said now."""
    if novel.suffix.lower() not in FORMATS:
        raise InputError(f"{novel}: a .txt or .epub file is expected")
    chapters, anomalies = read_chapters([novel], "novel", ANY_NOVEL)
    click.echo(anomalies.as_text())
    return chapters


def _try(folder: Path, chapters: Sequence[Chapter]) -> None:
    """Say what rules alone will make; leave out pairs by contrast where there would be none, since that fails."""
    from huaben.cli.trial import try_rules

    trial = try_rules(chapters, load_cast(folder / paths.CAST), load_params(folder / paths.PARAMS))
    click.echo(f"  by rules alone: {trial.conversations} conversations, {trial.pairs} preference pairs by contrast")
    if not trial.conversations:
        click.echo("  the rules find no line of the hero: name what the novel calls him by --alias, or in cast.yaml")
    if not trial.pairs:
        params = load_yaml(folder / paths.PARAMS)
        params["preference"]["ways"] = []
        dump_yaml(params, folder / paths.PARAMS)


def _track(folder: Path, novel: Path) -> None:
    """Make a git and DVC repository; the novel goes under `dvc add`."""
    dvc = [sys.executable, "-m", "dvc"]
    _run(folder, ["git", "init", "--quiet"])
    _run(folder, [*dvc, "init", "--quiet"])
    _run(folder, [*dvc, "config", "core.analytics", "false"])
    _run(folder, [*dvc, "config", "core.check_update", "false"])
    _run(folder, [*dvc, "add", "--quiet", str(novel)])
    _run(folder, ["git", "add", "--all"])


def _run(folder: Path, command: list[str]) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise HuabenError(f"{command[0]} is not installed: {error}") from error
    except subprocess.CalledProcessError as error:
        raise HuabenError(f"`{' '.join(command)}` failed in {folder}: {error.stderr.strip()[-500:]}") from error
