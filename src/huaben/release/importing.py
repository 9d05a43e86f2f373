"""Rows of ShareGPT's, Alpaca's and like forms → records of ours (`huaben import`).

The texts are those that a trainer would read: Alpaca's instruction and input are one question, joined by a line feed
as LLaMA-Factory joins them. Of where a row comes from nothing is known but, in the family's files, its chapter.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from huaben.errors import InputError
from huaben.files import write_jsonl
from huaben.records import QA, Conversation, Message, Piece, Preference, Provenance, Role, make_id
from huaben.refine.foreign import ForeignRow, read_foreign
from huaben.shapes import Part

SHOWN = 5
"""Faulty rows that a message names."""


class UnfitError(ValueError):
    """A row that is whole, and no record of the wanted dataset."""


def import_file(file: Path, dataset: str, output: Path) -> int:
    """Write the rows of a file as records of a dataset, all of them or none; return their number.

    Raises an InputError that names the first rows which cannot be records.
    """
    if output.exists():
        raise InputError(f"{output}: is there already; name another with --output")
    return write_jsonl(output, (record.row() for record in import_rows(file, dataset)))


def import_rows(file: Path, dataset: str) -> Iterator[Any]:
    """Yield a record for each row; after the last one, raise an InputError if any was faulty."""
    seen: Counter[str] = Counter()
    faults: list[str] = []
    for row in read_foreign(file):
        try:
            yield _record(row, dataset, seen)
        except UnfitError as error:
            faults.append(f"  line {row.line}: {error}")
    if faults:
        told = "\n".join(faults[:SHOWN])
        raise InputError(
            f"{file}: {len(faults)} rows are no {dataset}, the first:\n{told}\n"
            f"Nothing was written. `huaben clean --input {file}` puts faulty rows aside"
        )


def _record(row: ForeignRow, dataset: str, seen: Counter[str]) -> Any:
    if row.fault or row.value is None:
        raise UnfitError(f"{row.fault}: {row.detail}")
    kind, values = MAKERS[dataset](_parts(row))
    chapter = row.value.get("chapter")
    place = chapter if type(chapter) is int and chapter > 0 else 0
    provenance = Provenance(novel="", chapter=place, chapter_id="")
    # rows that are alike get ids of their own
    content = make_id("import", dataset, row.value)
    seen[content] += 1
    identity = {"record_id": make_id(content, seen[content]), "split": "train", "provenance": provenance}
    try:
        return kind(**identity, **values)
    except ValidationError as error:
        raise UnfitError(error.errors()[0]["msg"]) from error


def _parts(row: ForeignRow) -> Sequence[Part]:
    """Return the texts of a row; ShareGPT's column `system` comes first."""
    system = (row.value or {}).get("system")
    is_ahead = row.form == "ShareGPT" and isinstance(system, str) and system
    parts = [Part("system", str(system), ("system",)), *row.parts] if is_ahead else list(row.parts)
    for part in parts:
        if part.role in ("call", "tool"):
            raise UnfitError("calls of tools have no place in a novel's records")
    return parts


def _conversation(parts: Sequence[Part]) -> tuple[type, dict[str, Any]]:
    _require({part.role for part in parts} <= {"system", "user", "assistant"}, "no conversation")
    return Conversation, {"character": "", "scene": 1, "messages": [_message(part) for part in parts]}


def _qa(parts: Sequence[Part]) -> tuple[type, dict[str, Any]]:
    asked, answers = [p.text for p in parts[:-1]], [p.text for p in parts[-1:]]
    roles = [part.role for part in parts]
    _require(bool(asked) and roles == ["user"] * len(asked) + ["assistant"], "not one question and its answer")
    return QA, {"angle": "", "question": "\n".join(asked), "answer": answers[0], "evidence": None}


def _preference(parts: Sequence[Part]) -> tuple[type, dict[str, Any]]:
    sides = {part.role: [_message(part)] for part in parts if part.role in ("chosen", "rejected")}
    _require(len(sides) == 2, "no pair of a chosen and a rejected reply")
    prompt = [part for part in parts if part.role not in sides]
    joined = [_message(Part(role, "\n".join(p.text for p in run), ())) for role, run in groupby(prompt, _role)]
    return Preference, {"way": "prompts", "prompt": joined, **sides}


def _piece(parts: Sequence[Part]) -> tuple[type, dict[str, Any]]:
    _require([part.role for part in parts] == ["text"], "not one plain text")
    return Piece, {"text": parts[0].text}


def _role(part: Part) -> str:
    return part.role


def _message(part: Part) -> Message:
    role: Role = "system" if part.role == "system" else "user" if part.role == "user" else "assistant"
    return Message(role=role, content=part.text, origin="reply" if role == "assistant" else "prompt")


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise UnfitError(otherwise)


MAKERS: dict[str, Callable[[Sequence[Part]], tuple[type, dict[str, Any]]]] = {
    "dialogue": _conversation,
    "qa": _qa,
    "preference": _preference,
    "pretrain": _piece,
}
"""What rows can be made into."""
