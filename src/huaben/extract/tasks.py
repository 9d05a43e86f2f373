"""What is asked about a passage: each task's prompt, and how its reply is read.

The tasks of a passage are turns of one conversation. `opening` says which of them opens it, all
others go on from its answer, beside each other. The speakers task, which alone holds names, never opens
one that others go on from; so a changed alias re-asks only speakers.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from huaben.extract.passages import Passage
from huaben.llm.answers import InvalidReply
from huaben.llm.structured import parse_object, without_wrapping
from huaben.params import CastMember, Params

ASPECTS = {"v1": ("summary",), "v2": ("plot", "relations", "psychology")}
ANGLES = ("terms", "plot", "speech", "depth")
QA_FIELDS = ("question", "answer", "evidence")
ANSWER = re.compile(r"\s*[|｜]?\s*(\d{1,6})\s*[|｜]([^|｜]*)[|｜]([^|｜]*)[|｜]\s*(\d{1,4})?\s*[|｜]?\s*")
"""A line of the reply, also as the row of a Markdown table."""

SPEAKERS = "speakers.v1"

Parsed = tuple[Any, str | None]
"""A value, and what was repaired to get it (None: nothing)."""


@dataclass(frozen=True)
class Task:
    """One task: its prompt, its variables for a passage, how its reply is read and how long it is."""

    prompt_id: str
    parse: Callable[[str], Parsed]
    variables: Callable[[Passage], Mapping[str, str]] = lambda passage: {}
    lines: Callable[[Passage], int] = lambda passage: 1
    """How many lines the reply has, where its length grows with them; none: there is nothing to ask."""


@dataclass(frozen=True)
class NumberedAnswer:
    """One line of a reply to the speakers task."""

    speaker: str
    addressee: str
    scene: int | None


def summary_task(version: str) -> Task:
    """Return the task that asks for a summary (v1: with questions)."""
    return Task(f"summary.{version}", partial(_parse_summary, version))


def qa_task() -> Task:
    """Return the task that asks questions from four angles."""
    return Task("qa.v2", _parse_qa)


def speakers_task(cast: Sequence[CastMember]) -> Task:
    """Return the task that asks who speaks. It names those of the cast whom the passage names."""

    def variables(passage: Passage) -> Mapping[str, str]:
        text = passage.text
        there = [m for m in cast if any(name in text for name in (m.name, *m.aliases))]
        people = (f"{m.name}：{'、'.join(m.aliases)}" if m.aliases else m.name for m in there)
        return {"cast": "\n".join(people) or "（无）"}

    return Task(SPEAKERS, _parse_speakers, variables, lambda passage: len(passage.numbers))


def opening(params: Params) -> Task | None:
    """Return the task with which the conversation about every passage opens; None: each for itself."""
    wanted = params.summary.versions
    if wanted:
        return summary_task("v2" if "v2" in wanted else "v1")
    return qa_task() if "v2" in params.qa.versions else None


def _parse_summary(version: str, content: str) -> Parsed:
    value, repaired = parse_object(content)
    for aspect in ASPECTS[version]:
        if not isinstance(value.get(aspect), str):
            raise InvalidReply(f"`{aspect}` is not text")
    return value if any(value[aspect].strip() for aspect in ASPECTS[version]) else {}, repaired


def _parse_qa(content: str) -> Parsed:
    """Return every item with its angle; what stands where a list should is an item, to be refused."""
    value, repaired = parse_object(content)
    if not any(isinstance(value.get(angle), list) for angle in ANGLES):
        raise InvalidReply("none of the four angles is there")
    given = {angle: value[angle] for angle in ANGLES if angle in value}
    items = [(angle, item) for angle, v in given.items() for item in (v if isinstance(v, list) else [v])]
    return [(angle, as_fields(item)) for angle, item in items], repaired


def as_fields(item: Any) -> Any:
    """Return `[question, answer, evidence]`, which costs a model fewer tokens, as the object that it stands for."""
    is_short = isinstance(item, list) and len(item) == len(QA_FIELDS)
    return dict(zip(QA_FIELDS, item, strict=True)) if is_short else item


def _parse_speakers(content: str) -> Parsed:
    """Read `number|speaker|addressee|scene` lines; other lines are passed over, none at all is invalid.

    A number that is answered twice, and not alike, is not answered.
    """
    bare, repaired = without_wrapping(content)
    found: dict[int, set[NumberedAnswer]] = defaultdict(set)
    for line in bare.splitlines():
        if m := ANSWER.fullmatch(line):
            found[int(m[1])].add(NumberedAnswer(m[2].strip(), m[3].strip(), int(m[4]) if m[4] else None))
    if not found:
        raise InvalidReply("no line of the form number|speaker|addressee|scene")
    return {number: said.pop() for number, said in found.items() if len(said) == 1}, repaired
