"""A row of anybody's dataset, cleaned: kept as it stands, kept with cuts that are named, or dropped with a reason.

Conversations follow the order of docs/formats.md, but nothing is put into them that nobody said: where the
assistant opens, what it says there is cut.
"""

import copy
import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from huaben.refine.filters import LETTER, Exchange, plain_fault, reply_fault, text_fault
from huaben.refine.foreign import ForeignRow, RawRow, parse_row
from huaben.refine.repair import cut_unseen, mend
from huaben.shapes import Part, Row
from huaben.text import count_letters

ROUNDS = 8
TALKS = ("ShareGPT", "messages")
SPOKEN = frozenset(("user", "assistant"))
ANSWERS = frozenset(("assistant", "chosen", "rejected"))


class Cleaned(NamedTuple):
    """What became of a row. `text`: the row as it is to be written; None: as it stood in the file."""

    line: int
    form: str | None
    reason: str | None = None
    detail: str = ""
    text: str | None = None
    cuts: tuple[str, ...] = ()


class _DroppedError(Exception):
    """A reason to drop the row, and what shows it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def clean_rows(rows: Sequence[RawRow], min_letters: int) -> list[Cleaned]:
    """Clean rows as they stand in a file, in their order."""
    return [clean_row(parse_row(row), min_letters) for row in rows]


def clean_row(row: ForeignRow, min_letters: int = 1) -> Cleaned:
    """Clean one row; a reply needs `min_letters` letters or digits."""
    if row.fault or row.value is None:
        return Cleaned(row.line, row.form, row.fault, row.detail)
    cuts: list[str] = []
    try:
        parts = _settled(row, min_letters, cuts)
        _judge(parts, row.form in TALKS or (row.form or "").startswith("preference"))
    except _DroppedError as dropped:
        return Cleaned(row.line, row.form, dropped.reason, dropped.detail)
    if not cuts:
        return Cleaned(row.line, row.form)
    return Cleaned(row.line, row.form, text=_written(row.value, row.parts, parts), cuts=tuple(dict.fromkeys(cuts)))


def _settled(row: ForeignRow, min_letters: int, cuts: list[str]) -> Sequence[Part]:
    """Mend and order a row's texts until nothing changes, so that cleaning what was cleaned changes nothing."""
    parts: Sequence[Part] = row.parts
    is_talk = row.form in TALKS and all(part.role in SPOKEN or part.role == "system" for part in parts)
    for _ in range(ROUNDS):
        before = parts
        parts = _mended(parts, cuts)
        if is_talk:
            parts = _ordered(parts, min_letters, cuts)
        else:
            _require_letters(parts, min_letters)
        if parts is before:
            return parts
    raise _DroppedError("no end of cuts")


def _mended(parts: Sequence[Part], cuts: list[str]) -> Sequence[Part]:
    """Cut from each text what can be cut cleanly; the same object comes back where there was nothing to cut."""
    mended: list[Part] | None = None
    for i, part in enumerate(parts):
        if part.role in ANSWERS:
            text, done = mend(part.text, _asked(parts, i))
            if not text and "reasoning block" in done:
                raise _DroppedError("reasoning only", part.text)
        else:
            text, done = cut_unseen(part.text)
        if text != part.text:
            mended = list(parts) if mended is None else mended
            mended[i] = part._replace(text=text)
            cuts += done
    return parts if mended is None else mended


def _asked(parts: Sequence[Part], i: int) -> str:
    """Return all that was said to the assistant before the part of this place, the system's message included."""
    if i == 1:
        return parts[0].text
    return "\n".join(part.text for part in parts[:i] if part.role in ("user", "system"))


def _ordered(parts: Sequence[Part], min_letters: int, cuts: list[str]) -> Sequence[Part]:
    """Make a conversation alternate: human, assistant, human, assistant."""
    start = 1 if parts[0].role == "system" else 0
    if _is_ordered(parts, start, min_letters):
        return parts
    spoken = list(parts[start:])
    if any(part.role == "system" for part in spoken):
        raise _DroppedError("a system message inside")
    replies = [part.text for part in spoken if part.role == "assistant"]
    for name, step in _steps(min_letters).items():
        if (after := step(spoken)) != spoken:
            spoken = after
            cuts.append(name)
    if not spoken:
        raise _DroppedError(_why_empty(replies, min_letters))
    return [*parts[:start], *spoken]


