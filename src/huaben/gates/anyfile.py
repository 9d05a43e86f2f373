"""Anybody's dataset through the rules that need nothing but the file (`huaben validate --input`).

In: a JSON list or JSONL file of ShareGPT, Alpaca, messages or preference rows. Out: the same report as the
stage's; what needs the novel, or how a row was made, is listed as not run. Texts are read row by row and not
kept: a row leaves some numbers and hashes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huaben.errors import InputError
from huaben.gates.anyrow import KINDS, NO_SPLIT, Columns, OtherKindError, columns_of_row
from huaben.gates.conservation import CONSERVED
from huaben.gates.crossrecord import shared_between_splits
from huaben.gates.gate import Finding, Judged, attempt
from huaben.gates.profile import quantiles
from huaben.gates.schema import Contract, check_rows, load_contract
from huaben.gates.suite import Suite, check_dataset, load_suite
from huaben.gates.validate import report_of
from huaben.refine.foreign import read_foreign
from huaben.shapes import Part

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 50_000
"""Rows whose numbers are gathered before they become columns."""
NO_NOVEL = "needs the novel, or how the row was made"
NO_SPLITS = "no row names its split (a column `split` of train, validation, test)"
NO_ROW = "the file has no row to judge"
WITH_NOVEL = ("chapter", "split", "verbatim", "test_split", *CONSERVED)
WITH_NOVEL_TOO = {
    "dialogue": ("speakers",),
    "qa": ("refused_phrases", "wordings", "exam_untrained"),
    "preference": ("prompt_names", "breaking_prompts"),
}
"""Rules between records that need the chapters, the lines, the parameters or the stages' counts."""


@dataclass
class Sifted:
    """What was read of a file: the numbers of the rows that are of the kind, and why others are not."""

    frame: "pd.DataFrame"
    lengths: list[int] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def n_rows(self) -> int:
        """All rows of the file."""
        return len(self.frame) + self.refused.total()


def validate_file(path: Path, kind: str, schemas: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Judge a file as `dialogue`, `qa` or `preference`; return the gate report and the profile.

    A file that is no dataset is an InputError; a row that is none fails the gate `record`.
    """
    if kind not in KINDS:
        raise InputError(f"--as: one of {', '.join(KINDS)} is expected, not {kind!r}")
    dataset, columns_of = KINDS[kind]
    sifted = _sift(path, columns_of)
    contract = load_contract(schemas / f"{dataset}.yaml", dataset)
    suite = load_suite(schemas / "suites" / f"{dataset}.yaml", dataset)
    judged = Judged([attempt(dataset, "schema", "record", partial(_rows_are_of_the_kind, sifted))])
    if len(sifted.frame):
        judged.add(_judge(dataset, sifted.frame, contract, suite))
    names = [f"schema.{name}" for name in contract.rules] + [f"suite.{name}" for name in suite.entries]
    names += [f"crossrecord.{name}" for name in (*WITH_NOVEL, *WITH_NOVEL_TOO[kind])]
    run = {gate.key for gate in judged.gates}
    reason = NO_NOVEL if len(sifted.frame) else NO_ROW
    judged.not_run |= {key: reason for key in (f"{dataset}.{name}" for name in names) if key not in run}
    refused = dict(sorted(sifted.refused.items()))
    return report_of(judged) | {"skipped": [], "refused": refused}, _profile(dataset, sifted)


def _judge(dataset: str, frame: "pd.DataFrame", contract: Contract, suite: Suite) -> Judged:
    """Return the gates of the contract, the suite and the splits that speak of what the file tells."""
    contract, suite = contract.only(frame.columns), suite.only(frame.columns)
    judged = Judged([*check_rows(contract, frame[contract.columns]), *check_dataset(suite, frame, {})])
    judged.add(_leaks(dataset, frame))
    return judged


def _sift(path: Path, columns_of: Callable[[Sequence[Part]], Columns]) -> Sifted:
    """Read every row; hold its numbers only."""
    import pandas as pd

    sifted = Sifted(pd.DataFrame())
    chunks, rows = [], []
    for columns in _rows(path, columns_of, sifted):
        rows.append(columns)
        if len(rows) == CHUNK:
            chunks.append(pd.DataFrame(rows))
            rows = []
    chunks += [pd.DataFrame(rows)] if rows else []
    if chunks:
        frame = pd.concat(chunks, ignore_index=True)
        sifted.frame = frame if (frame["split"] != NO_SPLIT).any() else frame.drop(columns="split")
    return sifted


def _rows(path: Path, columns_of: Callable[[Sequence[Part]], Columns], sifted: Sifted) -> Iterator[Columns]:
    for row in read_foreign(path):
        try:
            columns = columns_of_row(row, columns_of)
        except OtherKindError as error:
            sifted.refused[str(error)] += 1
            continue
        sifted.lengths.append(columns.pop("length"))
        yield columns


def _rows_are_of_the_kind(sifted: Sifted) -> Finding:
    """Require every row to be readable, and of the kind as which the file is judged."""
    return Finding(sifted.refused.total(), sifted.n_rows)


def _leaks(dataset: str, frame: "pd.DataFrame") -> Judged:
    """Judge whether a text (of pairs: a prompt) stands in two splits, where rows name their split."""
    name, column = ("prompt_disjoint", "prompt_id") if dataset == "preference" else ("contamination", "content_id")
    if "split" not in frame:
        return Judged([], {f"{dataset}.crossrecord.{name}": NO_SPLITS})
    placed = frame[frame["split"] != NO_SPLIT]
    keyed = list(zip(placed[column], placed["split"], strict=True))
    return Judged([attempt(dataset, "crossrecord", name, partial(shared_between_splits, keyed))])


def _profile(dataset: str, sifted: Sifted) -> dict[str, Any]:
    rows = len(sifted.frame)
    if not rows:
        return {dataset: {"rows": 0}}
    copies = 1 - sifted.frame["content_id"].nunique() / rows
    return {dataset: {"rows": rows, "duplicate_share": round(copies, 6), **quantiles(sifted.lengths)}}
