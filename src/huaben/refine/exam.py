"""The exam's wordings, held against what is trained on: whoever has seen the question knows the answer already.

The last two wordings of a question are never trained on. One that is nearly a trained question, of whichever dataset
and fact, would be no exam: its row then gives up its wordings.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from huaben.records import QA
from huaben.refine.compared import bare
from huaben.refine.duplicates import find_similar

TOO_ALIKE = 0.9
"""Similarity from which two wordings are one: that of `dedupe.thresholds`, fixed, as a gate holds the data to it."""


class Asked(NamedTuple):
    """A wording of the exam, and the record that it is of."""

    record_id: str
    text: str


def exam_of(questions: Iterable[QA]) -> list[Asked]:
    """Return the wordings that the exam asks: about train chapters, and, as the control, about held-out ones."""
    return [Asked(qa.record_id, text) for qa in questions for text in qa.examined]


def trained_of(questions: Iterable[QA]) -> list[str]:
    """Return every wording of the train split that a model is trained on."""
    return [text for qa in questions if qa.split == "train" for text in qa.trained]


def leaks(exam: Sequence[Asked], trained: Sequence[str]) -> set[str]:
    """Return the ids of the records with a wording in the exam that is nearly one that is trained on."""
    similar = find_similar([bare(text) for text in (*trained, *(asked.text for asked in exam))], TOO_ALIKE, False)
    numbers = similar.number.tolist()
    seen = set(numbers[: len(trained)])
    pairs = list(zip(similar.duplicates.i.tolist(), similar.duplicates.j.tolist(), strict=True))
    near = {a for a, b in pairs if b in seen} | {b for a, b in pairs if a in seen} | seen
    return {asked.record_id for asked, number in zip(exam, numbers[len(trained) :], strict=True) if number in near}


def without_leaks(questions: Sequence[QA], trained: Sequence[str]) -> tuple[list[QA], int]:
    """Return the questions, those whose exam is trained on without wordings, and how many these are.

    `trained` are the wordings of other datasets; those of the questions themselves are counted in.
    """
    gone = leaks(exam_of(questions), [*trained, *trained_of(questions)])
    kept = [qa.model_copy(update={"wordings": ()}) if qa.record_id in gone else qa for qa in questions]
    return kept, len(gone)
