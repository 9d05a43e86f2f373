"""A stage runs alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from huaben.cli.keeper import keep_lock_file
from huaben.cli.paths import WORK
from huaben.errors import LockedError


@contextmanager
def alone() -> Iterator[None]:
    """Hold the repository's lock for the length of a stage."""
    WORK.mkdir(exist_ok=True)
    keep_lock_file()  # before the lock is held: a forked keeper would hold it too
    with (WORK / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"another run holds {WORK / 'lock'} in {os.getcwd()}; wait for it or stop it") from None
        yield
