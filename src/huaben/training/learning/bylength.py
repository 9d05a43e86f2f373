"""The order in which a trainer reads its rows: batches of like length, anew each epoch.

A batch is as wide as its longest row, so rows of like length cost less padding. Transformers' own
`group_by_length` refuses preference rows, which have no `input_ids` (5.23).
"""

import random
from collections.abc import Callable, Iterator, Sequence

MEGABATCH = 16
"""So many batches are drawn at random and sorted by length among themselves; the next epoch draws others."""


def by_length(lengths: Sequence[int], batch: int, seed: int, epoch: int) -> list[int]:
    """Return the places of all rows; each run of `batch` of them is a batch, and the order of batches is random."""
    rng = random.Random(f"{seed} {epoch}")
    places = list(range(len(lengths)))
    rng.shuffle(places)
    size = MEGABATCH * batch
    drawn = [places[start : start + size] for start in range(0, len(places), size)]
    ordered = [place for group in drawn for place in sorted(group, key=lambda place: (lengths[place], place))]
    batches = [ordered[start : start + batch] for start in range(0, len(ordered), batch)]
    last = [batches.pop()] if len(ordered) % batch else []  # the short one: in the middle it would shift all others
    rng.shuffle(batches)
    return [place for one in (*batches, *last) for place in one]


class ByLength:
    """A sampler for torch's DataLoader; `epoch` says which one begins, so that a resumed run goes on in its order."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int, epoch: Callable[[], int]) -> None:
        """Keep the lengths of the rows, in tokens."""
        self._lengths, self._batch, self._seed, self._epoch = lengths, batch, seed, epoch

    def __iter__(self) -> Iterator[int]:
        """Yield places in the order of the epoch that begins."""
        return iter(by_length(self._lengths, self._batch, self._seed, self._epoch()))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._lengths)
