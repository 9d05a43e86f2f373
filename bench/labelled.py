"""Lines of novels that are not ours to pass on, labelled by hand: places only, read with the novel beside them.

A file of `bench/gold` names its source and the SHA-256 of it, the windows whose every quotation is labelled, the
people in them as places of their names and aliases (the first is the name), and for each line its place, the
speaker's number in that list or `why` there is none, `kind`, and `category` as wp2021 has it. The windows are 20
consecutive quotations in each of nine chapters, drawn by `seed`. Nothing of this is trained on; `second_author`
measures with it.
"""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.errors import InputError
from huaben.novel.attribution.score import score_rules
from huaben.novel.attribution.speakers import decide_speakers
from huaben.novel.people.cast import propose_cast
from huaben.novel.people.castfile import as_yaml
from huaben.novel.people.names import Names, found_names
from huaben.novel.quotations.lines import find_lines
from huaben.novel.reading.chapters import read_chapters
from huaben.params import ANY_NOVEL, CastMember, load_cast, load_params
from huaben.records import Chapter, Line

ROOT = Path(__file__).parents[1]
GOLD = ROOT / "bench" / "gold"
NEAR = 1000
"""Characters before a line in which the nearest name is looked for."""


@dataclass(frozen=True)
class Labelled:
    """A novel, its people in the labelled windows, the windows (chapter, start, end), and the labelled lines.

    A line is a row as `score_rules` reads it, with `why` where nobody of the cast speaks.
    """

    chapters: Sequence[Chapter]
    cast: Sequence[CastMember]
    windows: Sequence[tuple[int, int, int]]
    rows: Sequence[Mapping[str, Any]]

    def guesses(self, cast: Sequence[CastMember]) -> list[Line]:
        """Return what `guess_speakers` finds in the windows: names from the whole novel, a chapter at a time."""
        names = Names(cast, found_names(self.chapters, cast))
        texts = [chapter for chapter in self.chapters if chapter.index in {index for index, _, _ in self.windows}]
        lines = [line for chapter in texts for line in decide_speakers(chapter, find_lines(chapter), names)]
        return [line for line in lines if any(c == line.chapter and a <= line.start < b for c, a, b in self.windows)]


def read_labelled(file: Path, corpora: Path) -> Labelled | None:
    """Read a file of labels with its novel from `corpora`; None if that is not there.

    :raises InputError: the novel is another edition, or its chapters are not those that were labelled.
    """
    labels = json.loads(file.read_text(encoding="utf-8"))
    source = corpora / labels["source"]
    if not source.is_file():
        return None
    if hashlib.sha256(source.read_bytes()).hexdigest() != labels["sha256"]:
        raise InputError(f"{source}: not the file that {file} labels (its SHA-256 differs); use that edition")
    chapters, _ = read_chapters([source], source.stem, ANY_NOVEL)
    texts = {chapter.index: chapter for chapter in chapters}
    read = {str(index): chapter.chapter_id for index, chapter in texts.items()}
    if moved := [index for index, chapter_id in labels["chapters"].items() if read.get(index) != chapter_id]:
        raise InputError(f"{source}: chapter {moved[0]} is read otherwise than when {file} was made; label it again")
    cast = [_member(person, texts) for person in labels["cast"]]
    windows = [(window["chapter"], window["start"], window["end"]) for window in labels["windows"]]
    return Labelled(chapters, cast, windows, [_row(line, cast) for line in labels["lines"]])


def _member(person: Mapping[str, Any], texts: Mapping[int, Chapter]) -> CastMember:
    names = [texts[place["chapter"]].text[place["start"] : place["end"]] for place in person["mentions"]]
    return CastMember(name=names[0], aliases=names[1:], gender=person["gender"])


def _row(line: Mapping[str, Any], cast: Sequence[CastMember]) -> dict[str, Any]:
    speaker = None if line["speaker"] is None else cast[line["speaker"]].name
    return {**line, "speaker": speaker, "difficulty": line["category"]}


def second_author(corpora: Path) -> dict[str, Any]:
    """Measure on every labelled novel that is there: with the cast of the labels, and with the one that is found."""
    found = {file.stem: read_labelled(file, corpora) for file in sorted(GOLD.glob("*.json"))}
    return {name: _measured(novel) for name, novel in found.items() if novel}


def _measured(novel: Labelled) -> dict[str, Any]:
    casts = {"cast_of_the_labels": novel.cast, "cast_as_found": _proposed(novel.chapters)}
    return {
        "labelled": dict(Counter(str(row["category"] or row["why"]) for row in novel.rows)),
        **{name: _score(novel, cast) for name, cast in casts.items()},
        "nearest_name": _nearest(novel),
    }


def _score(novel: Labelled, cast: Sequence[CastMember]) -> dict[str, Any]:
    """Score, and count how often somebody of the labels' cast is given a line that is nobody's in it."""
    certain = load_params(ROOT / "params.yaml").speakers.min_certainty
    lines = _as_labelled(novel.guesses(cast), cast, novel.cast)
    others = {(row["chapter"], row["start"], row["end"]) for row in novel.rows if not row["speaker"]}
    people = {member.name for member in novel.cast}
    given = [line for line in lines if (line.chapter, line.start, line.end) in others and line.speaker in people]
    decided = sum(line.certainty >= certain for line in given)
    return {
        **score_rules(lines, novel.rows, certain),
        "of_nobody_in_the_cast": {"n": len(others), "given_to_the_cast": len(given), "decided": decided},
    }


def _proposed(chapters: Sequence[Chapter]) -> list[CastMember]:
    """Return the cast that `huaben cast` writes, unedited."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cast.yaml"
        file.write_text(as_yaml(propose_cast(chapters)), encoding="utf-8")
        return load_cast(file)


def _as_labelled(lines: Sequence[Line], cast: Sequence[CastMember], labelled: Sequence[CastMember]) -> list[Line]:
    """Name every speaker as the labels do, if one of the names that the cast has for him is a name there."""
    owner = {name: person.name for person in labelled for name in (person.name, *person.aliases)}
    names = dict(owner)
    for member in cast:
        names[member.name] = next((owner[n] for n in (member.name, *member.aliases) if n in owner), member.name)
    return [line.model_copy(update={"speaker": names.get(line.speaker or "", line.speaker)}) for line in lines]


def _nearest(novel: Labelled) -> float:
    """Return how often the name mentioned nearest before a line is its speaker's."""
    names, texts = Names(novel.cast), {chapter.index: chapter.text for chapter in novel.chapters}
    rows = [row for row in novel.rows if row["speaker"]]
    before = [names.find(texts[row["chapter"]][max(0, row["start"] - NEAR) : row["start"]]) for row in rows]
    right = [bool(found) and found[-1].name == row["speaker"] for found, row in zip(before, rows, strict=True)]
    return round(sum(right) / max(1, len(right)), 4)
