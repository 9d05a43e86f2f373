"""What changed inside a row: its lines, and in a changed line the words, or the characters where no spaces are."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from huaben.files import Row
from huaben.release.diff.pairing import without_origin

Piece = tuple[str, str]
"""`=`, `-` or `+`, and a text: both have it, only the old one, only the new one."""
TOKEN = re.compile(r"[^\W\d_\u2E80-\U0003FFFF]+|\d+(?:\.\d+)?|.", re.DOTALL)
"""A word of letters, a number, or any other character by itself; what lies from CJK radicals on is written without
spaces."""
CHANCE = 2
"""Equal runs of fewer tokens between two changes are chance (的, 了) and read worse than one longer change."""
UNLIKE = 0.3
"""Lines less alike than this share only chance; the one replaces the other."""
SIDES = ("prompt", "chosen", "rejected")


def lines_of(row: Row) -> list[str]:
    """Return a row's content as lines: a message each, or a field each with its name."""
    content: Row = without_origin(row)
    lines: list[str] = []
    for name, value in content.items():
        if name == "messages" or name in SIDES:
            label = "" if name == "messages" else f"{name}, "
            lines += [f"{label}{_said(message)}" for message in value]
        elif name != "aspects" or "summary" not in content:  # a summary is the text of its aspects
            lines.append(f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    return lines


def _said(message: Row) -> str:
    speaker = f" {message['speaker']}" if message.get("speaker") else ""
    origin = " (greeting)" if message.get("origin") == "greeting" else ""
    return f"{message.get('role')}{speaker}{origin}: {message.get('content')}"


def edited_lines(before: Row, after: Row) -> list[list[Piece]]:
    """Return the lines that differ, each as pieces in the order of reading; lines that both have are left out."""
    from rapidfuzz.distance import Levenshtein

    old, new = lines_of(before), lines_of(after)
    edited: list[list[Piece]] = []
    for step in Levenshtein.opcodes(old, new):
        gone, come = old[step.src_start : step.src_end], new[step.dest_start : step.dest_end]
        if step.tag == "replace":  # as many lines on both sides
            edited += [edited_words(a, b) for a, b in zip(gone, come, strict=True)]
        elif step.tag != "equal":
            edited += [[("-", line)] for line in gone] + [[("+", line)] for line in come]
    return edited


def edited_words(before: str, after: str) -> list[Piece]:
    """Return what became of a text, word by word. Its `=` and `-` pieces are the old text, its `=` and `+` the new."""
    from rapidfuzz.distance import Indel

    old, new = TOKEN.findall(before), TOKEN.findall(after)
    if Indel.normalized_similarity(old, new) < UNLIKE:
        return _replaced(before, after)
    runs = [
        ("=" if step.tag == "equal" else "~", old[step.src_start : step.src_end], new[step.dest_start : step.dest_end])
        for step in Indel.opcodes(old, new)
    ]
    return list(_pieces(_without_chance(runs)))


def _replaced(before: str, after: str) -> list[Piece]:
    """Let one line take the place of another; what both begin with, up to a colon, is whose or what it is."""
    label = "".join(before.partition(": ")[:2])
    start = len(label) if after.startswith(label) else 0
    pieces = (("=", before[:start]), ("-", before[start:]), ("+", after[start:]))
    return [(sign, text) for sign, text in pieces if text]


def _without_chance(runs: Sequence[tuple[str, list[str], list[str]]]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Mark equal runs that are chance as changed."""
    for place, (sign, old, new) in enumerate(runs):
        inside = 0 < place < len(runs) - 1
        yield "~" if inside and len(old) < CHANCE else sign, old, new


def _pieces(runs: Iterator[tuple[str, list[str], list[str]]]) -> Iterator[Piece]:
    for sign, group in groupby(runs, key=lambda run: run[0]):
        sides = [(old, new) for _, old, new in group]
        before, after = ("".join("".join(side[k]) for side in sides) for k in (0, 1))
        if sign == "=":
            yield "=", before
        else:
            yield from ((mark, text) for mark, text in (("-", before), ("+", after)) if text)
