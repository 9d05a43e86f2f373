"""Replies files: what one person's store gives to another who has no key.

The first line is a header; every other line is `{key, prompt, unit, reply, written_by}`; `reply` is the
raw body of a chat completion, `written_by` says who wrote it when no model did.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from huaben.errors import InputError
from huaben.files import Row, read_jsonl, write_jsonl
from huaben.llm.answers import Reply

HEADER = {"format": "huaben replies", "version": 1}
"""First line of every replies file: an empty one is told from a lost one, an old one from a new one."""


def load_recorded(paths: Iterable[Path]) -> dict[str, Reply]:
    """Read replies files; one key with two different bodies is refused. A file that is not there has none."""
    replies: dict[str, Reply] = {}
    for path in (path for path in paths if path.exists()):
        for row in read_replies(path):
            reply = Reply(row["key"], row["reply"], row.get("written_by"))
            if replies.setdefault(reply.key, reply) != reply:
                raise InputError(f"{path}: key {reply.key[:12]} has two different replies; keep one")
    return replies


def read_replies(path: Path) -> list[Row]:
    """Return the rows of a replies file, its header checked and left out."""
    rows = list(read_jsonl(path))
    if not rows or rows[0].get("format") != HEADER["format"]:
        raise InputError(f"{path}: not a replies file; its first line is {json.dumps(HEADER)}")
    if rows[0].get("version") != HEADER["version"]:
        raise InputError(f"{path}: replies of version {rows[0].get('version')}; this huaben reads {HEADER['version']}")
    for number, row in enumerate(rows[1:], 2):
        if not isinstance(row.get("key"), str) or not isinstance(row.get("reply"), dict):
            raise InputError(f"{path}, line {number}: a reply has `key` and `reply`")
        if not isinstance(row.get("written_by"), str | None):
            raise InputError(f"{path}, line {number}: `written_by` is a name or null")
    return rows[1:]


def write_replies(path: Path, rows: Iterable[Row]) -> int:
    """Write a replies file, sorted by key; return the number of replies."""
    return write_jsonl(path, [HEADER, *sorted(rows, key=lambda row: str(row["key"]))]) - 1
