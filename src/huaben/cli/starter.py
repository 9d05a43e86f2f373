"""Who started this process; and not to outlive him: a stage whose `dvc` was killed would go on spending.

dvc runs a stage by `sh -c`, and some shells stay between the two. So it is the process before such shells
that counts, and a thread waits for its end (Linux only: pidfd).
"""

import os
import select
import signal
from pathlib import Path
from threading import Thread

SHELLS = {b"sh", b"dash", b"bash", b"zsh", b"ksh", b"ash"}


def starter() -> int:
    """Return the number of the process that started this one, shells that only run this command left out."""
    process = os.getppid()
    while _is_passing(process):
        process = _parent_of(process)
    return process


def end_with(process: int) -> None:
    """Be sent SIGTERM when a process ends; raise KeyboardInterrupt if it is gone already.

    A command that a person started with nohup, without dvc, is meant to outlive its shell.
    """
    is_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN and "DVC_ROOT" not in os.environ
    if is_nohup or not hasattr(os, "pidfd_open"):
        return
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        raise KeyboardInterrupt from None
    except OSError:  # a kernel before 5.3, or a sandbox without it
        return
    Thread(target=_wait, args=(handle,), daemon=True).start()


def _wait(handle: int) -> None:
    select.select([handle], [], [])
    os.kill(os.getpid(), signal.SIGTERM)


def _is_passing(process: int) -> bool:
    try:
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.path.basename(arguments[0]) in SHELLS and arguments[1:2] == [b"-c"]


def _parent_of(process: int) -> int:
    """Return the fourth field of /proc/PID/stat (proc(5)); the second may hold blanks, in brackets."""
    try:
        return int(Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return os.getppid()
