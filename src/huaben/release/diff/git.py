"""What `huaben diff` asks of git: which commit a name means, and a working tree of an old one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huaben.errors import HuabenError, InputError

DEEP_CLONE = "fetch the history (`git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout)"


def commit_of(root: Path, name: str) -> str:
    """Return the full id of the commit that `name` means.

    Raises InputError outside a git repository and for an unknown name; in a shallow clone it says so.
    """
    if _git(root, "rev-parse", "--git-dir").returncode:
        raise InputError(f"{name!r}: no git repository here to look it up in; name two folders, or go into one")
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.strip()
    if _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        raise InputError(f"{name!r}: this clone is shallow and does not hold that revision; {DEEP_CLONE}")
    raise InputError(f"{name!r}: neither a revision of this repository nor a folder; `git log` names revisions")


def is_revision(root: Path, name: str) -> bool:
    """Tell whether a name means a commit here."""
    try:
        return bool(commit_of(root, name))
    except InputError:
        return False


@contextmanager
def worktree(root: Path, commit: str, parent: Path) -> Iterator[Path]:
    """Yield the root of the repository as it was at a commit, in a temporary working tree under `parent`.

    No hook of the user's runs (`dvc install` sets one that checks data out).
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tree-", dir=parent))
    try:
        added = _git(root, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", str(folder), commit)
        if added.returncode:
            raise HuabenError(f"git cannot make a working tree of {commit[:12]}: {added.stderr.strip()[-300:]}")
        yield folder / _git(root, "rev-parse", "--show-prefix").stdout.strip()
    finally:
        _git(root, "worktree", "remove", "--force", "--force", str(folder))
        shutil.rmtree(folder, ignore_errors=True)


def clean_environment() -> dict[str, str]:
    """Return the environment less what points git at another repository, as a hook's does."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**clean_environment(), "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["git", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise HuabenError("git is not installed; `huaben diff` can then compare two folders only") from error
