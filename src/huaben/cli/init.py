"""`huaben init`: a dataset repository for your own novel.

Its dvc.yaml, params.yaml, prompts and schemas are this project's own, less what only the embedded novel
has; its stages pin the version of huaben, since there is no `src/` to depend on.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from huaben import __version__
from huaben.cli import paths
from huaben.errors import HuabenError, InputError
from huaben.files import write_text
from huaben.llm.replies import write_replies
from huaben.novel.chapters import FORMATS, read_chapters
from huaben.params import ANY_NOVEL, load_cast, load_params
from huaben.records import Chapter

HELD_OUT_EVERY = 10
"""One chapter in ten is test, and one in ten validation, where there are that many."""
OURS_ALONE = ("src/", "tests/", "data/recorded", "data/prompts", "data/general", "reports/rules.json")
DVCIGNORE = "__pycache__\n*.pyc\n"
README = """# {title}

A dataset repository made with huaben {version}.

    dvc repro                  # novel -> gated datasets in dataset/ and exports/
    huaben verify              # is the release as it was published?

Edit `cast.yaml` (who is who) and `params.yaml` (every tunable). `llm.provider: none` needs no key; for
summaries, questions and answers set it to `openai`, name your model, and put the key into the environment
variable that `api_key_env` names. The novel is under `dvc add`, not in git.
"""


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
    _write(folder, novel, slug, hero, chapters)
    _try(folder, chapters)
    _track(folder, Path("data/raw") / f"{slug}{novel.suffix.lower()}")
    held_out = len(_every(len(chapters), 0))
    click.echo(f"{folder}: {len(chapters)} chapters, of which {held_out} are held out. Next: cd {folder} && dvc repro")


def _look(novel: Path) -> list[Chapter]:
    """Read the novel once, so that what is wrong with it is said now."""
    if novel.suffix.lower() not in FORMATS:
        raise InputError(f"{novel}: a .txt or .epub file is expected")
    chapters, anomalies = read_chapters([novel], "novel", ANY_NOVEL)
    click.echo(anomalies.as_text())
    return chapters


def _every(count: int, offset: int) -> list[int]:
    return [i for i in range(1, count + 1) if i % HELD_OUT_EVERY == offset]


def _try(folder: Path, chapters: Sequence[Chapter]) -> None:
    """Say what rules alone will make; leave out pairs by contrast where there would be none, since that fails."""
    from huaben.cli.trial import try_rules

    trial = try_rules(chapters, load_cast(folder / paths.CAST), load_params(folder / paths.PARAMS))
    click.echo(f"  by rules alone: {trial.conversations} conversations, {trial.pairs} preference pairs by contrast")
    if not trial.conversations:
        click.echo("  the rules find no line of the hero: name what the novel calls him by --alias, or in cast.yaml")
    if not trial.pairs:
        params = _load(folder / paths.PARAMS)
        params["preference"]["ways"] = []
        _dump(params, folder / paths.PARAMS)


def _write(folder: Path, novel: Path, slug: str, hero: dict[str, Any], chapters: Sequence[Chapter]) -> None:
    source = resources()
    for part in ("prompts", "schemas"):
        shutil.copytree(source / part, folder / part, ignore=shutil.ignore_patterns("baseline.json"))
    raw = folder / paths.RAW / f"{slug}{novel.suffix.lower()}"
    raw.parent.mkdir(parents=True)
    shutil.copyfile(novel, raw)
    params = _params(source / "params.yaml", slug, novel.stem, hero, chapters)
    _dump(params, folder / paths.PARAMS)
    _dump(_pipeline(source / "dvc.yaml"), folder / "dvc.yaml")
    _dump([{"name": hero["name"], "aliases": hero["aliases"], "gender": None}], folder / paths.CAST)
    write_replies(folder / paths.IMPORTED, [])
    write_text(folder / paths.REVIEWS, "")
    write_text(folder / ".dvcignore", DVCIGNORE)
    shutil.copyfile(source / ".gitignore", folder / ".gitignore")
    write_text(folder / "README.md", README.format(title=novel.stem, version=__version__))


def _params(source: Path, slug: str, title: str, hero: dict[str, Any], chapters: Sequence[Chapter]) -> Any:
    params = _load(source)
    params.insert(0, "huaben", __version__)
    params["novel"].update({"slug": slug, "title": title, "author": "unknown", "license": None})
    params["character"].update({"name": hero["name"], "slug": hero["slug"], "persona": f"你是{hero['name']}。"})
    params["llm"].update({"provider": "none", "model": "deepseek-flash", "base_url": "https://api.deepseek.com"})
    params["chapters"].update({"test": _every(len(chapters), 0), "validation": _every(len(chapters), 5)})
    params["clean"]["greetings"][0] = hero["name"]
    params["dialogue"]["characters"] = [hero["name"]]
    params["summary"]["versions"] = ["v2"]
    params["qa"]["versions"] = ["v2"]
    params["preference"].update({"ways": ["contrast"], "prompts": None})
    params["train"]["base"] = "none"
    return params


def _pipeline(source: Path) -> Any:
    pipeline = _load(source)
    del pipeline["stages"]["score"]
    for stage in pipeline["stages"].values():
        stage["deps"] = [dep for dep in stage["deps"] if not dep.startswith(OURS_ALONE)]
        stage["params"] = ["huaben", *stage.get("params", [])]
    return pipeline


def _load(path: Path) -> Any:
    from ruamel.yaml import YAML

    return YAML().load(path.read_text(encoding="utf-8"))


def _dump(value: Any, path: Path) -> None:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yaml.dump(value, file)


def resources() -> Path:
    """Return the folder of prompts/, schemas/, params.yaml and dvc.yaml: the checkout, or what pip installed."""
    for root in (Path(__file__).parents[3], Path(sysconfig.get_path("data")) / "share" / "huaben"):
        if (root / "prompts").is_dir() and (root / "dvc.yaml").is_file():
            return root
    raise HuabenError("huaben's prompts and schemas are not installed; reinstall the package")


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
