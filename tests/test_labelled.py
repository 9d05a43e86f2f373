import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from huaben.errors import InputError
from huaben.novel.reading.chapters import read_chapters
from huaben.params import ANY_NOVEL, CastMember
from labelled import GOLD, read_labelled, second_author

SHARED = Path(os.environ.get("HUABEN_SHARED", Path(__file__).parents[2] / "shared"))
NOVEL = "第一章 渡口\n\n周船工说道：“今天不开船。”\n\n林小满又叫“船工”，他不应。“我有急事。”"


@pytest.fixture
def labels(tmp_path):
    """A novel of two people and three quotations, and its labels."""
    source = tmp_path / "渡口.txt"
    source.write_text(NOVEL, encoding="utf-8")
    (chapter,), _ = read_chapters([source], "渡口", ANY_NOVEL)

    def place(words):
        start = chapter.text.index(words)
        return {"chapter": 1, "start": start, "end": start + len(words)}

    content = {
        "source": "渡口.txt",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "chapters": {"1": chapter.chapter_id},
        "windows": [{"chapter": 1, "start": 0, "end": len(chapter.text)}],
        "cast": [
            {"gender": "male", "mentions": [place("周船工"), place("船工")]},
            {"gender": "female", "mentions": [place("林小满")]},
        ],
        "lines": [
            {**place("今天不开船。"), "speaker": 0, "why": None, "kind": "speech", "category": "explicit"},
            {**place("船工”")} | {"speaker": None, "why": "nobody", "kind": "emphasis", "category": None},
            {**place("我有急事。"), "speaker": 1, "why": None, "kind": "speech", "category": "implicit"},
        ],
    }
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def test_places_become_people_and_lines(labels):
    novel = read_labelled(labels, labels.parent)
    assert novel.cast == [
        CastMember(name="周船工", aliases=["船工"], gender="male"),
        CastMember(name="林小满", aliases=[], gender="female"),
    ]
    assert [(row["speaker"], row["kind"], row["difficulty"]) for row in novel.rows] == [
        ("周船工", "speech", "explicit"),
        (None, "emphasis", None),
        ("林小满", "speech", "implicit"),
    ]


def test_guesses_are_of_lines_in_the_windows_only(labels):
    content = json.loads(labels.read_text(encoding="utf-8"))
    start = content["lines"][2]["start"]
    content["windows"] = [{"chapter": 1, "start": start, "end": start + 5}]
    labels.write_text(json.dumps(content), encoding="utf-8")
    novel = read_labelled(labels, labels.parent)
    assert [line.text for line in novel.guesses(novel.cast)] == ["我有急事。"]


def test_another_edition_is_refused(labels):
    (labels.parent / "渡口.txt").write_text(NOVEL + "完", encoding="utf-8")
    with pytest.raises(InputError, match="SHA-256"):
        read_labelled(labels, labels.parent)


def test_a_chapter_that_is_read_otherwise_is_refused(labels):
    content = json.loads(labels.read_text(encoding="utf-8"))
    labels.write_text(json.dumps({**content, "chapters": {"1": "0" * 16}}), encoding="utf-8")
    with pytest.raises(InputError, match="chapter 1 is read otherwise"):
        read_labelled(labels, labels.parent)


def test_without_the_novels_nothing_is_measured(tmp_path):
    assert second_author(tmp_path) == {}


@pytest.mark.parametrize("name", ["shuihu", "yongzheng"])
def test_the_labels_hold_no_words_of_the_novel(name):
    content = json.loads((GOLD / f"{name}.json").read_text(encoding="utf-8"))
    del content["source"]
    assert re.findall("[\u3000-\u9fff]", json.dumps(content, ensure_ascii=False)) == []


@pytest.mark.skipif(not (SHARED / "corpora").is_dir(), reason="the novels lie beside the repository")
@pytest.mark.parametrize(
    ("name", "people", "spoken", "going_on"),
    [("shuihu", {"鲁智深", "宋江", "李师师"}, 133, 0), ("yongzheng", {"童林", "于成"}, 138, 1)],
)
def test_the_labels_fit_their_novel(name, people, spoken, going_on):
    novel = read_labelled(GOLD / f"{name}.json", SHARED / "corpora")
    names = [name for member in novel.cast for name in (member.name, *member.aliases)]
    texts = {chapter.index: chapter.text for chapter in novel.chapters}
    before = [texts[row["chapter"]][row["start"] - 1] for row in novel.rows]
    assert people <= {member.name for member in novel.cast} and len(set(names)) == len(names)
    assert sum(mark in "“「『‘" for mark in before) == 180 - going_on
    assert before.count("\n") == going_on
    assert sum(row["speaker"] is not None for row in novel.rows) == spoken
