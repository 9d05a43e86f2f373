"""One row of anybody's dataset → the columns that contracts and suites speak of, as far as the row tells.

Input columns: the texts of a row, each with its role. Output columns: no text, only counts, claims and hashes.
"""

from collections.abc import Callable, Sequence
from typing import Any

from huaben.gates.frame import INITIALS, longer
from huaben.records import make_id
from huaben.refine.foreign import ForeignRow
from huaben.shapes import Part
from huaben.text import count_letters, find_damage, find_residue

SPLITS = ("train", "validation", "test")
NO_SPLIT = "none"
Columns = dict[str, Any]


class OtherKindError(ValueError):
    """A row that is not of the kind as which the file is judged."""


def columns_of_row(row: ForeignRow, columns_of: Callable[[Sequence[Part]], Columns]) -> Columns:
    """Return a row's columns; `length`, that of its answer, is for the profile. Another kind is an OtherKindError."""
    if row.fault:
        raise OtherKindError(row.fault)
    texts = [part.text for part in row.parts]
    own = columns_of([part for part in row.parts if part.role != "system"])
    split = (row.value or {}).get("split")
    return {
        **own,
        "split": split if split in SPLITS else NO_SPLIT,
        "encoding_damage": sum(find_damage(text) is not None for text in texts),
        "markup_residue": sum(_is_residue(part) for part in row.parts),
        "content_id": make_id(_key([part for part in row.parts if part.role != "system"])),
    }


def _is_residue(part: Part) -> bool:
    """Tell whether a text holds what is no prose; a rejected reply may say that an assistant writes it."""
    return find_residue(part.text) not in ((None, "refusal") if part.role == "rejected" else (None,))


def _dialogue(parts: Sequence[Part]) -> Columns:
    replies = [part.text for part in parts if part.role == "assistant"]
    if not parts or {part.role for part in parts} & {"text", "chosen", "rejected"}:
        raise OtherKindError("no conversation")
    return {
        "n_messages": len(parts),
        "roles": _roles(parts),
        "empty_messages": sum(not part.text.strip() for part in parts),
        "min_reply_characters": min(map(count_letters, replies), default=0),
        "reply_characters": sum(map(len, replies)) / max(len(replies), 1),
        "length": max(map(len, replies), default=0),
    }


def _qa(parts: Sequence[Part]) -> Columns:
    if [part.role for part in parts][-1:] != ["assistant"] or {part.role for part in parts} != {"user", "assistant"}:
        raise OtherKindError("no question with an answer")
    question = "\n".join(part.text for part in parts[:-1])
    return {
        "question_letters": count_letters(question),
        "answer_letters": count_letters(parts[-1].text),
        "question_id": make_id(_key(parts[:-1])),
        "length": len(parts[-1].text),
    }


def _preference(parts: Sequence[Part]) -> Columns:
    prompt = [part for part in parts if part.role not in ("chosen", "rejected")]
    sides = {part.role: part.text for part in parts if part.role in ("chosen", "rejected")}
    if not prompt or len(sides) != 2:
        raise OtherKindError("no prompt with a chosen and a rejected side")
    chosen, rejected = sides["chosen"], sides["rejected"]
    return {
        "prompt_roles": _roles(prompt),
        "empty_prompts": sum(not part.text.strip() for part in prompt),
        "chosen_letters": count_letters(chosen),
        "rejected_letters": count_letters(rejected),
        "chosen_characters": len(chosen),
        "length_ratio": len(chosen) / max(len(rejected), 1),
        "chosen_is_longer": longer(chosen, rejected),
        "is_tie": "".join(chosen.split()) == "".join(rejected.split()),
        "prompt_id": make_id(_key(prompt)),
        "length": len(chosen),
    }


KINDS: dict[str, tuple[str, Callable[[Sequence[Part]], Columns]]] = {
    "dialogue": ("dialogue", _dialogue),
    "qa": ("qa_v2", _qa),
    "preference": ("preference", _preference),
}
"""By the word after `--as`: the dataset whose rules apply, and what they need to know of a row."""


def _roles(parts: Sequence[Part]) -> str:
    """Return the initials of the roles; what is neither user nor assistant is an x, which no rule allows."""
    return "".join(INITIALS.get(part.role, "x") for part in parts)


def _key(parts: Sequence[Part]) -> str:
    return "\n".join("".join(part.text.split()) for part in parts)
