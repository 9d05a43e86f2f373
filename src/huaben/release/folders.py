"""A released folder is replaced whole: what is under its name is all of one release."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huaben.errors import InputError
from huaben.release.checksums import SUMS


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` when the block ends without error.

    The new folder is built beside the old one, which is renamed away, the new one into its place.
    A crash between the two renames leaves the old one under its other name; the next call puts it back.
    """
    new, old = (folder.with_name(f".{folder.name}.{state}") for state in ("new", "old"))
    _settle(folder, new, old)
    _refuse_foreign(folder)
    new.mkdir(parents=True)
    try:
        yield new
        _sync(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except BaseException:
        _settle(folder, new, old)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _settle(folder: Path, new: Path, old: Path) -> None:
    """Leave the old release, or the new one where it is already in place, and nothing beside it."""
    if old.exists() and not folder.exists():
        old.rename(folder)
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)


def _refuse_foreign(folder: Path) -> None:
    """Refuse to delete what publish did not write, such as a wrong path's content."""
    if folder.exists() and any(folder.iterdir()) and not (folder / SUMS).is_file():
        raise InputError(f"{folder}: holds files but no {SUMS}, so it is no release to replace; move it away first")


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
