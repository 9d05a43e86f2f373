"""The rules against gold: found and missed quotations, kinds, speakers by difficulty."""

import pytest

from huaben.errors import InputError
from huaben.novel.attribution.score import score_rules
from huaben.novel.attribution.speakers import decide_speakers
from huaben.novel.people.names import Names
from huaben.novel.quotations.lines import find_lines
from huaben.params import CastMember

TEXT = "老张说：“一。”\n“二。”李四答道。\n“三。”\n那人说：“四。”"


def gold(start, end, kind="speech", speaker=None, difficulty="explicit"):
    return {"chapter": 1, "start": start, "end": end, "kind": kind, "speaker": speaker, "difficulty": difficulty}


@pytest.fixture
def lines(make_chapter):
    """Return four lines: 张三's, 李四's, and two that are guessed with little certainty."""
    chapter = make_chapter(TEXT)
    names = Names([CastMember(name="张三", aliases=["老张"]), CastMember(name="李四")])
    decided = decide_speakers(chapter, find_lines(chapter), names)
    guesses = [{}, {}, {"speaker": "张三", "certainty": 0.3}, {"speaker": "李四", "certainty": 0.3}]
    return [line.model_copy(update=guess) for line, guess in zip(decided, guesses, strict=True)]


def test_the_lines_are_what_this_file_takes_them_for(lines):
    assert [(line.start, line.end, line.speaker) for line in lines] == [
        (5, 7, "张三"),
        (10, 12, "李四"),
        (20, 22, "张三"),
        (29, 31, "李四"),
    ]


def test_all_right_is_one_everywhere(lines):
    rows = [
        gold(5, 7, speaker="张三"),
        gold(10, 12, speaker="李四"),
        gold(20, 22, speaker="张三", difficulty="implicit"),
        gold(29, 31, speaker="李四", difficulty="latent"),
    ]
    score = score_rules(lines, rows, 0.8)
    assert score["lines"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "n": 4}
    assert score["kind_accuracy"] == 1.0
    assert score["speakers"] == {
        "all": {"n": 4, "accuracy": 1.0, "decided": 0.5, "decided_accuracy": 1.0},
        "explicit": {"n": 2, "accuracy": 1.0, "decided": 1.0, "decided_accuracy": 1.0},
        "implicit": {"n": 1, "accuracy": 1.0, "decided": 0.0, "decided_accuracy": 0.0},
        "latent": {"n": 1, "accuracy": 1.0, "decided": 0.0, "decided_accuracy": 0.0},
    }


def test_missed_and_invented_quotations_wrong_kinds_and_wrong_speakers_cost(lines):
    rows = [
        gold(5, 7, speaker="李四"),
        gold(10, 12, kind="thought", speaker="李四"),
        gold(20, 23, speaker="张三"),
        gold(40, 42, speaker="张三"),
        gold(50, 52, speaker="张三"),
    ]
    score = score_rules(lines, rows, 0.8)
    assert score["lines"] == {"precision": 0.5, "recall": 0.4, "f1": 0.4444, "n": 5}
    assert score["kind_accuracy"] == 0.5
    assert score["speakers"]["all"] == {"n": 2, "accuracy": 0.5, "decided": 1.0, "decided_accuracy": 0.5}


def test_a_quotation_that_nobody_speaks_is_not_asked_for_its_speaker(lines):
    rows = [gold(5, 7), gold(20, 22, difficulty=None), gold(10, 12, speaker="李四")]
    assert score_rules(lines, rows, 0.8)["speakers"]["all"]["n"] == 1


def test_the_certainty_asked_for_decides_what_counts_as_decided(lines):
    rows = [gold(20, 22, speaker="张三", difficulty="implicit")]
    assert score_rules(lines, rows, 0.3)["speakers"]["implicit"]["decided"] == 1.0
    assert score_rules(lines, rows, 0.31)["speakers"]["implicit"]["decided"] == 0.0


def test_nothing_found_is_zero_and_no_error():
    score = score_rules([], [gold(5, 7, speaker="张三")], 0.8)
    assert score["lines"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 1}


def test_a_gold_file_without_rows_proves_nothing_and_is_refused(lines):
    with pytest.raises(InputError, match="the gold file has no rows"):
        score_rules(lines, [], 0.8)


def test_a_gold_row_that_lacks_a_column_is_named(lines):
    row = gold(10, 12)
    del row["difficulty"]
    with pytest.raises(InputError, match="the gold file, line 2: every row needs chapter, difficulty, end, kind"):
        score_rules(lines, [gold(5, 7), row], 0.8)
