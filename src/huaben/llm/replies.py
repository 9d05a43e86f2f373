"""Where replies are kept: files of recorded replies, and the store of what was paid for.

A replies file begins with its header; every other line is `{key, prompt, unit, reply, written_by}`;
`reply` is the raw body of a chat completion, `written_by` says who wrote it when no model did. The store
is one SQLite file outside DVC's outs; a reply is acknowledged after its commit.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
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
    def fault(self) -> str | None:
        """Why this is no complete text: `odd_shape`, `blank` or `finish_<reason>`; None when it is one."""
        try:
            choice = self.body["choices"][0]
            finish, content = choice["finish_reason"], (choice["message"] or {}).get("content")
        except (AttributeError, IndexError, KeyError, TypeError):
            return "odd_shape"
        if not isinstance(finish, str) or not isinstance(content, str | None):
            return "odd_shape"
        if finish != "stop":
            return f"finish_{finish[:40]}"
        return None if content and content.strip() else "blank"

    @property
    def content(self) -> str | None:
        """The text of a complete reply; None when it has a fault."""
        return None if self.fault else self.body["choices"][0]["message"]["content"]

    @property
    def model(self) -> str | None:
        """The model that says it answered."""
        name = self.body.get("model")
        return name if isinstance(name, str) else None

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by price: prompt tokens that hit the provider's cache, that missed it, and output tokens."""
        usage = self.body.get("usage")
        prompt = _count(usage, "prompt_tokens")
        details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
        hit = _count(usage, "prompt_cache_hit_tokens") or _count(details, "cached_tokens")
        return {"hit": hit, "miss": max(0, prompt - hit), "output": _count(usage, "completion_tokens")}


def _count(usage: Any, name: str) -> int:
    """Return a number of tokens; what is missing, negative or no whole number counts 0."""
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and value > 0 else 0


def strict_json(text: str | bytes) -> Any:
    """Parse JSON that can be written again; NaN, infinity, half a character and deep nesting are a ValueError."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


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


def store_path() -> Path:
    """Return where paid replies are kept: `HUABEN_STORE`, or the user's cache folder."""
    if place := os.environ.get("HUABEN_STORE"):
        return Path(place)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "huaben" / "replies.sqlite"


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk complain of into a HuabenError that names the store."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise HuabenError(
            f"{path}: the reply store cannot be used: {error}. It is left as it is; move it away, restore it "
            "from a copy, or name another place by HUABEN_STORE"
        ) from error


class ReplyStore:
    """Paid replies in one SQLite file (WAL, synchronous=FULL), by key."""

    def __init__(self, path: Path) -> None:
        """Open or create the store; a file that is no store, or a newer one, is refused and left as it is."""
        self._path = path
        with _usable(path):
            if path.exists() and path.stat().st_size == 0:
                raise HuabenError(f"{path}: the reply store is empty, 0 bytes; move it away or restore it from a copy")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        n_tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise HuabenError(f"{self._path}: made by a newer huaben (store version {version}); update huaben")
        if n_tables and not version:
            raise HuabenError(f"{self._path}: a database, but no reply store; name another place by HUABEN_STORE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        if not version:
            self._db.executescript(
                "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS replies "
                "(key TEXT PRIMARY KEY, prompt TEXT NOT NULL, unit TEXT NOT NULL, body TEXT NOT NULL); "
                f"PRAGMA user_version={SCHEMA_VERSION}; COMMIT"
            )

    def get(self, key: str) -> Reply | None:
        """Return the reply of a key, or None."""
        with _usable(self._path):
            row = self._db.execute("SELECT body FROM replies WHERE key = ?", (key,)).fetchone()
        return Reply(key, json.loads(row[0])) if row else None

    def put(self, key: str, prompt: str, unit: str, body: Mapping[str, Any]) -> None:
        """Keep a reply; when this returns, it is on disk."""
        text = json.dumps(body, ensure_ascii=False)
        with _usable(self._path), self._db:
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", (key, prompt, unit, text))

    def rows(self) -> list[dict[str, Any]]:
        """Return every reply in the form of a replies file, sorted by key."""
        with _usable(self._path):
            found = self._db.execute("SELECT key, prompt, unit, body FROM replies ORDER BY key").fetchall()
        return [
            {"key": key, "prompt": prompt, "unit": unit, "reply": json.loads(body), "written_by": None}
            for key, prompt, unit, body in found
        ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
