"""Does a reply sound like the character? A classifier of the character's lines against everybody else's.

Multinomial naive Bayes over character n-grams (McCallum and Nigam, 1998), with equal priors, so that
who speaks most does not decide. It sees words as well as manner: a high score says "the words of the
character", no more; its accuracy on real held-out lines stands beside every score.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from huaben.records import Line
from huaben.text import count_letters

LENGTHS = (1, 2, 3)
SMOOTHING = 0.5
MIN_LETTERS = 6
"""As for replies: a line below says nothing about its speaker."""


@dataclass(frozen=True)
class StyleClassifier:
    """Log-odds of each n-gram for the character; an n-gram never seen in training says nothing."""

    odds: dict[str, float]

    def score(self, text: str) -> float:
        """Return the mean log-odds of the text's n-grams; above 0 is the character."""
        grams = _grams(text)
        return sum(self.odds.get(gram, 0.0) for gram in grams) / len(grams) if grams else 0.0

    def is_character(self, text: str) -> bool:
        """Say whether the text sounds like the character; an empty one does not."""
        return self.score(text) > 0


def usable(lines: Iterable[Line]) -> list[Line]:
    """Return the spoken lines of known speakers that are long enough to tell."""
    return [
        line
        for line in lines
        if line.speaker and line.kind == "speech" and not line.depth and count_letters(line.text) >= MIN_LETTERS
    ]


def fit(lines: Iterable[Line], character: str) -> StyleClassifier:
    """Train on spoken lines. Raises ValueError when the character, or everybody else, has none."""
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for line in lines:
        counts[line.speaker == character].update(_grams(line.text))
    if not all(counts.values()):
        raise ValueError("both the character and others must have spoken lines")
    grams = set(counts[True]) | set(counts[False])
    total = {side: sum(counts[side].values()) + SMOOTHING * len(grams) for side in counts}
    return StyleClassifier(
        {
            gram: math.log((counts[True][gram] + SMOOTHING) / total[True])
            - math.log((counts[False][gram] + SMOOTHING) / total[False])
            for gram in grams
        }
    )


def _grams(text: str) -> list[str]:
    framed = f"^{text}$"
    return [framed[place : place + n] for n in LENGTHS for place in range(len(framed) - n + 1)]
