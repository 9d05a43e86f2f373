"""The vocabulary: one frozen record type for each shape of dataset, and where it came from.

Rows of JSONL files are `record.row()` and come back by `Type.model_validate(row)`; constructors
check the nested shapes. Offsets are characters of the chapter's `text`, end exclusive.
"""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Split = Literal["train", "validation", "test"]
Role = Literal["system", "user", "assistant"]
QuotationKind = Literal["speech", "thought", "sound", "emphasis", "title", "letter", "verse"]
Span = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


def make_id(*parts: Any) -> str:
    """Return 16 hex digits of the SHA-256 of the parts' canonical JSON: content and origin, never a row number."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Record(BaseModel):
    """A frozen value with exactly its declared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def row(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return self.model_dump(mode="json")


class Provenance(Record):
    """Where a record came from. `chapter` is 0 and `spans` empty for what is not from the novel."""

    novel: str
    chapter: Annotated[int, Field(ge=0)]
    chapter_id: str
    spans: tuple[Span, ...] = ()
    prompt: str | None = None
    """Prompt and version, such as `qa.v2`."""
    model: str | None = None
    reply_id: str | None = None
    """Key of the reply in the reply store."""
    written_by: str | None = None
    """Who wrote a recorded reply, when no model did."""


class Chapter(Record):
    """One chapter: `index` counts from 1 in reading order; `number` is what the heading says."""

    chapter_id: str
    index: Annotated[int, Field(ge=1)]
    number: int | None
    kind: Literal["prologue", "chapter", "side_story", "epilogue", "whole"]
    volume: str | None
    heading: str
    title: str
    novel: str
    split: Split
    text: str


class Line(Record):
    """A quotation: `chapter.text[start:end] == text`, without its outer marks."""

    record_id: str
    split: Split
    chapter: Annotated[int, Field(ge=1)]
    start: int
    end: int
    text: str
    kind: QuotationKind
    depth: Annotated[int, Field(ge=0)]
    """0 for an outer quotation, 1 for one inside it, and so on."""
    scene: Annotated[int, Field(ge=1)]
    speaker: str | None = None
    """Canonical name; None is unknown."""
    addressee: str | None = None
    certainty: Annotated[float, Field(ge=0, le=1)] = 0.0
    evidence: str | None = None
    """Why this speaker: the rule and the words it read."""
    decided_by: Literal["rule", "model"] | None = None
    provenance: Provenance


class Message(Record):
    """One message of a conversation. A novel line carries its spans; a greeting has none."""

    role: Role
    content: str
    speaker: str | None = None
    spans: tuple[Span, ...] = ()
    origin: Literal["novel", "greeting", "reply", "prompt"] = "novel"


class Conversation(Record):
    """A scene as `character` speaks in it: the character is the assistant, everybody else the user."""

    record_id: str
    split: Split
    character: str
    scene: Annotated[int, Field(ge=1)]
    messages: tuple[Message, ...]
    provenance: Provenance

    @model_validator(mode="after")
    def _has_messages(self) -> Self:
        if not self.messages:
            raise ValueError("a conversation needs at least one message")
        return self


class Aspect(Record):
    """One side of a summary: plot, relations, psychology."""

    aspect: str
    text: str


class Summary(Record):
    """A chapter's summary; `summary` is its aspects' texts, a line each."""

    record_id: str
    split: Split
    title: str
    summary: str
    aspects: tuple[Aspect, ...]
    provenance: Provenance


class QA(Record):
    """A question and its answer. `evidence` is `text[start:end]` of the one span in the provenance."""

    record_id: str
    split: Split
    angle: str
    question: str
    answer: str
    evidence: str | None
    """None where the answer is a summary (configs `summary_qa_*`)."""
    wordings: tuple[str, ...] = ()
    """Other ways to ask the same; the last two are never trained on: the exam asks them."""
    provenance: Provenance

    @property
    def trained(self) -> tuple[str, ...]:
        """The ways to ask that are trained on: the question itself first."""
        return (self.question, *self.wordings[:-2])

    @property
    def examined(self) -> tuple[str, ...]:
        """The ways to ask that only the exam asks; none where the question has no other wordings."""
        return self.wordings[-2:]


class Preference(Record):
    """A preference pair: the prompt's messages, one chosen and one rejected assistant message."""

    record_id: str
    split: Split
    way: Literal["prompts", "grounded", "contrast"]
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    provenance: Provenance

    @model_validator(mode="after")
    def _is_a_pair(self) -> Self:
        if not self.prompt or self.prompt[-1].role != "user":
            raise ValueError("the prompt of a pair ends with a user message")
        for side in (self.chosen, self.rejected):
            if len(side) != 1 or side[0].role != "assistant":
                raise ValueError("chosen and rejected are one assistant message each")
        return self


class Piece(Record):
    """Plain text of the novel for continued pretraining."""

    record_id: str
    split: Split
    text: str
    provenance: Provenance


DATASETS: dict[str, type[Record]] = {
    "lines": Line,
    "dialogue_raw": Conversation,
    "dialogue": Conversation,
    "summary_v1": Summary,
    "summary_v2": Summary,
    "summary_qa_v1": QA,
    "summary_qa_v2": QA,
    "qa_v1": QA,
    "qa_v2": QA,
    "preference": Preference,
    "pretrain": Piece,
}
"""Every dataset (Hugging Face config) and the type of its rows."""
