"""The processes that train one model together, as `accelerate launch` and `torchrun` start them; mostly there is one.

All go through the same phases. The first alone decides whether something is done already, writes, and speaks.
"""

import os

from huaben.errors import InputError

COUNTS = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
NUMBERS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
"""What torch's launcher and those of MPI set; the order is accelerate's (`get_cpu_distributed_information`, 1.15)."""


def count() -> int:
    """Return how many processes train together."""
    return _first(COUNTS, 1)


def number() -> int:
    """Return which of them this one is, from 0."""
    return _first(NUMBERS, 0)


def is_main() -> bool:
    """Tell whether this is the process that decides, writes and speaks."""
    return number() == 0


def share(batch: int) -> int:
    """Return how many rows of a batch each process reads; raise InputError when they cannot be shared evenly."""
    if batch % count():
        raise InputError(f"train: a batch of {batch} rows cannot be shared evenly by {count()} processes")
    return batch // count()


def join() -> None:
    """Meet the others: over gloo on a CPU, NCCL on GPUs."""
    if count() > 1:
        import torch
        from accelerate import PartialState

        PartialState(cpu=not torch.cuda.is_available())


def agreed(answer: bool) -> bool:
    """Return the first process's answer, when all have asked."""
    if count() == 1:
        return answer
    from torch.distributed import broadcast_object_list

    answers = [answer]
    broadcast_object_list(answers, src=0)
    return answers[0]


def wait() -> None:
    """Return when all have come here, so that what the first wrote before is there for the others."""
    if count() > 1:
        from torch.distributed import barrier

        barrier()


def leave() -> None:
    """Part from the others, when nothing is left to share."""
    if count() > 1:
        from torch.distributed import destroy_process_group

        destroy_process_group()


def _first(names: tuple[str, ...], otherwise: int) -> int:
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdecimal()), otherwise)
