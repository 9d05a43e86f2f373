"""One side of `huaben diff`: a git revision, the working tree, another repository's folder, or a release.

Out: its rows, kept and dropped, and the reports beside them. Rows are plain JSON values: an old version's
need not have the fields of today's.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.files import DECODER
from huaben.release.checksums import SUMS, verify_release
from huaben.release.diff.git import commit_of, is_revision
from huaben.release.diff.locked import (
    Locked,
    inputs,
    read_locked,
    rows_not_as_locked,
    stale_stages,
    trained_on_its_rows,
)
from huaben.release.diff.rebuild import differs_from_lock, kept_rows, rebuild_rows
from huaben.release.diff.rows import Item, read_release, read_rows
from huaben.release.diff.sources import Folder, Revision, Source

Say = Callable[[str], None]
WORKING_TREE = "the working tree"


@dataclass(frozen=True)
class Version:
    """What is compared. `rows` is None where there are none to compare, and `notes` say why."""

    name: str
    commit: str | None = None
    rows: Mapping[str, Sequence[Item]] | None = None
    reports: Mapping[str, Any] = field(default_factory=dict)
    """The JSON files of `reports/` by their name less its ending, such as `cost/qa`."""
    params: Any = None
    inputs: Mapping[str, str] | None = None
    """The MD5 of what the stages read and no stage makes, by path."""
    notes: Sequence[str] = ()
    is_trained: bool | None = None
    """Whether the models that were evaluated were trained on these rows."""


def open_version(root: Path, name: str | None, say: Say) -> Version:
    """Return the version that a name means: a folder, a revision, or (None) the working tree of `root`.

    Raises InputError for a name that is neither or both, and for rows without the fields to compare them by.
    """
    if name is None:
        return _repository(root, WORKING_TREE)
    if not name.strip():
        raise InputError("an empty name; name a revision or a folder, such as `huaben diff main`")
    folder = Path(name)
    kind = _kind(folder)
    if kind and name not in (".", "..") and "/" not in name and is_revision(root, name):
        raise InputError(f"{name!r} is a folder and a revision; write ./{name} or refs/heads/{name}")
    if kind == "release":
        return _release(folder, name)
    if kind == "repository":
        return _repository(folder, name)
    if folder.is_dir() and not is_revision(root, name):
        raise InputError(f"{name}: neither a release ({SUMS}) nor a dataset repository (dvc.yaml)")
    return _revision(root, name, commit_of(root, name), say)


def same_commit(root: Path, base: str, head: str | None) -> str | None:
    """Return the commit that both names mean, if they do and neither is a folder's."""
    names = [name for name in (base, head) if name and name.strip() and not _kind(Path(name))]
    commits = [commit_of(root, name) for name in names if is_revision(root, name)]
    return commits[0] if len(commits) == 2 and commits[0] == commits[1] else None


def _kind(folder: Path) -> str | None:
    if (folder / SUMS).is_file():
        return "release"
    return "repository" if (folder / "dvc.yaml").is_file() else None


def _repository(root: Path, name: str) -> Version:
    source = Folder(root)
    locked = read_locked(source)
    rows, notes = read_rows(source, name), []
    if rows is None:
        notes.append(f"{name} has no rows; run `dvc repro validate` there, or `dvc checkout`")
    elif moved := rows_not_as_locked(locked):
        notes.append(f"{name}: {_listed(moved)} on disk is not what dvc.lock names; run `dvc checkout` or `dvc repro`")
    elif stale := stale_stages(locked):
        notes.append(
            f"{name} has edits that its rows do not show yet: `dvc repro validate` would run {_listed(stale)} again"
        )
    return _version(name, None, rows, source, locked, notes)


def _revision(root: Path, name: str, commit: str, say: Say) -> Version:
    """Take the rows from DVC if they are those of the revision's own files, else make them again."""
    source = Revision(root, commit)
    locked = read_locked(source)
    if not locked.pipeline:
        raise InputError(
            f"{name}: has no dvc.yaml here; it is older than the pipeline, and there is nothing to compare"
        )
    stale, notes = stale_stages(locked), []
    if stale:
        notes.append(f"{name}: its dvc.lock is older than its files; {_listed(stale)} had not run again")
    rows = None if stale else read_rows(source, name)
    if rows is not None:
        return _version(name, commit, rows, source, locked, notes)
    try:
        folder = _again(root, name, commit, locked, bool(stale), say)
    except HuabenError as error:
        rows = read_rows(source, name) if stale else None
        old = "the rows compared are those of its dvc.lock" if rows is not None else "it has no rows to compare"
        return _version(name, commit, rows, source, locked, [*notes, f"{name}: {old}; {error}"])
    differs = [] if stale else differs_from_lock(folder)
    if differs:
        notes.append(f"{name}: made again, {_listed(differs)} came out otherwise than its dvc.lock says")
    again = _version(name, commit, read_rows(Folder(folder), name), Folder(folder), locked, notes)
    return replace(again, is_trained=trained_on_its_rows(read_locked(Folder(folder))))


def _again(root: Path, name: str, commit: str, locked: Locked, is_stale: bool, say: Say) -> Path:
    """Return the folder with the rows of a revision made again, kept by their hashes, or by the commit's if stale."""
    parts = [commit] if is_stale else sorted(f"{path} {md5}" for path, md5 in locked.rows.items())
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    if found := kept_rows(root, key):
        return found
    say(f"{name}: making its rows again from the recorded replies, as DVC has no copy (this may take minutes)")
    return rebuild_rows(root, commit, key, locked)


def _version(
    name: str,
    commit: str | None,
    rows: Mapping[str, Sequence[Item]] | None,
    source: Source,
    locked: Locked,
    notes: Sequence[str],
) -> Version:
    return Version(
        name=name,
        commit=commit,
        rows=rows,
        reports=_reports(source),
        params=locked.params,
        inputs=inputs(locked),
        notes=tuple(notes),
        is_trained=trained_on_its_rows(locked),
    )


def _reports(source: Source) -> dict[str, Any]:
    found = {}
    for path in source.names("reports"):
        if path.endswith(".json") and (content := source.read(path)) is not None:
            try:
                found[path.removeprefix("reports/").removesuffix(".json")] = DECODER.decode(content.decode("utf-8"))
            except ValueError as error:
                raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    return found


def _release(folder: Path, name: str) -> Version:
    notes = [f"{name} is a release: it holds no dropped rows, reasons, gates, price or evaluation"]
    if faults := verify_release(folder):
        notes.append(f"{name} is not as it was published: {_listed(faults[:5])}")
    return Version(name=name, rows=read_release(folder), notes=tuple(notes))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
