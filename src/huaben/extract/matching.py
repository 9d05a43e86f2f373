"""Which sober reply stands against which line of the hero: similar words answered, a fitting length, each used once.

Similar means rapidfuzz `fuzz.ratio` between what the two answer. Equal words are matched first, by a look-up; the
others by the similarities to all distinct words, a block of lines at a time. As long as one of the sides has been
the longer one more often, a reply that turns the balance is preferred: length shall not tell the sides apart.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from huaben.extract.exchanges import Exchange
from huaben.records import Message

BLOCK = 256
"""Lines whose similarities are held at once: with 30,000 distinct words to compare with, 30 MB."""


@dataclass
class Pool:
    """The sober replies to the same words that are still free, by their length in characters."""

    by_length: dict[int, deque[Message]] = field(default_factory=dict)

    def add(self, reply: Message) -> None:
        """Add a free reply."""
        self.by_length.setdefault(len(reply.content), deque()).append(reply)

    def take(self, low: float, high: float, length: int) -> Message | None:
        """Take the first reply whose length is nearest to `length`, from `low` to `high`; None where there is none."""
        lengths = [known for known in self.by_length if low <= known <= high]
        if not lengths:
            return None
        nearest = min(lengths, key=lambda known: (abs(known - length), known))
        reply = self.by_length[nearest].popleft()
        if not self.by_length[nearest]:
            del self.by_length[nearest]
        return reply


class Free:
    """The pools that have a reply left, with the lengths of the shortest and the longest one as arrays."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        import numpy as np

        self.pools = [pool for pool in pools if pool.by_length]
        self.shortest = np.array([min(pool.by_length) for pool in self.pools], float)
        self.longest = np.array([max(pool.by_length) for pool in self.pools], float)

    def take(self, column: int, low: float, high: float, length: int) -> Message | None:
        """Take a reply out of one pool, as `Pool.take` does."""
        pool = self.pools[column]
        reply = pool.take(low, high, length)
        self.shortest[column] = min(pool.by_length, default=float("inf"))
        self.longest[column] = max(pool.by_length, default=0)
        return reply


@dataclass
class Matching:
    """The free replies by the words that they answer, and how much more often the hero's side was the longer one."""

    pools: dict[str, Pool]
    most: float
    """One side may be so many times as long as the other."""
    lean: int = 0

    def bounds(self, length: int) -> list[tuple[float, float]]:
        """Return the lengths that fit a line, first those that turn the balance."""
        low, high = length / self.most, length * self.most
        turning = {1: (length, high), -1: (low, length)}
        return [*([turning[1 if self.lean > 0 else -1]] if self.lean else []), (low, high)]

    def by_words(self, exchange: Exchange) -> Message | None:
        """Take a reply to the very words that the line answers."""
        pool, length = self.pools.get(exchange.said.content), len(exchange.reply.content)
        found = (pool.take(low, high, length) for low, high in self.bounds(length)) if pool else iter(())
        return self.counted(length, next((reply for reply in found if reply), None))

    def by_similarity(self, length: int, row: Any, free: "Free") -> Message | None:
        """Take a reply to the most similar words that have a fitting one; `row` holds the similarities, 0: too low."""
        for low, high in self.bounds(length):
            left = row * ((free.longest >= low) & (free.shortest <= high))
            while left.any():
                column = int(left.argmax())
                if reply := free.take(column, low, high, length):
                    return self.counted(length, reply)
                left[column] = 0
        return None

    def counted(self, length: int, reply: Message | None) -> Message | None:
        """Count which side of a new pair is the longer one."""
        if reply:
            self.lean += (length > len(reply.content)) - (length < len(reply.content))
        return reply


def matched(chosen: Sequence[Exchange], sober: Sequence[Exchange], least: float, most: float) -> list[Message | None]:
    """Return for each of the hero's lines the sober reply that it is set against, if there is one.

    `least` is the least similarity of what they answer (0 to 1).
    """
    matching = Matching({}, most)
    for exchange in sober:
        matching.pools.setdefault(exchange.said.content, Pool()).add(exchange.reply)
    found = [matching.by_words(exchange) for exchange in chosen]
    left = [i for i, reply in enumerate(found) if reply is None]
    for start in range(0, len(left), BLOCK):
        block = left[start : start + BLOCK]
        words = [words for words, pool in matching.pools.items() if pool.by_length]
        free = Free(matching.pools.values())
        for i, row in zip(block, _similarities([chosen[i].said.content for i in block], words, least), strict=True):
            found[i] = matching.by_similarity(len(chosen[i].reply.content), row, free)
    return found


def _similarities(asked: Sequence[str], words: Sequence[str], least: float) -> Any:
    """Return the similarities in percent (rows: asked, columns: words), 0 where below `least`."""
    import numpy as np
    from rapidfuzz import fuzz, process

    return process.cdist(asked, words, scorer=fuzz.ratio, score_cutoff=100 * least, dtype=np.float32)
