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
        self._db, self._queue = db, list[tuple[Statement, asyncio.Future[int]]]()
        self._flushing: asyncio.Task[None] | None = None

    async def write(self, *statements: Statement) -> int:
        """Commit the statements together; return the row id of the first. Raise what SQLite raises."""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in statements]
        self._queue += zip(statements, futures, strict=True)
        if self._flushing is None or self._flushing.done():
            self._flushing = loop.create_task(self._flush())
        return int((await asyncio.gather(*futures))[0])

    async def drain(self) -> None:
        """Return when everything that was given to write is on disk, also for those who wait no more."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        while self._queue:
            batch, self._queue = self._queue, []
            try:
                ids = await asyncio.to_thread(commit, self._db, [statement for statement, _ in batch])
            except Exception as error:  # whoever waits would wait for ever
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), row_id in zip(batch, ids, strict=True):
                if not future.done():
                    future.set_result(row_id)
