"""The rows of an old revision, made again where DVC has no copy: its own code, in a temporary working tree.

Nothing is asked and nothing paid: the replies are those recorded in the repository, the user's store is
out of reach, and a provider that would ask becomes `recorded`. What came out is kept in `.dvc/tmp`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from huaben.errors import HuabenError
from huaben.files import write_json, write_text
from huaben.release.diff.git import clean_environment, worktree
from huaben.release.diff.locked import LAST, ROWS, Locked, read_locked
from huaben.release.diff.sources import Folder

KEPT = Path(".dvc") / "tmp" / "huaben-diff"
FACTS = ("reports", "dvc.lock", "dvc.yaml", "params.yaml")
"""What is kept beside the rows."""
REMARK = "rebuilt.json"


def kept_rows(root: Path, key: str) -> Path | None:
    """Return the folder of rows that an earlier call made again and kept under a key."""
    folder = root / KEPT / key
    return folder if (folder / REMARK).is_file() else None


def rebuild_rows(root: Path, commit: str, key: str, locked: Locked) -> Path:
    """Make the rows of a commit again, keep them under `key`, and return their folder.

    Runs the commands of that commit's `dvc.yaml`, as `dvc repro` would in a clone of it. Raises HuabenError
    where a stage before the gates fails; failed gates are a result, and kept as one.
    """
    with worktree(root, commit, root / KEPT) as tree:
        _prepare(tree, _cache_of(root), locked)
        done = _dvc(tree, locked, "repro", LAST)
        if not all((tree / path).is_dir() for path in ROWS[:2]):
            raise HuabenError(f"`dvc repro {LAST}` failed there: {_why(done.stdout + done.stderr, tree)}")
        return _keep(tree, root / KEPT / key, locked)


def differs_from_lock(folder: Path) -> list[str]:
    """Return the outputs that came out otherwise than the `dvc.lock` of their revision says, sorted."""
    remark = json.loads((folder / REMARK).read_text(encoding="utf-8"))
    return sorted(str(path) for path in remark["differs"])


def _prepare(tree: Path, cache: str, locked: Locked) -> None:
    """Point the tree at the repository's cache, fetch what `dvc add` put there, and forbid to ask a model."""
    _dvc(tree, locked, "config", "--local", "cache.dir", cache)
    added = sorted(str(path.relative_to(tree)) for path in tree.glob("data/**/*.dvc"))
    if added:
        _dvc(tree, locked, "checkout", "--allow-missing", "--quiet", *added)
    params = locked.params if isinstance(locked.params, dict) else {}
    if (params.get("llm") or {}).get("provider") not in (None, "none", "recorded"):
        params = {**params, "llm": {**params["llm"], "provider": "recorded"}}
        write_text(tree / "params.yaml", yaml.safe_dump(params, allow_unicode=True, sort_keys=False))


def _dvc(tree: Path, locked: Locked, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run DVC in the tree, with the tree's own code before ours where it has any."""
    params: Any = locked.params if isinstance(locked.params, dict) else {}
    secret = (params.get("llm") or {}).get("api_key_env")
    environment = {name: value for name, value in clean_environment().items() if name not in (secret, "DVC_ROOT")}
    environment |= {
        "DVC_NO_ANALYTICS": "1",
        "HUABEN_STORE": str(tree / ".huaben" / "no-store.sqlite"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}",
        "PYTHONPATH": os.pathsep.join([str(tree / "src"), *filter(None, [environment.get("PYTHONPATH")])]),
    }
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def _cache_of(root: Path) -> str:
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        return str(repo.cache.local_cache_dir)


def _why(output: str, tree: Path) -> str:
    """Return the message of the stage that failed, or DVC's, in one line that names no temporary folder."""
    lines = [line for line in output.splitlines() if line.startswith(("huaben: ", "ERROR: "))]
    said = lines[0] if lines else output.strip()[-300:] or "it said nothing"
    return " ".join(said.replace(str(tree), ".").split())[:500]


def _keep(tree: Path, place: Path, locked: Locked) -> Path:
    """Copy what is compared to its place, whole or not at all."""
    new = tree.with_name(f"{tree.name}.kept")
    try:
        for part in (*ROWS, *FACTS):
            if (tree / part).is_dir():
                shutil.copytree(tree / part, new / part)
            elif (tree / part).is_file():
                shutil.copyfile(tree / part, new / part)
        came_out = read_locked(Folder(tree)).rows
        write_json(new / REMARK, {"differs": sorted(p for p, md5 in locked.rows.items() if came_out.get(p) != md5)})
        shutil.rmtree(place, ignore_errors=True)
        new.rename(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return place
