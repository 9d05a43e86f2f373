"""Several seeds, trained side by side in processes of one thread each, where cores allow."""

import os
from collections.abc import Iterator, Sequence

from huaben.training.learning import phases, processes, trainers
from huaben.training.learning.phases import Finished, Job, Say


def train_seeds(jobs: Sequence[Job], say: Say, offline: bool) -> Iterator[dict[str, Finished]]:
    """Yield what is known of the phases of each job, in order.

    Processes pay only where a step is small and a device is not shared: tiny models, more than one core.
    Where several share each step already, seeds come one after the other.
    """
    is_pooled = jobs[0].train.base == "tiny" and processes.count() == 1
    workers = min(len(jobs), len(os.sched_getaffinity(0))) if is_pooled else 1
    if workers < 2:
        for job in jobs:
            yield phases.of_seed(job, say)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, get_context("spawn"), prepare_worker, (offline,)) as pool:
        for said, found in pool.map(_in_process, jobs):
            for line in said:
                say(line)
            yield found


def prepare_worker(offline: bool) -> None:
    """Set a worker up, and let it die with the process that began it, even when that is killed."""
    from multiprocessing import connection, parent_process
    from threading import Thread

    parent = parent_process()
    if parent is not None:
        Thread(target=lambda: (connection.wait([parent.sentinel]), os._exit(1)), daemon=True).start()
    trainers.prepare_process(offline)


def _in_process(job: Job) -> tuple[list[str], dict[str, Finished]]:
    said: list[str] = []
    return said, phases.of_seed(job, said.append)
