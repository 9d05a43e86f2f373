"""Group commit: writes that many tasks wait for, in one SQLite transaction and one fsync.

While a transaction is being committed in a thread, the next one gathers what comes; nobody's write is
acknowledged before its own commit (DeWitt et al., SIGMOD 1984, section 5.2: commit groups).
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

Statement = tuple[str, Sequence[Any]]


def commit(db: sqlite3.Connection, statements: Sequence[Statement]) -> list[int]:
    """Run statements in one transaction, and return their row ids; when this returns, they are on disk."""
    db.execute("BEGIN IMMEDIATE")
    try:
        ids = [db.execute(sql, values).lastrowid or 0 for sql, values in statements]
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise
    return ids


class GroupCommit:
    """Writes to one connection, which nobody else uses meanwhile."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db, self._queue = db, list[tuple[Sequence[Statement], asyncio.Future[int]]]()
        self._flushing: asyncio.Task[None] | None = None
        self.company_s = 0.0
        """How long a transaction waits for more to commit before it begins."""

    async def write(self, *statements: Statement) -> int:
        """Commit the statements together; return the row id of the first. Raise what SQLite raises."""
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        self._queue.append((statements, written))
        if self._flushing is None or self._flushing.done():
            self._flushing = loop.create_task(self._flush())
        return int(await written)

    async def drain(self) -> None:
        """Return when everything that was given to write is on disk, also for those who wait no more."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        while self._queue:
            await asyncio.sleep(self.company_s)
            batch, self._queue = self._queue, []
            try:
                ids = iter(await asyncio.to_thread(commit, self._db, [one for group, _ in batch for one in group]))
            except Exception as error:  # whoever waits would wait for ever
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for group, future in batch:
                first, *_ = [next(ids) for _ in group]
                if not future.done():
                    future.set_result(first)
