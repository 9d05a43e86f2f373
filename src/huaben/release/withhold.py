"""The novel's own text, taken out of records and put back: where it stands and its hash stay.

For a novel that one may not pass on. What models and people wrote about it stays as it is; every text that is the
novel's becomes `sha256:` and 64 hex digits, and its spans say where an owner of the book finds it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from huaben.records import QA, Conversation, Line, Message, Piece, Preference, Record

Spans = Sequence[tuple[int, int]]
Change = Callable[[str, Spans], str]
"""From a text of the novel and its spans (none: a quotation somewhere in it) to what takes its place."""


def digest(text: str) -> str:
    """Return what stands for a text: `sha256:` and the hex digest of its UTF-8 bytes."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def withheld(record: Any) -> Any:
    """Return a record with hashes for the novel's texts; a line also loses the words of its cue."""
    changed = map_quoted(record, lambda text, spans: digest(text))
    return changed.model_copy(update={"evidence": None}) if isinstance(record, Line) else changed


def is_free(record: Record) -> bool:
    """Tell whether an export of the record shows no text of the novel (a question's evidence is in none)."""
    return isinstance(record, QA) or withheld(record) == record


def map_quoted(record: Any, change: Change) -> Any:
    """Return a record with every text of the novel changed."""
    match record:
        case Line():
            return record.model_copy(update={"text": change(record.text, ((record.start, record.end),))})
        case Piece():
            return record.model_copy(update={"text": change(record.text, record.provenance.spans)})
        case QA():
            proof = record.evidence and change(record.evidence, record.provenance.spans)
            return record.model_copy(update={"evidence": proof})
        case Conversation():
            return record.model_copy(update={"messages": _messages(record.messages, change)})
        case Preference():
            sides: Mapping[str, Any] = {
                side: _messages(getattr(record, side), change) for side in ("prompt", "chosen", "rejected")
            }
            return record.model_copy(update=dict(sides))
    return record


def _messages(messages: Sequence[Message], change: Change) -> tuple[Message, ...]:
    return tuple(
        m.model_copy(update={"content": change(m.content, m.spans)}) if m.origin == "novel" else m for m in messages
    )
