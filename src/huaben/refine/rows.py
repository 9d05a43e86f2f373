"""A row of anybody's dataset, cleaned: kept as it stands, kept with cuts that are named, or dropped with a reason."""

import copy
import json
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from huaben.refine.filters import LETTER, Exchange, plain_fault, reply_fault, text_fault
from huaben.refine.foreign import ForeignRow, RawRow, parse_row
from huaben.refine.repair import cut_unseen, mend
from huaben.refine.scripts import variant_of
from huaben.refine.talks import DroppedError, is_long, ordered
from huaben.shapes import Part, Row

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


class Batch(NamedTuple):
    """What became of some rows: of one that is kept as it is, only its form; and how many are in which characters."""

    outcomes: list[Cleaned | str]
    variants: Counter[str]


def clean_rows(lines: Sequence[int], texts: Sequence[str], min_letters: int) -> Batch:
    """Clean rows as they stand in a file, in their order."""
    outcomes: list[Cleaned | str] = []
    found: Counter[str] = Counter()
    for line, text in zip(lines, texts, strict=True):
        row = parse_row(RawRow(line, text))
        cleaned = clean_row(row, min_letters)
        if not cleaned.reason and (variant := variant_of(row.parts[-1].text)):
            found[variant] += 1
        is_as_it_was = cleaned.form and not cleaned.reason and cleaned.text is None
        outcomes.append(cleaned.form if cleaned.form and is_as_it_was else cleaned)
    return Batch(outcomes, found)


def clean_row(row: ForeignRow, min_letters: int = 1) -> Cleaned:
    """Clean one row; a reply needs `min_letters` letters or digits."""
    if row.fault or row.value is None:
        return Cleaned(row.line, row.form, row.fault, row.detail)
    cuts: list[str] = []
    try:
        parts = _settled(row, min_letters, cuts)
        _judge(parts, row.form in TALKS or (row.form or "").startswith("preference"))
    except DroppedError as dropped:
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
            parts = ordered(parts, min_letters, cuts)
        else:
            _require_letters(parts, min_letters)
        if parts is before:
            return parts
    raise DroppedError("no end of cuts")


def _mended(parts: Sequence[Part], cuts: list[str]) -> Sequence[Part]:
    """Cut from each text what can be cut cleanly; the same object comes back where there was nothing to cut."""
    mended: list[Part] | None = None
    for i, part in enumerate(parts):
        if part.role in ANSWERS:
            text, done = mend(part.text, _asked(parts, i))
            if not text and "reasoning block" in done:
                raise DroppedError("reasoning only", part.text)
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


def _require_letters(parts: Sequence[Part], min_letters: int) -> None:
    for part in parts:
        if part.role in ANSWERS and not is_long(part, min_letters):
            raise DroppedError("no words" if not LETTER.search(part.text) else f"no reply of {min_letters} letters")


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
            raise DroppedError(fault, part.text)
        if part.role in ("user", "system"):
            said = f"{said}\n{part.text}" if said else part.text
            system = part.text if part.role == "system" else system
            asked = part.text if part.role == "user" else asked
    if not asked.strip() and any(part.role in ANSWERS for part in parts):
        raise DroppedError("no prompt")
    sides = {part.role: part.text.strip() for part in parts if part.role in ("chosen", "rejected")}
    if len(sides) == 2 and sides["chosen"] == sides["rejected"]:
        raise DroppedError("chosen and rejected are the same", sides["chosen"])


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
