"""Records → kept, and dropped with a reason. A filter returns a reason to drop; None keeps.

The texts go through the filters of `own.py`, what the dataset asks of a record is here.
Dialogues follow docs/formats.md: strip, merge, drop short replies with the messages they answer,
merge, greet where the character opens, drop trailing human messages, drop what is left one-sided.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from huaben.params import Clean
from huaben.records import DATASETS, QA, Conversation, Message, Piece, Preference, Record, Summary
from huaben.refine.own import FaultyError, mended
from huaben.refine.reviews import REASON
from huaben.text import count_letters


@dataclass
class Sifted:
    """Records kept and dropped; their sum is the input."""

    kept: list[Any] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)
    """What was cut from kept records."""

    def drop(self, record: Record, reason: str, by: str | None = None) -> None:
        """Put a record aside with its reason, and the record that it repeats, if any."""
        self.dropped.append({"reason": reason, "by": by, "record": record.row()})


def clean(
    dataset: str, records: Iterable[Any], params: Clean, joiner: str, reviewed: Collection[str] = frozenset()
) -> Sifted:
    """Clean one dataset; `joiner` stands between merged pieces ("" in Chinese, a space in English).

    `reviewed` has the ids of the records that a person marked bad.
    """
    sifted, count = Sifted(), 0
    for record in records:
        count += 1
        if record.record_id in reviewed:
            sifted.drop(record, REASON)
            continue
        try:
            outcome, cuts = _cleaned_and_mended(dataset, record, params, joiner)
        except FaultyError as fault:
            outcome, cuts = str(fault), []
        if isinstance(outcome, str):
            sifted.drop(record, outcome)
        else:
            sifted.kept.append(outcome)
            sifted.repaired.update(dict.fromkeys(cuts, 1))
    if len(sifted.kept) + len(sifted.dropped) != count:
        raise AssertionError(f"{dataset}: {count} records in, {len(sifted.kept)} kept, {len(sifted.dropped)} dropped")
    return sifted


def _cleaned_and_mended(dataset: str, record: Any, params: Clean, joiner: str) -> tuple[Any, list[str]]:
    """Return the record or the reason to drop it, and what was cut; what was cut from must still hold the rules."""
    outcome = _cleaned(dataset, record, params, joiner)
    cuts: list[str] = []
    if not isinstance(outcome, str):
        outcome, cuts = mended(outcome)
        outcome = _cleaned(dataset, outcome, params, joiner) if cuts else outcome
    return outcome, cuts


def _cleaned(dataset: str, record: Any, params: Clean, joiner: str) -> Any:
    """Return the record ordered as its dataset wants it, or the reason to drop it."""
    if dataset == "dialogue":
        return clean_conversation(record, params, joiner)
    reason = _FILTERS[DATASETS[dataset]](record, params) if DATASETS[dataset] in _FILTERS else None
    return reason or record


def clean_conversation(record: Conversation, params: Clean, joiner: str) -> Conversation | str:
    """Return a conversation of strict user/assistant alternation, or why none is left."""
    if any(m.role == "system" for m in record.messages):
        return "a system message"
    messages = [m.model_copy(update={"content": m.content.strip()}) for m in record.messages]
    messages = _merged([m for m in messages if m.content or m.role == "assistant"], joiner)
    had_reply = any(m.content for m in messages if m.role == "assistant")
    messages = _merged(_without_short_replies(messages, params.min_characters), joiner)
    if messages and messages[0].role == "assistant":
        messages.insert(0, _greeting(record.record_id, params))
    while messages and messages[-1].role == "user":
        messages.pop()
    if not messages:
        return f"every reply under {params.min_characters} characters" if had_reply else "no reply"
    return record.model_copy(update={"messages": tuple(messages)})


def _merged(messages: Sequence[Message], joiner: str) -> list[Message]:
    """Join consecutive messages of one side; the pieces keep their own spans."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role:
            last = merged[-1]
            speaker = last.speaker if last.speaker == message.speaker else None
            content = joiner.join(part for part in (last.content, message.content) if part)
            fields = {"content": content, "spans": last.spans + message.spans}
            merged[-1] = last.model_copy(update={**fields, "speaker": speaker})
        else:
            merged.append(message)
    return merged


def _without_short_replies(messages: Sequence[Message], minimum: int) -> list[Message]:
    """Drop each short reply together with the human message that it answers."""
    kept: list[Message] = []
    for message in messages:
        if message.role == "assistant" and count_letters(message.content) < minimum:
            if kept and kept[-1].role == "user":
                kept.pop()
        else:
            kept.append(message)
    return kept


def _greeting(record_id: str, params: Clean) -> Message:
    words = random.Random(f"{params.seed}:{record_id}").choice(params.greetings)
    return Message(role="user", content=words, origin="greeting")


def _qa_reason(record: QA, params: Clean) -> str | None:
    """Drop a question or an answer without a letter; an answer may be as short as a name."""
    if not count_letters(record.answer):
        return "no answer"
    return None if count_letters(record.question) else "no question"


def _summary_reason(record: Summary, params: Clean) -> str | None:
    """Drop a summary with an empty side."""
    return None if all(count_letters(aspect.text) for aspect in record.aspects) else "a side of the summary is empty"


def _preference_reason(record: Preference, params: Clean) -> str | None:
    """Drop a pair with a short side, or whose sides say the same."""
    chosen, rejected = record.chosen[0].content, record.rejected[0].content
    if min(count_letters(chosen), count_letters(rejected)) < params.min_characters:
        return f"a side under {params.min_characters} characters"
    return "chosen and rejected are the same" if chosen.strip() == rejected.strip() else None


def _piece_reason(record: Piece, params: Clean) -> str | None:
    """Drop a piece without words."""
    return None if count_letters(record.text) else "no words"


_FILTERS: dict[type[Record], Callable[[Any, Clean], str | None]] = {
    QA: _qa_reason,
    Summary: _summary_reason,
    Preference: _preference_reason,
    Piece: _piece_reason,
}
