"""A stage runs alone, and does not outlive the `dvc` that started it."""

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from huaben.cli.keeper import keep_lock_file
from huaben.cli.paths import WORK
from huaben.errors import LockedError

PR_SET_PDEATHSIG = 1
"""Linux prctl: send this process a signal when its parent dies (a killed dvc leaves its stage running)."""


@contextmanager
def alone() -> Iterator[None]:
    """Hold the repository's lock for the length of a stage, and die with the parent."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    WORK.mkdir(exist_ok=True)
    keep_lock_file()  # before the lock is held: a forked keeper would hold it too
    with (WORK / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"another run holds {WORK / 'lock'} in {os.getcwd()}; wait for it or stop it") from None
        yield
