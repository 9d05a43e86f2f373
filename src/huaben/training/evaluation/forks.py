"""A beginning and all that may follow it, in one row: the beginning is computed once.

A row holds the beginning without its last token, and then of each continuation that last token and all of
its own but the last: what each of them says next is what is scored. A continuation goes on from the
beginning (positions), and sees nothing of the others (mask), so its log-probabilities are those it has alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from huaben.training.learning.pairs import IGNORED, labelled_log_probs

Row = tuple[list[int], int]
"""Token ids, and the place from which on they are scored."""
Sum = tuple[float, int]
"""Log p in nats, and of how many tokens."""


@dataclass(frozen=True)
class Fork:
    """A beginning of at least one token, and the continuations, in order."""

    beginning: list[int]
    continuations: list[list[int]]

    def __len__(self) -> int:
        return len(self.beginning) - 1 + sum(map(len, self.continuations))


def forks(rows: Iterable[Row], longest: int) -> list[Fork]:
    """Join neighbouring rows of one beginning, as long as the joint row has no more than `longest` tokens."""
    found: list[Fork] = []
    cut = ((ids[: max(start, 1)], ids[max(start, 1) :]) for ids, start in rows)  # nothing predicts the first token
    for beginning, same in groupby(cut, key=lambda halves: halves[0]):
        fork = Fork(beginning, [])
        for _, rest in same:
            if fork.continuations and len(fork) + len(rest) > longest:
                found.append(fork)
                fork = Fork(beginning, [])
            fork.continuations.append(rest)
        found.append(fork)
    return found


def score(model: Any, batch: Sequence[Fork]) -> list[Sum]:
    """Return the log p of every continuation of every fork, in order."""
    import torch

    width = max(map(len, batch)) + 1  # one column more, as labels stand one place after what predicts them
    ids, positions, branch = (torch.zeros(len(batch), width, dtype=torch.long) for _ in range(3))
    labels = torch.full_like(ids, IGNORED)
    for line, fork in enumerate(batch):
        shared = len(fork.beginning) - 1
        ids[line, :shared] = torch.tensor(fork.beginning[:-1])
        positions[line, :shared] = torch.arange(shared)
        place = shared
        for number, rest in enumerate(fork.continuations, 1):
            end = place + len(rest)
            ids[line, place:end] = torch.tensor([fork.beginning[-1], *rest[:-1]][: len(rest)])
            positions[line, place:end] = torch.arange(shared, shared + len(rest))
            labels[line, place + 1 : end + 1] = torch.tensor(rest)
            branch[line, place:end] = number
            place = end
    inputs = {"input_ids": ids, "position_ids": positions, "attention_mask": _visible(branch)[:, None]}
    moved = {name: value.to(model.device) for name, value in inputs.items()}
    with torch.inference_mode():
        found = labelled_log_probs(model, moved, labels.to(model.device)).double().cpu()
    return [
        (float(found[line][branch[line, :-1] == number].sum()), len(rest))
        for line, fork in enumerate(batch)
        for number, rest in enumerate(fork.continuations, 1)
    ]


def _visible(branch: Any) -> Any:
    """Return B x L x L, true where the token of a line may look at that of a column: the beginning, its own branch."""
    import torch

    length = branch.shape[1]
    before = torch.ones(length, length, dtype=torch.bool).tril()
    return before & ((branch[:, None, :] == 0) | (branch[:, None, :] == branch[:, :, None]))
