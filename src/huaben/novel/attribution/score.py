"""The rules against a gold file: are the quotations found, are they of the right kind, who speaks.

A gold row is `{chapter, start, end, kind, speaker, addressee, scene, difficulty}`. Only rules are scored:
the recorded answers of the embedded novel come from the same readers as its gold.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from huaben.errors import InputError
from huaben.records import Line

DIFFICULTIES = ("explicit", "implicit", "latent")


def score_rules(lines: Iterable[Line], gold: Sequence[Mapping[str, Any]], min_certainty: float) -> dict[str, Any]:
    """Return detection, kind and speaker figures; `lines` carry the rules' best guess of every speaker."""
    if not gold:
        raise InputError("the gold file has no rows")
    needed = {"chapter", "start", "end", "kind", "speaker", "difficulty"}
    if lacking := [number for number, row in enumerate(gold, 1) if not needed <= row.keys()]:
        raise InputError(f"the gold file, line {lacking[0]}: every row needs {', '.join(sorted(needed))}")
    found = {(line.chapter, line.start, line.end): line for line in lines}
    wanted = {(row["chapter"], row["start"], row["end"]): row for row in gold}
    both = [(line, wanted[place]) for place, line in found.items() if place in wanted]
    precision, recall = len(both) / max(1, len(found)), len(both) / len(wanted)
    spoken = [(line, row) for line, row in both if row["difficulty"] in DIFFICULTIES and row["speaker"]]
    return {
        "lines": {
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
            "n": len(wanted),
        },
        "kind_accuracy": _share(line.kind == row["kind"] for line, row in both),
        "speakers": {
            name: _speakers([p for p in spoken if name in ("all", p[1]["difficulty"])], min_certainty)
            for name in ("all", *DIFFICULTIES)
        },
    }


def _speakers(pairs: Sequence[tuple[Line, Mapping[str, Any]]], min_certainty: float) -> dict[str, Any]:
    """Return accuracy of the forced guess, and share and accuracy of what is certain enough to be decided."""
    decided = [(line, row) for line, row in pairs if line.certainty >= min_certainty and line.speaker]
    return {
        "n": len(pairs),
        "accuracy": _share(line.speaker == row["speaker"] for line, row in pairs),
        "decided": round(len(decided) / max(1, len(pairs)), 4),
        "decided_accuracy": _share(line.speaker == row["speaker"] for line, row in decided),
    }


def _share(claims: Iterable[bool]) -> float:
    values = list(claims)
    return round(sum(values) / len(values), 4) if values else 0.0
