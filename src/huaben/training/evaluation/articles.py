"""What is left of general language: perplexity of held-out articles, and how an article goes on, among four.

As HellaSwag (Zellers et al., 2019) asks, with the true endings of other articles as the wrong ones, so
that none can be told by its style.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from huaben.training.evaluation.exam import CHOICES

ENDING = 30
"""Characters of an ending: all are of one length."""
BEGINNING = 60
"""Characters before it."""
POOL = 6


@dataclass(frozen=True)
class Opening:
    """The beginning of an ending, the ending, and wrong ones of which three stand beside it."""

    article: int
    beginning: str
    ending: str
    wrong: tuple[str, ...]


def openings(articles: Sequence[str]) -> list[Opening]:
    """Return an opening for each paragraph but an article's first that is long enough, in order."""
    found = [(place, *cut) for place, article in enumerate(articles) for cut in _cuts(article)]
    made = [
        Opening(
            place, beginning, ending, tuple(other for of, _, other in found if of != place)[:: _step(found, place)]
        )
        for place, beginning, ending in found
    ]
    return [opening for opening in made if len(opening.wrong) >= CHOICES - 1]


def _step(found: Sequence[tuple[int, str, str]], place: int) -> int:
    """Return every how many of the others' endings make a pool of at most `POOL`."""
    return max(-(-sum(of != place for of, _, _ in found) // POOL), 1)


def _cuts(article: str) -> list[tuple[str, str]]:
    """Return (beginning, ending) at each line break."""
    lines = article.split("\n")
    befores = ["\n".join(lines[:place])[-BEGINNING:] + "\n" for place in range(1, len(lines))]
    return [(before, line[:ENDING]) for before, line in zip(befores, lines[1:], strict=True) if len(line) >= ENDING]
