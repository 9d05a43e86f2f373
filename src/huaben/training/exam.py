"""The closed-book exam: is the right answer likelier than three wrong ones?

Wrong answers are right answers to other questions of the same exam and angle, of similar length, so
that none can be told by its form. Questions that training saw in nearly the same words are left out.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from huaben.records import QA

CHOICES = 4
NEAR_DUPLICATE = 90
"""rapidfuzz ratio from which two short questions are one; below 20 characters 85 joins different ones."""
CLOSEST = 12
"""Wrong answers are drawn from so many others of the closest length."""


@dataclass(frozen=True)
class Item:
    """A question; the right answer is the first of the choices."""

    question: str
    choices: tuple[str, ...]


def unseen(questions: Iterable[QA], trained: Sequence[str]) -> list[QA]:
    """Return the questions that are no near duplicate of a trained one."""
    from rapidfuzz import fuzz, process

    return [
        qa
        for qa in questions
        if not process.extractOne(qa.question, trained, scorer=fuzz.ratio, score_cutoff=NEAR_DUPLICATE)
    ]


def make_items(questions: Sequence[QA], seed: int) -> list[Item]:
    """Return one item a question, in order; a question without three wrong answers to go with it has none."""
    items = []
    for qa in questions:
        wrong = _wrong_answers(qa, questions, random.Random(f"{seed} {qa.record_id}"))
        if len(wrong) == CHOICES - 1:
            items.append(Item(qa.question, (qa.answer, *wrong)))
    return items


def _wrong_answers(qa: QA, pool: Sequence[QA], rng: random.Random) -> list[str]:
    """Draw from the answers closest in length; one that holds the right answer, or is held by it, is not wrong."""
    others = {
        o.answer for o in pool if o.angle == qa.angle and o.answer not in qa.answer and qa.answer not in o.answer
    }
    closest = sorted(others, key=lambda answer: (abs(len(answer) - len(qa.answer)), answer))[:CLOSEST]
    return rng.sample(closest, min(CHOICES - 1, len(closest)))
