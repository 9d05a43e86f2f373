"""Everything a person of the embedded novel is called leads to that person, wherever a cue says it."""

import json
import re

import pytest

from conftest import REPOSITORY
from huaben.novel.people.names import Names
from huaben.novel.reading.chapters import read_chapters
from huaben.novel.stages import guess_speakers
from huaben.params import ANY_NOVEL, load_cast

NAMED_BY_ALIAS = 171
"""Gold lines whose cue names the speaker by an alias; all of them get that speaker."""
BEFORE, AFTER = 30, 24


@pytest.fixture(scope="module")
def novel():
    """Return the embedded novel's chapters, cast and gold rows."""
    chapters, _ = read_chapters([REPOSITORY / "data/raw/lianggengtian.txt"], "novel", ANY_NOVEL)
    rows = (REPOSITORY / "tests/gold/lines.jsonl").read_text(encoding="utf-8").splitlines()
    return chapters, load_cast(REPOSITORY / "cast.yaml"), [json.loads(row) for row in rows]


def cue_of(text, row):
    before = re.split("[。！？”\n]", text[max(0, row["start"] - 1 - BEFORE) : row["start"] - 1])[-1]
    return before, re.split("[。！？：“\n]", text[row["end"] + 1 : row["end"] + 1 + AFTER])[0]


def called(cues, names, speaker):
    """Return the aliases by which cues name the speaker."""
    found = [(cue[m.start : m.end], m.name) for cue in cues for m in names.find(cue)]
    return [alias for alias, name in found if name == speaker and alias != speaker]


def test_a_line_whose_cue_names_the_speaker_by_an_alias_gets_that_person(novel):
    chapters, cast, gold = novel
    names = Names(cast)
    given = {(line.chapter, line.start): line.speaker for line in guess_speakers(chapters, cast)}
    explicit = [row for row in gold if row["difficulty"] == "explicit"]
    by_alias = [
        row for row in explicit if called(cue_of(chapters[row["chapter"] - 1].text, row), names, row["speaker"])
    ]
    wrong = [row["text"] for row in by_alias if given[row["chapter"], row["start"]] != row["speaker"]]
    assert (len(by_alias), wrong) == (NAMED_BY_ALIAS, [])


def test_no_alias_is_ever_given_as_a_speaker(novel):
    chapters, cast, _ = novel
    aliases = {alias for member in cast for alias in member.aliases}
    assert not aliases & {line.speaker for line in guess_speakers(chapters, cast)}


def test_every_alias_that_the_novel_uses_leads_to_its_one_person(novel):
    chapters, cast, _ = novel
    names, text = Names(cast), "\n".join(chapter.text for chapter in chapters)
    found = {(text[m.start : m.end], m.name) for m in names.find(text)}
    assert found <= {(alias, member.name) for member in cast for alias in (member.name, *member.aliases)}
    assert len({alias for alias, _ in found}) == len(found)
    assert {alias for member in cast for alias in member.aliases} - {alias for alias, _ in found} == {
        "秋婆",
        "老庞",
        "老晷",
        "知秋",
    }
