"""What a new dataset repository holds: this project's dvc.yaml, params.yaml, prompts, recipes, schemas, made its own.

What only the embedded novel has is left out; the stages pin the version of huaben, since there is no `src/` to
depend on.
"""

import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huaben import __version__
from huaben.cli import paths
from huaben.errors import HuabenError
from huaben.files import write_text
from huaben.llm.replies import write_replies
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


def write_repository(folder: Path, novel: Path, slug: str, hero: dict[str, Any], chapters: Sequence[Chapter]) -> None:
    """Write everything but git's and DVC's own files into `folder`; `hero` has name, slug and aliases."""
    source = resources()
    for part in ("prompts", "recipes", "schemas"):
        shutil.copytree(source / part, folder / part, ignore=shutil.ignore_patterns("baseline.json"))
    raw = folder / paths.RAW / f"{slug}{novel.suffix.lower()}"
    raw.parent.mkdir(parents=True)
    shutil.copyfile(novel, raw)
    params = _params(source / "params.yaml", slug, novel.stem, hero, chapters)
    dump_yaml(params, folder / paths.PARAMS)
    dump_yaml(_pipeline(source / "dvc.yaml"), folder / "dvc.yaml")
    dump_yaml([{"name": hero["name"], "aliases": hero["aliases"], "gender": None}], folder / paths.CAST)
    write_replies(folder / paths.IMPORTED, [])
    write_text(folder / paths.REVIEWS, "")
    write_text(folder / ".dvcignore", DVCIGNORE)
    shutil.copyfile(source / ".gitignore", folder / ".gitignore")
    write_text(folder / "README.md", README.format(title=novel.stem, version=__version__))


def _params(source: Path, slug: str, title: str, hero: dict[str, Any], chapters: Sequence[Chapter]) -> Any:
    params = load_yaml(source)
    params.insert(0, "huaben", __version__)
    params["novel"].update({"slug": slug, "title": title, "author": "unknown", "license": None})
    params["character"].update({"name": hero["name"], "slug": hero["slug"], "persona": f"你是{hero['name']}。"})
    params["llm"].update({"provider": "none", "model": "deepseek-flash", "base_url": "https://api.deepseek.com"})
    params["chapters"].update({"test": held_out(len(chapters), 0), "validation": held_out(len(chapters), 5)})
    params["clean"]["greetings"][0] = hero["name"]
    params["dialogue"]["characters"] = [hero["name"]]
    params["summary"]["versions"] = ["v2"]
    params["qa"]["versions"] = ["v2"]
    params["qa"]["wordings"] = 0
    params["preference"].update({"ways": ["contrast"], "prompts": None, "names": list(hero["aliases"])})
    params["train"]["base"] = "none"
    return params


def _pipeline(source: Path) -> Any:
    pipeline = load_yaml(source)
    del pipeline["stages"]["score"]
    for stage in pipeline["stages"].values():
        stage["deps"] = [dep for dep in stage["deps"] if not dep.startswith(OURS_ALONE)]
        stage["params"] = ["huaben", *stage.get("params", [])]
    return pipeline


def load_yaml(path: Path) -> Any:
    """Read YAML with its comments."""
    from ruamel.yaml import YAML

    return YAML().load(path.read_text(encoding="utf-8"))


def dump_yaml(value: Any, path: Path) -> None:
    """Write YAML with its comments."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yaml.dump(value, file)


def resources() -> Path:
    """Return the folder of prompts/, recipes/, schemas/ and the YAML files: the checkout, or what pip installed."""
    for root in (Path(__file__).parents[3], Path(sysconfig.get_path("data")) / "share" / "huaben"):
        if (root / "prompts").is_dir() and (root / "dvc.yaml").is_file():
            return root
    raise HuabenError("huaben's prompts and schemas are not installed; reinstall the package")


def held_out(count: int, offset: int) -> list[int]:
    """Return the places of the chapters held out, one in ten from `offset` on, counted from 1."""
    return [i for i in range(1, count + 1) if i % HELD_OUT_EVERY == offset]
