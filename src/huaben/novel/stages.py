"""Stages `chapters` and `lines`, and the score of the rules: files in, files out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from huaben.coverage import Coverage
from huaben.errors import InputError
from huaben.files import read_jsonl, write_json, write_jsonl, write_metrics
from huaben.novel.attribution.score import score_rules
from huaben.novel.attribution.speakers import decide_speakers
from huaben.novel.people.names import Names, found_names
from huaben.novel.pieces import cut_pieces
from huaben.novel.quotations.lines import find_lines
from huaben.novel.reading.chapters import find_novels, read_chapters
from huaben.params import CastMember, Params
from huaben.records import Chapter, Line, Record

R = TypeVar("R", bound=Record)


def load_chapters(path: Path) -> list[Chapter]:
    """Read the chapters that stage `chapters` wrote."""
    return list(_records(Chapter, path))


def load_lines(path: Path) -> dict[int, list[Line]]:
    """Read lines by chapter, in reading order."""
    lines: dict[int, list[Line]] = defaultdict(list)
    for line in _records(Line, path):
        lines[line.chapter].append(line)
    return lines


def _records(shape: type[R], path: Path) -> Iterator[R]:
    for number, row in enumerate(read_jsonl(path), 1):
        try:
            yield shape.model_validate(row)
        except ValidationError as error:
            fault = error.errors()[0]
            place = f"{path}, line {number}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            raise InputError(f"{place}. The stage before writes this file; run it again") from error


def run_chapters(raw: Path, out: Path, anomalies: Path, coverage: Path, params: Params) -> Coverage:
    """Write `chapters.jsonl` and `pretrain.jsonl` to `out`, and what looks wrong to `anomalies`."""
    chapters, found = read_chapters(find_novels(raw), params.novel.slug, params.chapters)
    counts = Coverage("chapters")
    for chapter in chapters:
        counts.add("ok" if chapter.text else "empty", None if chapter.text else "no text under the heading")
    write_jsonl(out / "chapters.jsonl", (chapter.row() for chapter in chapters))
    pieces = cut_pieces(chapters, params.chapters.piece_characters)
    counts.rows = write_jsonl(out / "pretrain.jsonl", (piece.row() for piece in pieces))
    write_json(out / "anomalies.json", found.notes)
    write_metrics(anomalies, found.as_metrics())
    write_metrics(coverage, counts.as_metrics())
    return counts


def run_lines(chapters: Path, out: Path, coverage: Path) -> Coverage:
    """Write every chapter's quotations to `out`, in reading order."""
    counts = Coverage("lines")
    lines: list[Line] = []
    for chapter in load_chapters(chapters):
        found = find_lines(chapter)
        counts.add("ok" if found else "empty", None if found else "no quotation")
        lines += found
    counts.rows = write_jsonl(out, (line.row() for line in lines))
    write_metrics(coverage, counts.as_metrics())
    counts.require_rows("Which marks does the novel put around speech? See `huaben lines FILE`")
    return counts


def guess_speakers(chapters: Sequence[Chapter], cast: Sequence[CastMember]) -> list[Line]:
    """Return the lines of chapters with the rules' best guess of every speaker."""
    names = Names(cast, found_names(chapters, cast))
    return [line for c in chapters for line in decide_speakers(c, find_lines(c), names)]


def run_score(chapters: Path, gold: Path, out: Path, cast: Sequence[CastMember], params: Params) -> dict[str, Any]:
    """Score the rules against a gold file."""
    lines: Iterable[Line] = guess_speakers(load_chapters(chapters), cast)
    score = score_rules(lines, list(read_jsonl(gold)), params.speakers.min_certainty)
    write_metrics(out, score)
    return score
