"""The store of what was paid for: one SQLite file outside DVC's outs, held to the standard of a database.

`attempts` holds every request, committed before it is sent; `replies` every body that came back, committed
before anybody sees it (WAL, synchronous=FULL). So an acknowledged reply is never paid again, and a crash
costs at most the requests in flight, which stay in `attempts` without an end: possibly paid.
"""

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError, LockedError
from huaben.llm.answers import Reply, is_for_good
from huaben.llm.groupcommit import GroupCommit, Statement, commit

VERSION = 2
SCHEMA = """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL, unit TEXT NOT NULL,
    novel TEXT NOT NULL, size INTEGER NOT NULL, expected_input REAL NOT NULL, most_input INTEGER NOT NULL,
    most_output INTEGER NOT NULL, started REAL NOT NULL, seconds REAL, outcome TEXT);
CREATE TABLE replies (
    attempt INTEGER PRIMARY KEY REFERENCES attempts, key TEXT NOT NULL, status TEXT NOT NULL,
    created INTEGER, hit INTEGER NOT NULL, miss INTEGER NOT NULL, output INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX replies_by_key ON replies (key);
CREATE INDEX open_attempts ON attempts (id) WHERE outcome IS NULL;
"""
OK = "ok"
"""Status of a reply that was accepted (the others name their fault); outcome of an attempt that brought a body."""
COMPANY = 200
"""A commit waits for others a two-hundredth of what a reply takes: a request has two, so a run loses one percent."""
LONGEST_COMPANY_S = 0.05
POSSIBLY_PAID = ("lost", "interrupted", "timeout", "connection", "too_large")
"""Outcomes of attempts whose reply never arrived, and was perhaps paid; `lost`: the process was killed."""


@dataclass(frozen=True)
class Claim:
    """A request about to be sent: what it is about, and what it will cost, probably and at most (tokens)."""

    key: str
    prompt: str
    model: str
    unit: str
    novel: str
    size: int
    expected_input: float
    most_input: int
    most_output: int


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
    except (sqlite3.Error, OSError, ValueError) as error:
        raise HuabenError(
            f"{path}: the reply store cannot be used: {error}. It is left as it is; move it away, restore it "
            "from a copy, or name another place by HUABEN_STORE"
        ) from error


