"""What SFT reads: each source as often as its weight says, and never a wording of the exam."""

import pytest

from huaben.files import write_jsonl
from huaben.params import Mixture
from huaben.records import QA, Conversation, Message, Provenance
from huaben.training.learning.mixture import mixed, replies
from huaben.training.learning.phases import half_general

SOURCES = {"dialogue": [{"input_ids": [n, n], "labels": [n, n]} for n in range(10)], "qa": [], "general": []}


def weighing(**weights):
    return Mixture(**{name: weights.get(name, 1.0) for name in Mixture.model_fields})


@pytest.mark.parametrize(("weight", "rows"), [(0.0, 0), (0.5, 5), (1.0, 10), (2.3, 23)])
def test_a_source_is_read_as_often_as_its_weight_says(weight, rows):
    found = mixed(SOURCES, weighing(dialogue=weight), 7)
    assert len(found["dialogue"]) == rows
    assert found == mixed(SOURCES, weighing(dialogue=weight), 7)


def test_the_drawn_part_of_a_source_depends_on_the_seed():
    half = weighing(dialogue=0.5)
    assert mixed(SOURCES, half, 7)["dialogue"] != mixed(SOURCES, half, 8)["dialogue"]


@pytest.mark.parametrize(
    ("wordings", "trained"),
    [((), ["问"]), (("一", "二", "三", "考", "____考"), ["问", "一", "二", "三"]), (("考", "____考"), ["问"])],
)
def test_the_last_two_wordings_are_left_to_the_exam(wordings, trained):
    origin = Provenance(novel="n", chapter=1, chapter_id="c", spans=((0, 1),))
    qa = QA(
        record_id="0" * 16, split="train", angle="facts", question="问", answer="答", evidence="e",
        wordings=wordings, provenance=origin,
    )  # fmt: skip
    assert list(qa.trained) == trained
    assert qa.examined == (("考", "____考") if wordings else ())


def test_half_of_what_dpo_rehearses_is_general_text():
    found = {"dialogue": [1, 2, 3], "qa": [4], "general": [8, 9]}
    assert half_general(found) == [1, 2, 3, 4, 8, 9, 8, 9]
    assert half_general({**found, "general": []}) == [1, 2, 3, 4]


def test_what_the_character_says_before_anybody_else_answers_nothing(tmp_path):
    said = [("assistant", "钟停了。"), ("assistant", "又停了。"), ("user", "几点了？"), ("assistant", "三更。")]
    messages = tuple(Message(role=role, content=text) for role, text in said)
    origin = Provenance(novel="n", chapter=1, chapter_id="c")
    raw = Conversation(
        record_id="0" * 16, split="train", character="沈更生", scene=1, messages=messages, provenance=origin
    )
    write_jsonl(tmp_path / "dialogue.jsonl", [raw.row()])
    assert list(replies(tmp_path, lambda messages: True)) == [([{"role": "user", "content": "几点了？"}], "三更。")]
