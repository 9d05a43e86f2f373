"""Mend `dvc.lock` when dvc is killed while it writes it.

dvc rewrites the whole file after each stage, in place: a SIGKILL in those milliseconds leaves half a file,
and the next `dvc repro` refuses it. So a stage that dvc runs keeps a copy of the whole file, and leaves one
small process behind that waits for dvc to end, puts the copy back if the file is broken, and is gone.
"""

import fcntl
import os
import select
import shutil
from pathlib import Path

import yaml

from huaben.cli.paths import WORK
from huaben.cli.starter import starter

LOCK_FILE = Path("dvc.lock")
COPY = WORK / "dvc.lock"


def keep_lock_file() -> None:
    """Copy a whole lock file, and see to it that one keeper waits for the dvc that runs this stage."""
    if "DVC_ROOT" not in os.environ or not hasattr(os, "pidfd_open"):
        return
    if is_whole(LOCK_FILE):
        shutil.copyfile(LOCK_FILE, COPY.with_suffix(".new"))
        COPY.with_suffix(".new").replace(COPY)
    dvc = starter()
    if dvc == 1:  # dvc was killed before this stage looked for it, or nothing outlives it
        return
    if os.fork() == 0:
        try:
            _keep(dvc)
        finally:
            os._exit(0)


def is_whole(path: Path) -> bool:
    """Tell whether a lock file is complete: its last line ends, it parses, it has stages."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return text.endswith("\n") and isinstance(content, dict) and isinstance(content.get("stages"), dict)


def mend() -> None:
    """Put the copy back in the place of a broken lock file."""
    if LOCK_FILE.exists() and not is_whole(LOCK_FILE) and COPY.exists():
        COPY.replace(LOCK_FILE)


def _keep(dvc: int) -> None:
    os.setsid()
    for descriptor in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    with (WORK / "keeper").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        select.select([os.pidfd_open(dvc)], [], [])
        mend()