class ReplyStore:
    """Paid replies in one SQLite file. One process at a time writes; others may read."""

    def __init__(self, path: Path, writes: bool = True) -> None:
        """Open the store; a writer creates a missing one. A file that is no store of this version is refused.

        Raise LockedError when another process writes, InputError when there is nothing to read.
        """
        self._path, self._lock, self._opened = path, None, ExitStack()
        with _usable(path):
            if writes:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = _lock(path)
            try:
                _refuse_strangers(path, writes)
                if not path.exists():
                    _make(path)
                self._connect()
                self._check_version()
                self._group = GroupCommit(self._writer)
                if writes:
                    self._end_open_attempts("lost")
            except BaseException:
                self._disconnect()
                raise

    def _connect(self) -> None:
        self._db = self._opened.enter_context(closing(sqlite3.connect(self._path, isolation_level=None)))
        writer = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._writer = self._opened.enter_context(closing(writer))

    def _check_version(self) -> None:
        """Check whose file it is, and how new."""
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise HuabenError(f"{self._path}: made by a newer huaben (store version {version}); update huaben")
        if 0 < version < VERSION:
            raise HuabenError(
                f"{self._path}: made by an older huaben (store version {version}), which asked in other words: its "
                "replies answer none of today's requests. Move it away; that huaben can still read it"
            )
        if not version:
            raise HuabenError(f"{self._path}: a database, but no reply store; name another place by HUABEN_STORE")
        self._writer.execute("PRAGMA synchronous=FULL")

    def history(self, key: str) -> list[Reply]:
        """Return every body that came back for a key, the accepted one first, then the latest."""
        query = "SELECT body FROM replies WHERE key = ? AND body <> '' ORDER BY status <> ?, attempt DESC"
        with _usable(self._path):
            return [Reply(key, json.loads(row[0])) for row in self._db.execute(query, (key, OK))]

    def histories(self) -> dict[str, list[Reply]]:
        """Return `history` of every key."""
        query = "SELECT key, body FROM replies ORDER BY status <> ?, attempt DESC"
        found: dict[str, list[Reply]] = {}
        with _usable(self._path):
            for key, body in self._db.execute(query, (OK,)):
                found.setdefault(key, []).append(Reply(key, json.loads(body)))
        return found

    async def claim(self, claim: Claim) -> int:
        """Write down that a request is about to be sent; return the attempt's number when that is on disk."""
        columns = [column.name for column in fields(Claim)]
        sql = f"INSERT INTO attempts ({', '.join(columns)}, started) VALUES ({'?, ' * len(columns)}?)"
        with _usable(self._path):
            return await self._group.write((sql, (*astuple(claim), time.time())))

    async def keep(self, attempt: int, reply: Reply, status: str, seconds: float) -> None:
        """Keep a body; when this returns, it is on disk."""
        self._group.company_s = min(LONGEST_COMPANY_S, seconds / COMPANY)
        tokens, body = reply.tokens, json.dumps(reply.body, ensure_ascii=False)
        counts = (tokens["hit"], tokens["miss"], tokens["output"])
        row = (attempt, reply.key, status, reply.created, *counts, body)
        with _usable(self._path):
            await self._group.write(
                ("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row), _ended(attempt, OK, seconds)
            )

    async def lose(self, attempt: int, reason: str, seconds: float) -> None:
        """Write down that an attempt brought no body."""
        with _usable(self._path):
            await self._group.write(_ended(attempt, reason, seconds))

    async def drain(self) -> None:
        """Return when everything that came back is on disk, also what nobody waits for any more."""
        await self._group.drain()

    def rows(self) -> list[dict[str, Any]]:
        """Return the final reply of every key in the form of a replies file, sorted by key."""
        query = (
            "SELECT r.key, a.prompt, a.unit, r.status, r.body FROM replies r JOIN attempts a ON a.id = r.attempt "
            "WHERE r.body <> '' ORDER BY r.key, r.status <> ?, r.attempt DESC"
        )
        with _usable(self._path):
            best = [next(found) for _, found in groupby(self._db.execute(query, (OK,)), key=lambda row: row[0])]
            return [
                {"key": key, "prompt": prompt, "unit": unit, "reply": json.loads(body), "written_by": None}
                for key, prompt, unit, status, body in best
                if status == OK or is_for_good(status)
            ]

    def query(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a question about attempts and replies."""
        with _usable(self._path):
            return self._db.execute(sql, values).fetchall()

    def forget(self) -> int:
        """Drop bodies that nothing can be built from: superseded ones, and refusals, which are then asked again.

        What was accepted stays, and so does what every attempt cost. Return the number of bodies.
        """
        count = "SELECT count(*) FROM replies WHERE body <> ''"
        before = self.query(count)[0][0]
        with _usable(self._path):
            superseded = "key IN (SELECT key FROM replies WHERE status = 'ok')"
            refused = "status LIKE 'http_%' OR status IN ('too_long', 'blank', 'odd_shape')"
            commit(
                self._writer,
                [(f"UPDATE replies SET body = '' WHERE status <> 'ok' AND ({superseded} OR {refused})", ())],
            )
            self._writer.execute("VACUUM")
        return int(before - self.query(count)[0][0])

    def _end_open_attempts(self, outcome: str) -> None:
        commit(self._writer, [("UPDATE attempts SET outcome = ? WHERE outcome IS NULL", (outcome,))])

    def close(self) -> None:
        """End what is open as interrupted, and close the file."""
        with _usable(self._path):
            if self._lock is not None:
                self._end_open_attempts("interrupted")
        self._disconnect()

    def _disconnect(self) -> None:
        self._opened.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _ended(attempt: int, outcome: str, seconds: float) -> Statement:
    return "UPDATE attempts SET outcome = ?, seconds = ? WHERE id = ?", (outcome, round(seconds, 3), attempt)


def _lock(path: Path) -> int:
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LockedError(f"{path}: another run writes to the reply store; wait for it or stop it") from None
    return lock


def _make(path: Path) -> None:
    """Make an empty store under another name, and give it its own when it is whole."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with closing(sqlite3.connect(new, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version={VERSION}; COMMIT")
    new.replace(path)


def _refuse_strangers(path: Path, writes: bool) -> None:
    """Refuse an emptied file, and a vanished one of which SQLite's log is still there."""
    if not path.exists() and not writes:
        raise InputError(f"{path}: there is no reply store yet; HUABEN_STORE names another place")
    if path.exists() and path.stat().st_size == 0:
        raise HuabenError(f"{path}: the reply store is empty, 0 bytes; move it away or restore it from a copy")
    log = path.with_name(path.name + "-wal")
    if not path.exists() and log.exists() and log.stat().st_size:
        raise HuabenError(
            f"{path}: the reply store is gone, but not its log {log.name}; restore it, or move both away"
        )
