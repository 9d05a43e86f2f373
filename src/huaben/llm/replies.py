"""Where replies are kept: files of recorded replies, and the store of what was paid for.

A replies file begins with its header; every other line is `{key, prompt, unit, reply, written_by}`;
`reply` is the raw body of a chat completion, `written_by` says who wrote it when no model did. The store is one SQLite file outside
DVC's outs; a reply is acknowledged after its commit.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.files import Row, read_jsonl, write_jsonl

SCHEMA_VERSION = 1
HEADER = {"format": "huaben replies", "version": 1}
"""First line of every replies file: an empty one is told from a lost one, an old one from a new one."""


@dataclass(frozen=True)
class Reply:
    """A reply as kept: its key, the raw body, and who wrote it if no model did."""

    key: str
    body: Mapping[str, Any]
    written_by: str | None = None

    @property
    def content(self) -> str | None:
        """The text of a complete reply; None when it is blank, cut short or of an odd shape."""
        try:
            choice = self.body["choices"][0]
            content = choice["message"]["content"]
        except (KeyError, IndexError, TypeError):
            return None
        is_complete = choice.get("finish_reason") == "stop" and isinstance(content, str) and content.strip()
        return content if is_complete else None

    @property
    def model(self) -> str | None:
        """The model that says it answered."""
        return self.body.get("model")

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by price: prompt tokens that hit the provider's cache, that missed it, and output tokens."""
        usage = self.body.get("usage") or {}
        prompt = usage.get("prompt_tokens") or 0
        details = usage.get("prompt_tokens_details") or {}
        hit = usage.get("prompt_cache_hit_tokens") or details.get("cached_tokens") or 0
        return {"hit": hit, "miss": max(0, prompt - hit), "output": usage.get("completion_tokens") or 0}


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
    return rows[1:]


def write_replies(path: Path, rows: Iterable[Row]) -> int:
    """Write a replies file, sorted by key; return the number of replies."""
    return write_jsonl(path, [HEADER, *sorted(rows, key=lambda row: str(row["key"]))]) - 1


def store_path() -> Path:
    """Return where paid replies are kept: `HUABEN_STORE`, or the user's cache folder."""
    if place := os.environ.get("HUABEN_STORE"):
        return Path(place)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "huaben" / "replies.sqlite"


class ReplyStore:
    """Paid replies in one SQLite file (WAL, synchronous=FULL), by key."""

    def __init__(self, path: Path) -> None:
        """Open or create the store; a file that is no store, or a newer one, is refused and left as it is."""
        if path.exists() and path.stat().st_size == 0:
            raise HuabenError(f"{path}: the reply store is empty, 0 bytes; move it away, or restore it from a copy")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise HuabenError(f"{path}: made by a newer huaben (store version {version}); update huaben")
            with self._db:
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, prompt TEXT NOT NULL, "
                    "unit TEXT NOT NULL, body TEXT NOT NULL)"
                )
                self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except sqlite3.DatabaseError as error:
            raise HuabenError(
                f"{path}: not a readable reply store ({error}); move it away, it is not touched"
            ) from error

    def get(self, key: str) -> Reply | None:
        """Return the reply of a key, or None."""
        row = self._db.execute("SELECT body FROM replies WHERE key = ?", (key,)).fetchone()
        return Reply(key, json.loads(row[0])) if row else None

    def put(self, key: str, prompt: str, unit: str, body: Mapping[str, Any]) -> None:
        """Keep a reply; when this returns, it is on disk."""
        text = json.dumps(body, ensure_ascii=False)
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", (key, prompt, unit, text))

    def rows(self) -> list[dict[str, Any]]:
        """Return every reply in the form of a replies file, sorted by key."""
        with closing(self._db.execute("SELECT key, prompt, unit, body FROM replies ORDER BY key")) as found:
            return [
                {"key": key, "prompt": prompt, "unit": unit, "reply": json.loads(body), "written_by": None}
                for key, prompt, unit, body in found
            ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
