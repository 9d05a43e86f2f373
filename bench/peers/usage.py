"""What a process and its children used: memory at its peak, and processor time."""

import os
import resource
import threading
from pathlib import Path


class Peak:
    """The most memory that this process and its children held at once, sampled, in MB.

    No `getrusage`: its maximum is that of the process that started this one, where that was larger.
    """

    def __enter__(self) -> "Peak":
        self.most, self.ended = 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def _watch(self) -> None:
        while True:
            self.most = max(self.most, sum(map(_resident_mb, _family())))
            if self.ended.wait(0.05):
                return


def _family() -> list[int]:
    """Return the process ids of this process and of all below it."""
    family, at = [os.getpid()], 0
    while at < len(family):
        for task in Path(f"/proc/{family[at]}/task").glob("*/children"):
            try:
                family += [int(child) for child in task.read_text().split()]
            except OSError:
                continue  # a thread that ended meanwhile
        at += 1
    return family


def _resident_mb(process: int) -> float:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / 2**20
    except (OSError, IndexError):
        return 0.0


def cpu_s() -> float:
    """Return user and system seconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
