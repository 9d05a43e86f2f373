"""By what two records are compared, and which of two that are alike is the better one."""

import re
import unicodedata
from typing import Any

from huaben.records import QA, Conversation, Message, Piece, Preference, Record, Summary
from huaben.text import count_letters

SPLITS = {"test": 0, "validation": 1, "train": 2}
UNHEARD = re.compile(r"(?<!\d)[\W_]+|[\W_]+(?!\d)")
"""Marks and blanks, but for those between two digits: 1.5 is not 15."""


def bare(text: str) -> str:
    """Return a text in NFKC and small letters, without punctuation and blanks: what makes no difference is gone."""
    return UNHEARD.sub("", unicodedata.normalize("NFKC", text).lower())


def text_of(record: Record) -> str:
    """Return what two records are compared by."""
    match record:
        case Conversation():
            return _joined(record.messages)
        case QA():
            return f"{record.question}\n{record.answer}"
        case Summary():
            return record.summary
        case Preference():
            return _joined((*record.prompt, *record.chosen))
        case Piece():
            return record.text
    raise TypeError(f"no text to compare in {type(record).__name__}")


def prompt_of(record: Record) -> str:
    """Return what a preference pair asks; "" (compared with nothing) for other records."""
    return _joined(record.prompt) if isinstance(record, Preference) else ""


def strength(record: Any) -> tuple[int, bool, int, str]:
    """Return the sort key by which the record that stays comes first.

    The held-out splits before train; a question with evidence before one without; more letters of the reply; then
    the id.
    """
    without_evidence = isinstance(record, QA) and record.evidence is None
    return SPLITS[record.split], without_evidence, -count_letters(_reply_of(record)), record.record_id


def _reply_of(record: Record) -> str:
    match record:
        case Conversation():
            return _joined([message for message in record.messages if message.role == "assistant"])
        case QA():
            return record.answer
        case Preference():
            return _joined(record.chosen)
    return text_of(record)


def place_of(record: Any) -> tuple[int, int]:
    """Return the chapter, and the scene where the record knows it (else 0)."""
    return record.provenance.chapter, record.scene if isinstance(record, Conversation) else 0


def _joined(messages: tuple[Message, ...] | list[Message]) -> str:
    return "\n".join(message.content for message in messages)
