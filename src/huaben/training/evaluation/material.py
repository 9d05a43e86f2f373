"""What every model is asked, read once: nothing of it was trained on.

Of the two held-out splits one tunes and the other tells. `validation` has the validation pairs and
lines, a third of the exam's facts and of the held-out articles; `test` has the test pairs and lines and
the other two thirds. The control asks about held-out chapters: for `validation` only those of that name.
"""

import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from huaben.params import Params
from huaben.records import QA, Line, Preference, Split
from huaben.training.evaluation import articles, exam, style
from huaben.training.learning import rows

HeldOut = Literal["validation", "test"]
THIRD = 3
Asked = list[tuple[QA, tuple[str, ...]]]


@dataclass(frozen=True)
class Material:
    """All that is asked; an empty list or None: `left_out` says why."""

    pairs: list[Preference]
    asked: list[Preference]
    """The pairs whose prompts are answered."""
    knowledge: list[exam.Item]
    control: list[exam.Item]
    facts: list[exam.Item]
    """Those of `knowledge` that are answered in the model's own words."""
    general: list[str]
    openings: list[articles.Opening]
    lines: list[Line]
    classifier: style.StyleClassifier | None
    left_out: dict[str, str] = field(default_factory=dict)


def gather(datasets: Path, general: Path | None, params: Params, split: HeldOut) -> Material:
    """Read the material of a held-out split. Raises InputError for a row or a text that cannot be read."""
    pairs: list[Preference] = rows.read_records(datasets, "preference", split)
    knowledge, control = _exam(datasets, split)
    held_out = _share(list(enumerate(rows.read_general(general)[1])), split)
    train_lines = style.usable(rows.read_records(datasets, "lines", "train"))
    is_hero = {line.speaker == params.character.name for line in train_lines}
    wanted, rng = params.evaluate, random.Random(params.evaluate.seed)
    material = Material(
        pairs=pairs,
        asked=rng.sample(pairs, min(wanted.prompts, len(pairs))),
        knowledge=knowledge,
        control=control,
        facts=rng.sample(knowledge, min(wanted.facts, len(knowledge))),
        general=held_out,
        openings=articles.openings(held_out),
        lines=style.usable(rows.read_records(datasets, "lines", split)),
        classifier=style.fit(train_lines, params.character.name) if len(is_hero) == 2 else None,
    )
    material.left_out.update(_reasons(material, split))
    return material


def _share(numbered: Sequence[tuple[int, str]], split: HeldOut) -> list[str]:
    """Return every third text for validation, and the others for the test."""
    return [text for number, text in numbered if (number % THIRD == 0) == (split == "validation")]


def _exam(datasets: Path, split: HeldOut) -> tuple[list[exam.Item], list[exam.Item]]:
    """Return the facts of train chapters and those of held-out ones; the wrong answers come from all of the kind."""
    control: tuple[Split, ...] = ("validation",) if split == "validation" else ("validation", "test")
    train, others = _asked(datasets, ("train",)), _asked(datasets, ("validation", "test"))
    of_split = {qa.question for qa, _ in train if (_number(qa) % THIRD == 0) == (split == "validation")}
    of_control = {qa.question for qa, _ in others if qa.split in control}
    names = frozenset(line.speaker for line in rows.read_records(datasets, "lines") if line.speaker)
    return (
        [item for item in exam.make_items(train, names) if item.question in of_split],
        [item for item in exam.make_items(others, names) if item.question in of_control],
    )


def _number(qa: QA) -> int:
    """Return a number that stays the row's when others come and go."""
    return zlib.crc32(qa.record_id.encode())


def _asked(datasets: Path, splits: Sequence[Split]) -> Asked:
    """Return rows with the wordings to ask: those of `qa_v2` that are held out; where it has none, `qa_v1`.

    `qa_v1` stands in as long as training reads another dataset.
    """
    trained = [wording for name in rows.trained_qa(datasets) for wording in _trained(datasets, name)]
    questions: list[QA] = [qa for split in splits for qa in rows.read_records(datasets, "qa_v2", split)]
    asked = [(qa, qa.examined) for qa in questions if qa.examined]
    if not asked and rows.knowledge_dataset(datasets) != "qa_v1":
        others: list[QA] = [qa for split in splits for qa in rows.read_records(datasets, "qa_v1", split)]
        asked = [(qa, (qa.question,)) for qa in others]
    return list(exam.unseen(asked, trained))


def _trained(datasets: Path, name: str) -> list[str]:
    found: list[QA] = rows.read_records(datasets, name, "train")
    return [wording for qa in found for wording in qa.trained]


def _reasons(material: Material, split: HeldOut) -> Iterator[tuple[str, str]]:
    no_exam = "no wording that training did not see: qa_v2 has none (qa.wordings), nor is qa_v1 there beside it"
    if not material.pairs:
        yield "preference_accuracy", f"no preference pair in the {split} split"
    if not material.asked or material.classifier is None:
        yield "style_score", "no held-out prompt, or no lines of both the character and others to learn from"
    if not material.knowledge:
        yield "knowledge_accuracy", no_exam
    if not material.control:
        yield "knowledge_control", no_exam
    if not material.general:
        yield "perplexity_general", "no held-out article of general text"
    if not material.openings:
        yield "general_accuracy", "too few held-out articles of several paragraphs"
    if not material.classifier or not material.lines:
        yield "style_classifier", "no lines to learn from, or none held out to be tried on"
