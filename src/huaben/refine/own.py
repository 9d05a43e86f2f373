"""Our own records through the filters of texts: what the novel says is only judged, what a model wrote is mended.

A message of origin `novel`, a line and a piece of plain text are the novel's own words: nothing is cut from
them, as their content is what stands at their spans, and people in novels may say what they like. Only
damage drops them (docs/cleaning.md).
"""

from collections.abc import Sequence
from typing import Any

from huaben.records import QA, Conversation, Line, Message, Piece, Preference, Record, Summary
from huaben.refine.filters import Exchange, plain_fault, reply_fault, text_fault
from huaben.refine.repair import mend


class FaultyError(Exception):
    """A reason to drop a record."""


def mended(record: Record) -> tuple[Any, list[str]]:
    """Return a record with its model-written texts mended, and the names of the cuts; raise FaultyError to drop it."""
    match record:
        case Conversation():
            _require_sound(message.content for message in record.messages)
        case Line() | Piece():
            _require_sound([record.text])
        case QA():
            _require_sound([record.question])
            answer, cuts = _reply(record.answer, Exchange(record.question, record.question, is_talk=False))
            return (record.model_copy(update={"answer": answer}) if cuts else record), cuts
        case Summary():
            return _summary(record)
        case Preference():
            return _preference(record)
    return record, []


def _require_sound(texts: Any) -> None:
    for text in texts:
        if fault := text_fault(text):
            raise FaultyError(fault)


def _reply(text: str, exchange: Exchange) -> tuple[str, list[str]]:
    text, cuts = mend(text, exchange.before)
    if not text and "reasoning block" in cuts:
        raise FaultyError("reasoning only")
    if fault := reply_fault(text, exchange):
        raise FaultyError(fault)
    return text, cuts


def _summary(record: Summary) -> tuple[Summary, list[str]]:
    exchange = Exchange("", record.title, is_talk=False)
    done = [(aspect, *_reply(aspect.text, exchange)) for aspect in record.aspects]
    cuts = [cut for _, _, found in done for cut in found]
    if not cuts:
        return record, []
    aspects = tuple(aspect.model_copy(update={"text": text}) for aspect, text, _ in done)
    summary = "\n".join(aspect.text for aspect in aspects)
    return record.model_copy(update={"aspects": aspects, "summary": summary}), cuts


def _preference(record: Preference) -> tuple[Preference, list[str]]:
    _require_sound(message.content for message in record.prompt)
    before = "\n".join(message.content for message in record.prompt)
    exchange = Exchange(record.prompt[-1].content, before)
    chosen, cuts = _side(record.chosen, exchange)
    rejected, more = _side(record.rejected, None)
    if not (cuts or more):
        return record, []
    return record.model_copy(update={"chosen": chosen, "rejected": rejected}), cuts + more


def _side(messages: Sequence[Message], exchange: Exchange | None) -> tuple[tuple[Message, ...], list[str]]:
    """Mend one side; without an exchange it is the rejected one, which may decline or speak of being a machine."""
    (message,) = messages
    if message.origin == "novel":
        _require_sound([message.content])
        return (message,), []
    if exchange is None:
        text, cuts = mend(message.content)
        if fault := plain_fault(text):
            raise FaultyError(fault)
    else:
        text, cuts = _reply(message.content, exchange)
    return (message.model_copy(update={"content": text}),), cuts
