"""Atomic files: what is on disk under its own name is always whole.

Rows go to JSONL in the order given, one compact JSON object a line, UTF-8, "\\n";
equal rows give equal bytes. Everything is written beside its place and renamed into it.
What is read must be a regular file: opening a pipe would wait for its writer for ever.
"""

import glob
import json
import math
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from huaben.errors import HuabenError, InputError

Row = dict[str, Any]
HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape that may be one half of a surrogate pair: alone it is no character and cannot be written as UTF-8."""


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no finite number")
    return number


DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; anything else is an InputError, at once."""
    size = _size(path)
    if size > limit:
        raise InputError(f"{path}: {size:,} bytes, more than {limit:,}; is this the right file?")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading bytes; anything else is an InputError, at once."""
    _size(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _size(path: Path) -> int:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from error
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: cannot be read: a folder, a pipe or a device, not a file")
    return found.st_size


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes the place of `path` when the block ends without error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_orphans(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{os.getpid()}.", suffix=".tmp")
    except OSError as error:
        raise HuabenError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise HuabenError(f"{path}: cannot be written: {error.strerror}; what was there before stays") from error
        raise


def _remove_orphans(path: Path) -> None:
    """Remove what killed processes left beside a file; one with another process's number that lives is its own."""
    for orphan in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        number = orphan.name.removeprefix(f".{path.name}.").partition(".")[0]
        if number.isdecimal() and not _is_alive(int(number)):
            orphan.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with replacing(path) as file:
        file.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write one JSON value, indented and with sorted keys, so that git shows small changes small."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n")


def write_metrics(path: Path, value: Any) -> None:
    """Write a DVC metrics file, in ASCII: DVC refuses one whose first 512 bytes are over 30 % non-ASCII as binary."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one row a line; return the number of rows."""
    count = 0
    with replacing(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")
            count += 1
    return count


def read_json(path: Path) -> Any:
    """Read one JSON value; an unreadable file is an InputError that names it."""
    _size(path)
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error


def read_jsonl(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSONL file; a broken line is an InputError with its number."""
    _size(path)
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                yield _row(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _row(line: str, where: str) -> Row:
    try:
        row = _parsed(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: a JSON object is expected, not {type(row).__name__}")
    return row


def _parsed(text: str) -> Any:
    """Parse JSON that can be written again: no NaN, no infinity, no half of a surrogate pair."""
    value = DECODER.decode(text)
    if HALF_PAIR.search(text):
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value
