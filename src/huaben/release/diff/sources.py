"""Where a version's files are read from: a folder on disk, or a git revision with the data that DVC keeps of it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from huaben.errors import InputError

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A `dvc.lock` has a thousand lines; where libyaml is there, it is read ten times as quickly."""


@dataclass(frozen=True)
class Folder:
    """The files of a repository as they lie on disk."""

    root: Path

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is no such file."""
        place = self.root / path
        return place.read_bytes() if place.is_file() else None

    def names(self, path: str) -> list[str]:
        """Return the files at or under a path, sorted; caches of Python, which `.dvcignore` names, are none."""
        place = self.root / path
        found = [place] if place.is_file() else [inner for inner in place.rglob("*") if inner.is_file()]
        seen = [inner for inner in found if "__pycache__" not in inner.parts and inner.suffix != ".pyc"]
        return sorted(inner.relative_to(self.root).as_posix() for inner in seen)

    def digest(self, path: str) -> str | None:
        """Return the MD5 of a file, in hex, as DVC has it."""
        return _md5(self.read(path))


@dataclass(frozen=True)
class Revision:
    """The files of a commit: those of git, and those that DVC's cache or remote has a copy of."""

    root: Path
    commit: str

    @cached_property
    def _opened(self) -> tuple[Any, Any]:
        """DVC's file system, and the context it lives in, which is left when the revision is forgotten.

        `Repo(rev=...)` would do, were it not for repositories in a folder of git's: it looks at git's root only.
        """
        from dvc.api import DVCFileSystem
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            repo = Repo(str(self.root))
            context = repo.switch(self.commit)
            context.__enter__()
            return DVCFileSystem(repo=repo), context
        except DvcException as error:
            raise InputError(f"{self.commit[:12]}: DVC cannot open the repository: {error}") from error

    @property
    def _files(self) -> Any:
        return self._opened[0]

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where neither git nor DVC has them as they were."""
        try:
            expected = self._files.info(path).get("md5")
            content: bytes = self._files.read_bytes(path)
        except InputError:
            raise
        except Exception:  # a missing object of DVC's raises what its index, its cache or its remote likes
            return None
        # DVC hands out a damaged object of its cache without a word
        return content if expected in (None, _md5(content)) else None

    def names(self, path: str) -> list[str]:
        """Return the files at or under a path, sorted."""
        try:
            found = self._files.find(path, dvcfiles=True)
        except InputError:
            raise
        except Exception:  # as above
            return []
        return sorted(name.lstrip("/") for name in found)

    def digest(self, path: str) -> str | None:
        """Return the MD5 of a file, in hex; of one that DVC keeps, as it wrote it down."""
        try:
            return self._files.info(path).get("md5") or _md5(self.read(path))
        except FileNotFoundError:
            return None


Source = Folder | Revision


def read_yaml(source: Source, path: str) -> Any:
    """Return a YAML file's content, or None where it is not there. Raises InputError for a broken one."""
    content = source.read(path)
    try:
        return None if content is None else yaml.load(content, Loader)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _md5(content: bytes | None) -> str | None:
    return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()