def _is_ordered(parts: Sequence[Part], start: int, min_letters: int) -> bool:
    if len(parts) == start or (len(parts) - start) % 2:
        return False
    for i in range(start, len(parts), 2):
        asked, reply = parts[i], parts[i + 1]
        if (
            asked.role != "user"
            or reply.role != "assistant"
            or not asked.text.strip()
            or not _is_long(reply, min_letters)
        ):
            return False
    return True


def _is_long(reply: Part, min_letters: int) -> bool:
    return (LETTER.search(reply.text) is not None) if min_letters == 1 else count_letters(reply.text) >= min_letters


def _steps(min_letters: int) -> dict[str, Callable[[list[Part]], list[Part]]]:
    return {
        "empty messages": lambda talk: [part for part in talk if part.role == "assistant" or part.text.strip()],
        "messages of one side joined": _joined,
        "short replies and what they answer": lambda talk: _without_short(talk, min_letters),
        "messages of one side joined again": _joined,
        "opening replies": lambda talk: talk[next((i for i, p in enumerate(talk) if p.role == "user"), len(talk)) :],
        "unanswered messages": lambda talk: talk[
            : max((i + 1 for i, p in enumerate(talk) if p.role == "assistant"), default=0)
        ],
    }


def _joined(talk: list[Part]) -> list[Part]:
    joined: list[Part] = []
    for part in talk:
        if joined and joined[-1].role == part.role:
            text = "\n".join(text for text in (joined[-1].text, part.text) if text.strip())
            joined[-1] = joined[-1]._replace(text=text)
        else:
            joined.append(part)
    return joined


def _without_short(talk: list[Part], min_letters: int) -> list[Part]:
    kept: list[Part] = []
    for part in talk:
        if part.role == "assistant" and not _is_long(part, min_letters):
            if kept and kept[-1].role == "user":
                kept.pop()
        else:
            kept.append(part)
    return kept


def _why_empty(replies: Sequence[str], min_letters: int) -> str:
    if any(LETTER.search(reply) for reply in replies):
        return f"no reply of {min_letters} letters" if min_letters > 1 else "no answered message"
    return "no words" if replies else "no reply"


def _require_letters(parts: Sequence[Part], min_letters: int) -> None:
    for part in parts:
        if part.role in ANSWERS and not _is_long(part, min_letters):
            raise _DroppedError("no words" if not LETTER.search(part.text) else f"no reply of {min_letters} letters")


def _judge(parts: Sequence[Part], is_talk: bool) -> None:
    """Raise for the first text that has a fault."""
    system, said, asked = "", "", ""
    for part in parts:
        match part.role:
            case "assistant" | "chosen":
                fault = reply_fault(part.text, Exchange(asked, said, system, is_talk))
            case "text":
                fault = plain_fault(part.text)
            case "rejected":
                fault = plain_fault(part.text)  # it may well decline or speak of being a machine
            case _:
                fault = text_fault(part.text)
        if fault:
            raise _DroppedError(fault, part.text)
        if part.role in ("user", "system"):
            said = f"{said}\n{part.text}" if said else part.text
            system = part.text if part.role == "system" else system
            asked = part.text if part.role == "user" else asked
    if not asked.strip() and any(part.role in ANSWERS for part in parts):
        raise _DroppedError("no prompt")
    sides = {part.role: part.text.strip() for part in parts if part.role in ("chosen", "rejected")}
    if len(sides) == 2 and sides["chosen"] == sides["rejected"]:
        raise _DroppedError("chosen and rejected are the same", sides["chosen"])


def _written(value: Row, before: Sequence[Part], after: Sequence[Part]) -> str:
    """Return the row with its texts changed and the cut messages left out; all else stays."""
    changed = copy.deepcopy(value)
    for part in after:
        holder = changed
        for step in part.place[:-1]:
            holder = holder[step]  # type: ignore[index]
        holder[part.place[-1]] = part.text  # type: ignore[index]
    left = {part.place for part in after}
    for place in sorted((part.place for part in before if part.place not in left), key=str, reverse=True):
        changed[place[0]][place[1]] = None  # type: ignore[index]
    for column in {str(part.place[0]) for part in before if part.place not in left}:
        changed[column] = [message for message in changed[column] if message is not None]
    text = json.dumps(changed, ensure_ascii=False)
    return text if _is_writable(text) else json.dumps(changed)


def _is_writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
