"""The closed-book exam: is the right answer likelier than three wrong ones.

Wrong answers are right answers to other questions of the same exam and angle, of similar length, so
that none can be told by its form. Questions that training saw in nearly the same words are left out.
Instead of drawing three wrong answers once, which would add the luck of the draw to the figure, an
item is worth its expected mark over all draws from its pool; guessing is worth 0.25 either way.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from huaben.records import QA

CHOICES = 4
NEAR_DUPLICATE = 90
"""rapidfuzz ratio from which two short questions are one; below 20 characters 85 joins different ones."""
POOL = 12
"""So many wrong answers go with a question, those closest to the right one in length."""


@dataclass(frozen=True)
class Item:
    """A question, its answer, and the wrong answers of which three stand beside it."""

    question: str
    answer: str
    wrong: tuple[str, ...]

    def mark(self, answer: float, wrong: Sequence[float]) -> float:
        """Return the probability that `answer` beats three scores drawn from `wrong` without replacement."""
        beaten = sum(answer > score for score in wrong)
        return math.comb(beaten, CHOICES - 1) / math.comb(len(wrong), CHOICES - 1)


def unseen(questions: Iterable[QA], trained: Sequence[str]) -> list[QA]:
    """Return the questions that are no near duplicate of a trained one."""
    from rapidfuzz import fuzz, process

    return [
        qa
        for qa in questions
        if not process.extractOne(qa.question, trained, scorer=fuzz.ratio, score_cutoff=NEAR_DUPLICATE)
    ]


def make_items(questions: Sequence[QA]) -> list[Item]:
    """Return one item a question, in order; a question without three wrong answers to go with it has none."""
    items = [Item(qa.question, qa.answer, _wrong_answers(qa, questions)) for qa in questions]
    return [item for item in items if len(item.wrong) >= CHOICES - 1]


def _wrong_answers(qa: QA, others: Sequence[QA]) -> tuple[str, ...]:
    """Return the answers closest in length; one that holds the right answer, or is held by it, is not wrong."""
    answers = {other.answer for other in others if other.angle == qa.angle}
    wrong = [answer for answer in answers if answer not in qa.answer and qa.answer not in answer]
    return tuple(sorted(wrong, key=lambda answer: (abs(len(answer) - len(qa.answer)), answer))[:POOL])
