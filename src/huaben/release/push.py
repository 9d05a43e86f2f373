"""What `huaben push` sends to a hub, and what it refuses to send.

In: the release, the rows and the gate report it was made of. Out: a `Push`, which a hub of `hubs/` sends.
Nothing here talks to a network.
"""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.params import Params
from huaben.release.checksums import SUMS, file_digest, read_checksums, verify_release
from huaben.release.publish import WITHHELD, publish

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
"""`owner/name`, in the letters that all three hubs allow."""


@dataclass(frozen=True)
class Item:
    """A file of the release: its path in the repository, where it lies, its bytes and their SHA-256."""

    path: str
    file: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Push:
    """What is sent where: one revision of a dataset repository."""

    repository: str
    items: tuple[Item, ...]
    message: str
    is_private: bool
    license: str


@dataclass(frozen=True)
class Sent:
    """What became of a push: the items that were sent, and those that were there already."""

    url: str
    sent: tuple[Item, ...]
    there: tuple[Item, ...]
    others: tuple[str, ...]
    """Files of the repository that are not of this release; they are left alone."""


@dataclass(frozen=True)
class Made:
    """What a release was made of, as `publish` took it."""

    datasets: Path
    gates: Mapping[str, Any]
    differing: Sequence[str]
    params: Params
    facts: Mapping[str, Any]


def plan_push(repository: str, release: Path, exports: Path | None, made: Made, is_private: bool) -> Push:
    """Return what is to be sent: the release at the repository's root, the exports under `exports/`.

    Raises InputError for a name that is none, and HuabenError where the release may not be sent (`check_release`).
    """
    if not REPOSITORY.fullmatch(repository):
        raise InputError(f"{repository!r}: no name of a repository; write OWNER/NAME, such as anna/two-watches")
    check_release(release, exports, made)
    items = [*_items(release, ""), *(_items(exports, "exports/") if exports else ())]
    message = f"{made.params.novel.title}: release {file_digest(release / SUMS)[:12]}"
    return Push(repository, tuple(items), message, is_private, made.params.novel.license or "other")


def check_release(release: Path, exports: Path | None, made: Made) -> None:
    """Raise HuabenError unless the folders are whole, may be passed on, and are what passed the gates.

    The last is shown by publishing once more into a folder that is thrown away: `publish` refuses what the gates
    did not pass, and equal rows, reports and parameters give equal bytes.
    """
    folders = [folder for folder in (release, exports) if folder]
    for folder in folders:
        if faults := verify_release(folder):
            raise HuabenError(
                f"push: {folder} is not as it was published: {', '.join(faults[:5])}; run `huaben publish`, then push"
            )
    is_withheld = (release / WITHHELD).is_file()
    if made.params.novel.license is None and not is_withheld:
        raise HuabenError(
            "push: the release holds the novel's text, and novel.license of params.yaml is null: it is not ours to "
            "pass on. Set `publish.text: withhold`, run `dvc repro publish`, and push that; or name the licence"
        )
    _compare(folders, made, "withhold" if is_withheld else "full")


def _compare(folders: Sequence[Path], made: Made, text: str) -> None:
    params = made.params.model_copy(update={"publish": made.params.publish.model_copy(update={"text": text})})
    with tempfile.TemporaryDirectory() as place:
        again = [Path(place) / name for name in ("dataset", "exports")]
        publish(made.datasets, made.gates, params, again[0], again[1], made.facts, made.differing)
        for folder, fresh in zip(folders, again, strict=False):  # without the exports where they are not sent
            old, new = read_checksums(folder), read_checksums(fresh)
            if differing := sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)):
                raise HuabenError(
                    f"push: {folder} is not what passed the gates: {', '.join(differing[:5])} would come out "
                    "otherwise now; run `huaben publish`, look at it, then push"
                )


def _items(folder: Path, prefix: str) -> list[Item]:
    listed = {SUMS: file_digest(folder / SUMS), **read_checksums(folder)}
    return [
        Item(prefix + name, folder / name, (folder / name).stat().st_size, digest)
        for name, digest in sorted(listed.items())
    ]
