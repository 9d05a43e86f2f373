"""Conversations of anybody's dataset, put in order: human, assistant, human, assistant.

The steps are those of docs/formats.md, but nothing is put in that nobody said: where the assistant opens, what
it says there is cut.
"""

from collections.abc import Callable, Sequence

from huaben.refine.filters import LETTER
from huaben.shapes import Part
from huaben.text import count_letters


class DroppedError(Exception):
    """A reason to drop the row, and what shows it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def ordered(parts: Sequence[Part], min_letters: int, cuts: list[str]) -> Sequence[Part]:
    """Make a conversation alternate: human, assistant, human, assistant."""
    start = 1 if parts[0].role == "system" else 0
    if _is_ordered(parts, start, min_letters):
        return parts
    spoken = list(parts[start:])
    if any(part.role == "system" for part in spoken):
        raise DroppedError("a system message inside")
    replies = [part.text for part in spoken if part.role == "assistant"]
    for name, step in _steps(min_letters):
        if (after := step(spoken)) != spoken:
            spoken = after
            cuts.append(name)
    if not spoken:
        raise DroppedError(_why_empty(replies, min_letters))
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
            or not is_long(reply, min_letters)
        ):
            return False
    return True


def is_long(reply: Part, min_letters: int) -> bool:
    """Tell whether a reply has the letters or digits that it needs."""
    return (LETTER.search(reply.text) is not None) if min_letters == 1 else count_letters(reply.text) >= min_letters


def _steps(min_letters: int) -> list[tuple[str, Callable[[list[Part]], list[Part]]]]:
    """Return the steps and what is counted where one changes something."""
    return [
        ("empty messages", lambda talk: [part for part in talk if part.role == "assistant" or part.text.strip()]),
        ("messages of one side joined", _joined),
        ("short replies and what they answer", lambda talk: _without_short(talk, min_letters)),
        ("messages of one side joined", _joined),
        ("opening replies", lambda talk: talk[_first(talk, "user") :]),
        ("unanswered messages", lambda talk: talk[: len(talk) - _first(talk[::-1], "assistant")]),
    ]


def _first(talk: list[Part], role: str) -> int:
    """Return the place of the first message of a role, or how many messages there are."""
    return next((i for i, part in enumerate(talk) if part.role == role), len(talk))


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
        if part.role == "assistant" and not is_long(part, min_letters):
            if kept and kept[-1].role == "user":
                kept.pop()
        else:
            kept.append(part)
    return kept


def _why_empty(replies: Sequence[str], min_letters: int) -> str:
    if any(LETTER.search(reply) for reply in replies):
        return f"no reply of {min_letters} letters" if min_letters > 1 else "no answered message"
    return "no words" if replies else "no reply"
