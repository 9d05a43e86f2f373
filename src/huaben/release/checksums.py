"""`SHA256SUMS`: what a released folder holds, so that anyone can tell whether it is whole.

The file is that of coreutils, sorted by name: `sha256sum -c SHA256SUMS` reads it.
"""

import hashlib
from pathlib import Path

from huaben.files import write_text

SUMS = "SHA256SUMS"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(folder: Path) -> str:
    """Write `SHA256SUMS` over every file of a folder; return the digest of that list itself."""
    digests = _digests(folder)
    write_text(folder / SUMS, "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())))
    return file_digest(folder / SUMS)


def verify_release(folder: Path) -> list[str]:
    """Return the names of files that differ from `SHA256SUMS`, are missing or are not listed, sorted.

    An empty list means whole. A folder without a readable list gives `["SHA256SUMS"]`.
    """
    try:
        listed = read_checksums(folder)
    except (OSError, UnicodeDecodeError, ValueError):
        return [SUMS]
    found = _digests(folder)
    return sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))


def read_checksums(folder: Path) -> dict[str, str]:
    """Return the digests that `SHA256SUMS` lists, by file name. Raises OSError or ValueError for no such list."""
    pairs = [line.split("  ", 1) for line in (folder / SUMS).read_text(encoding="utf-8").splitlines()]
    listed = {name: digest for digest, name in pairs}
    if len(listed) != len(pairs):
        raise ValueError("a name stands twice")
    return listed


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    names.pop(SUMS, None)
    return {name: file_digest(path) if path.is_file() else "" for name, path in names.items()}
