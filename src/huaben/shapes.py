"""The shapes of rows that trainers read, and the texts in anybody's row.

What ShareGPT's messages are called (`from`/`value`, human/gpt), Alpaca's columns and the forms of preference
pairs stand in this module only. They are those of LLaMA-Factory's `data/README.md` and of TRL's
`docs/source/dataset_formats.md`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

Row = dict[str, Any]
Place = tuple[str | int, ...]
"""The keys and indices that lead from a row to one of its texts."""

SHAREGPT_NAMES = {"user": "human", "assistant": "gpt", "system": "system"}
ROLES = {
    **{name: "user" for name in ("human", "user", "prompter")},
    **{name: "assistant" for name in ("gpt", "assistant", "model", "bot", "chatgpt")},
    **{name: "system" for name in ("system", "developer")},
    **{name: "call" for name in ("function_call", "tool_call")},
    **{name: "tool" for name in ("observation", "tool", "function", "ipython")},
}
"""Who speaks, by the names that are in use."""
SIDES = ("chosen", "rejected")
TEXT_COLUMNS = ("text", "content", "summary")
PAIRS = {
    "question and answer": ("question", "answer"),
    "prompt and completion": ("prompt", "completion"),
    "prompt and response": ("prompt", "response"),
}


class Part(NamedTuple):
    """One text of a row. `role`: system, user, assistant, call, tool, chosen, rejected or text."""

    role: str
    text: str
    place: Place


class MisshapenError(ValueError):
    """A row that has the columns of a form, and something else in them."""


def sharegpt_message(role: str, text: str) -> Row:
    """Return a message in ShareGPT's words."""
    return {"from": SHAREGPT_NAMES[role], "value": text}


def alternates(row: Row) -> bool:
    """Tell whether LLaMA-Factory would train on this ShareGPT row: human, gpt, human, gpt, nothing empty.

    It skips any other row with a warning only (`SharegptDatasetConverter` in its `converter.py`).
    """
    turns = row["conversations"]
    sides = [turn["from"] for turn in turns]
    return bool(turns) and sides == ["human", "gpt"] * (len(turns) // 2) and all(t["value"].strip() for t in turns)


def form_of(row: Row) -> str | None:
    """Return the name of the form whose columns a row has, or None."""
    if all(side in row for side in SIDES):
        return (
            "preference (ShareGPT)"
            if "conversations" in row
            else ("preference (Alpaca)" if "instruction" in row else "preference")
        )
    if "conversations" in row or "conversation" in row:
        return "ShareGPT"
    if "messages" in row:
        return "messages"
    if "instruction" in row:
        return "Alpaca"
    for name, columns in PAIRS.items():
        if all(column in row for column in columns):
            return name
    return "text" if any(column in row for column in TEXT_COLUMNS) else None


def parts_of(row: Row) -> list[Part]:
    """Return the texts of a row in the order in which they are read; a wrong type is a MisshapenError."""
    match form_of(row):
        case "ShareGPT":
            return list(_talk(row, "conversations" if "conversations" in row else "conversation"))
        case "messages":
            return list(_talk(row, "messages"))
        case "Alpaca":
            return [*_instruction(row), _text(row, "output", "assistant")]
        case "text":
            return [_text(row, next(column for column in TEXT_COLUMNS if column in row), "text")]
        case None:
            raise MisshapenError(f"the columns {', '.join(list(row)[:8])} are of no known form")
        case name if name in PAIRS:
            asked, answered = PAIRS[name]
            return [*_prompt(row, asked), *_side(row, answered, "assistant")]
        case _:
            return [*_before_the_sides(row), *(part for side in SIDES for part in _side(row, side, side))]


def _before_the_sides(row: Row) -> Iterator[Part]:
    """Yield the prompt of a preference pair, wherever it stands."""
    if "instruction" in row:
        yield from _instruction(row)
    for column in ("conversations", "messages", "prompt", "question"):
        if column in row:
            yield from _prompt(row, column)


def _instruction(row: Row) -> Iterator[Part]:
    """Yield Alpaca's prompt; empty texts that may be empty are passed over."""
    if row.get("system"):
        yield _text(row, "system", "system")
    history = row.get("history") or []
    for i, turn in enumerate(history if isinstance(history, list) else [None]):
        if not isinstance(turn, list) or len(turn) != 2 or not all(isinstance(text, str) for text in turn):
            raise MisshapenError("`history` is no list of pairs of texts")
        yield Part("user", turn[0], ("history", i, 0))
        yield Part("assistant", turn[1], ("history", i, 1))
    yield _text(row, "instruction", "user")
    if row.get("input"):
        yield _text(row, "input", "user")


def _prompt(row: Row, column: str) -> Iterator[Part]:
    return iter([_text(row, column, "user")]) if isinstance(row[column], str) else _talk(row, column)


def _side(row: Row, column: str, role: str) -> Iterator[Part]:
    """Yield an answer: a text, one message, or a list whose last message it is."""
    value = row[column]
    if isinstance(value, dict):
        yield _message(value, (column,))._replace(role=role)
    elif isinstance(value, list):
        *before, last = _talk(row, column)
        yield from before
        yield last._replace(role=role)
    else:
        yield _text(row, column, role)


def _talk(row: Row, column: str) -> Iterator[Part]:
    messages = row[column]
    if not isinstance(messages, list) or not messages:
        raise MisshapenError(f"`{column}` is no list of messages")
    for i, message in enumerate(messages):
        yield _message(message, (column, i))


def _message(message: Any, place: Place) -> Part:
    """Return the text of one message, in ShareGPT's or in OpenAI's words."""
    if not isinstance(message, dict):
        raise MisshapenError("a message is no object")
    name, column = ("from", "value") if "from" in message else ("role", "content")
    said_by = message.get(name)
    role = (ROLES.get(said_by) or ROLES.get(said_by.lower())) if isinstance(said_by, str) else None
    if role is None:
        raise MisshapenError(f"a message from {said_by!r:.40}")
    if message.get(column) is None and message.get("tool_calls"):
        return Part("call", "", (*place, column))
    return _text(message, column, role, place)


def _text(holder: Row, column: str, role: str, place: Place = ()) -> Part:
    text = holder.get(column)
    if not isinstance(text, str):
        found = "missing" if column not in holder else "null" if text is None else f"of type {type(text).__name__}"
        raise MisshapenError(f"`{column}` is {found}, and a text is expected")
    return Part(role, text, (*place, column))
