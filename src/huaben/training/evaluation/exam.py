"""The closed-book exam: does a question call up the right answer rather than one of three wrong ones.

A fact is asked in wordings that training never saw. To a question, the wrong answers are right answers to
other questions of the exam, of like angle and length, that share about as many characters with it (so they
name the same people): whoever picks the answer that repeats the question is near chance. How near stands
beside the figure (`baselines.overlap`). A statement with a blank (cloze.py) is filled rightly and wrongly.
Instead of drawing three wrong ones once, which would add the luck of the draw, a fact is worth its expected
mark over all draws from its pool; guessing is worth 0.25 either way.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean

from huaben.records import QA
from huaben.text import BLANK
from huaben.training.evaluation.cloze import filling, wrong_fillings
from huaben.training.learning.rows import Messages

CHOICES = 4
NEAR_DUPLICATE = 90
"""rapidfuzz ratio from which two short questions are one; below 20 characters 85 joins different ones."""
POOL = 4
"""So many wrong answers go with a question; more would have to be taken from those that share less with it."""
AS_MUCH = 2
"""Of these at least so many share as much with the question as the right answer does, or the question is not
asked: with 2 the judge of overlap is at 0.25 on the embedded novel, with 1 at 0.30, with none at 0.53."""
OTHER_ANGLE = 1
"""An answer of another angle must share so much better."""
COMPLETE = "补全：{}"
NOTHING_ASKED = "请回答。"

Asked = Sequence[tuple[QA, tuple[str, ...]]]
"""Rows, each with the wordings to ask."""


@dataclass(frozen=True)
class Asking:
    """One wording of a fact and its choices, the right one first.

    `parts` are what sets the choices apart: of a filled statement the filling, of a question's answer all of it.
    """

    wording: str
    choices: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def is_cloze(self) -> bool:
        """Whether it is a statement with a blank."""
        return BLANK in self.wording


@dataclass(frozen=True)
class Item:
    """A fact: how it is asked, its answer, and the words of it that matter most (all, where they are not known)."""

    question: str
    """As training asks it."""
    answer: str
    core: str
    askings: tuple[Asking, ...]
    wordings: tuple[str, ...] = ()
    """All ways to ask, those of training as well."""


def mark(scores: Sequence[float]) -> float:
    """Return the chance that the first score beats three drawn from the others; of k equal best each gets 1/k."""
    right, *wrong = scores
    drawn, beaten, tied = CHOICES - 1, sum(right > score for score in wrong), sum(right == score for score in wrong)
    ways = sum(math.comb(beaten, drawn - k) * math.comb(tied, k) / (k + 1) for k in range(drawn + 1))
    return ways / math.comb(len(wrong), drawn)


def as_prompt(wording: str) -> Messages:
    """Return a wording as a user's message; a statement with a blank is put as a task."""
    return [{"role": "user", "content": COMPLETE.format(wording) if BLANK in wording else wording.strip()}]


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


def make_items(asked: Asked, names: frozenset[str]) -> list[Item]:
    """Return one item a row, in order; a row has none without any wording to which wrong choices can be found."""
    rows = [qa for qa, _ in asked]
    cores = {core: any(name in core for name in names) for qa, w in asked for core in _cores(qa, w)}
    items = []
    for qa, wordings in asked:
        found = [_cloze(w, qa, cores) if BLANK in w else _question(w, qa, rows) for w in wordings]
        core = next(_cores(qa, wordings), qa.answer)
        askings = tuple(asking for asking in found if asking)
        items.append(Item(qa.question, qa.answer, core, askings, (qa.question, *qa.wordings)))
    return [item for item in items if item.askings]


def overlap(question: str, answer: str) -> int:
    """Return how many different letters, and pairs of neighbouring ones, question and answer share."""
    return len(_parts(question) & _parts(answer))


def by_overlap(item: Item) -> float:
    """Return the mark of a judge that picks what shares most with the wording: the mean over the wordings."""
    return fmean([mark([overlap(asking.wording, part) for part in asking.parts]) for asking in item.askings])


def _cores(qa: QA, wordings: Sequence[str]) -> Iterator[str]:
    return (text for wording in wordings if (text := filling(wording, qa.answer)))


def _cloze(statement: str, qa: QA, cores: dict[str, bool]) -> Asking | None:
    core = filling(statement, qa.answer)
    wrong = wrong_fillings(statement, core, cores, overlap) if core else []
    if core is None or len(wrong) < CHOICES - 1:
        return None
    parts = (core, *wrong[:POOL])
    return Asking(statement, tuple(statement.replace(BLANK, part) for part in parts), parts)


def _question(wording: str, qa: QA, rows: Sequence[QA]) -> Asking | None:
    """Return the asking of a question; an answer that holds the right one, or is held by it, is not wrong."""
    angles = {other.answer: other.angle for other in rows}
    shared = {answer: overlap(wording, answer) for answer in angles}
    right = shared[qa.answer]

    def unfitness(answer: str) -> tuple[int, int, str]:
        apart = abs(shared[answer] - right) + OTHER_ANGLE * (angles[answer] != qa.angle)
        return apart, abs(len(answer) - len(qa.answer)), answer

    wrong = [answer for answer in angles if answer not in qa.answer and qa.answer not in answer]
    choices = (qa.answer, *sorted(wrong, key=unfitness)[:POOL])
    if len(choices) < CHOICES or sum(shared[answer] >= right for answer in choices[1:]) < AS_MUCH:
        return None
    return Asking(wording, choices, choices)


@cache
def _parts(text: str) -> frozenset[str]:
    pairs = [text[place : place + 2] for place in range(len(text) - 1)]
    return frozenset(part for part in (*text, *pairs) if part.isalnum())
