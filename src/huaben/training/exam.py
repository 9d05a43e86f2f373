"""The closed-book exam: does the question call up the right answer rather than one of three wrong ones.

A fact is asked in wordings that training never saw: a question and a statement with a blank. Wrong
answers are right answers to other questions of the same exam, of like angle and length, that share about
as many characters with the question (so they name the same people): whoever picks the answer that repeats
the question is near chance. How near stands beside the figure (`baselines.overlap`).
Instead of drawing three once, which would add the luck of the draw, a fact is worth its expected mark
over all draws from its pool; guessing is worth 0.25 either way.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from huaben.records import QA
from huaben.training.rows import Messages

CHOICES = 4
NEAR_DUPLICATE = 90
"""rapidfuzz ratio from which two short questions are one; below 20 characters 85 joins different ones."""
POOL = 4
"""So many wrong answers go with a question; more would have to be taken from those that share less with it."""
MORE = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""So many more letters and pairs of letters than the right answer a wrong one should share with the question;
of these an exam takes the one that brings the judge of overlap nearest to chance."""
OTHER_ANGLE = 2
"""An answer of another angle must share so much better."""
BLANK = "____"
COMPLETE = "补全：{}"
NOTHING_ASKED = "请回答。"


@dataclass(frozen=True)
class Item:
    """A fact: how it is asked, its answer, and the wrong answers of which three stand beside it."""

    question: str
    """As training asks it."""
    asked: tuple[str, ...]
    answer: str
    wrong: tuple[str, ...]
    wordings: tuple[str, ...] = ()
    """All ways to ask, those of training as well."""


def mark(answer: float, wrong: Sequence[float]) -> float:
    """Return the chance that `answer` beats three scores drawn from `wrong`; of k equal best ones each gets 1/k."""
    drawn, beaten, tied = CHOICES - 1, sum(answer > score for score in wrong), sum(answer == score for score in wrong)
    ways = sum(math.comb(beaten, drawn - k) * math.comb(tied, k) / (k + 1) for k in range(drawn + 1))
    return ways / math.comb(len(wrong), drawn)


def as_prompt(wording: str) -> Messages:
    """Return a wording as a user's message; a statement with a blank is put as a task."""
    return [{"role": "user", "content": COMPLETE.format(wording) if BLANK in wording else wording.strip()}]


def held_out(rows: Iterable[QA]) -> Iterator[tuple[QA, tuple[str, ...]]]:
    """Return the rows that have wordings, each with the two that training does not see."""
    return ((qa, qa.wordings[-2:]) for qa in rows if len(qa.wordings) > 1)


def unseen(
    asked: Iterable[tuple[QA, tuple[str, ...]]], trained: Sequence[str]
) -> Iterator[tuple[QA, tuple[str, ...]]]:
    """Leave out wordings that are near duplicates of a trained question, and rows without any other."""
    from rapidfuzz import fuzz, process

    def is_new(wording: str) -> bool:
        return not process.extractOne(wording, trained, scorer=fuzz.ratio, score_cutoff=NEAR_DUPLICATE)

    for qa, wordings in asked:
        if left := tuple(wording for wording in wordings if is_new(wording)):
            yield qa, left


def make_items(asked: Sequence[tuple[QA, tuple[str, ...]]]) -> list[Item]:
    """Return one item a row, in order; a question without three wrong answers to go with it has none."""
    exams = [_items(asked, more) for more in MORE]
    return min(exams, key=lambda items: abs(_mean([by_overlap(item) for item in items]) - 1 / CHOICES))


def overlap(question: str, answer: str) -> int:
    """Return how many different letters, and pairs of neighbouring ones, question and answer share."""
    return len(_parts(question) & _parts(answer))


def by_overlap(item: Item, judge: Callable[[str, str], float] = overlap) -> float:
    """Return the mark of a judge that reads nothing but the question and the answers: the mean over its wordings."""
    return _mean([mark(judge(w, item.answer), [judge(w, wrong) for wrong in item.wrong]) for w in item.asked])


def _items(asked: Sequence[tuple[QA, tuple[str, ...]]], more: float) -> list[Item]:
    rows = [qa for qa, _ in asked]
    items = [
        Item(qa.question, wordings, qa.answer, _wrong_answers(qa, wordings, rows, more), (qa.question, *qa.wordings))
        for qa, wordings in asked
    ]
    return [item for item in items if len(item.wrong) >= CHOICES - 1]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)


def _wrong_answers(qa: QA, asked: Sequence[str], rows: Sequence[QA], more: float) -> tuple[str, ...]:
    """Return the pool; an answer that holds the right one, or is held by it, is not wrong."""
    angles = {other.answer: other.angle for other in rows}
    wrong = [answer for answer in angles if answer not in qa.answer and qa.answer not in answer]

    def shared(answer: str) -> float:
        return sum(overlap(wording, answer) for wording in asked) / len(asked)

    aim = shared(qa.answer) + more

    def unfitness(answer: str) -> tuple[float, int, str]:
        other = OTHER_ANGLE * (angles[answer] != qa.angle)
        return abs(shared(answer) - aim) + other, abs(len(answer) - len(qa.answer)), answer

    return tuple(sorted(wrong, key=unfitness)[:POOL])


@cache
def _parts(text: str) -> frozenset[str]:
    pairs = [text[place : place + 2] for place in range(len(text) - 1)]
    return frozenset(part for part in (*text, *pairs) if part.isalnum())
