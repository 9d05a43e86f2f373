"""Measuring models: exams that cannot be told by form, intervals, and nothing reported that was not measured."""

import json
import math

import pytest

from huaben.records import QA, Provenance
from huaben.training.evaluate import evaluate
from huaben.training.exam import Item, make_items, unseen
from huaben.training.statistics import distinct_pairs, estimate
from lessons import small_params, train_lessons, write_lessons


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    folder = write_lessons(tmp_path_factory.mktemp("lessons"))
    train_lessons(folder, "models", small_params())
    return folder


@pytest.fixture(scope="module")
def measured(lessons):
    return evaluate(lessons / "models", lessons / "data", lessons / "general.txt", small_params())


def question(words, answer, number=0):
    origin = Provenance(novel="n", chapter=1, chapter_id="c", spans=((0, 1),))
    return QA(
        record_id=f"{number:016x}",
        split="train",
        angle="facts",
        question=words,
        answer=answer,
        evidence="e",
        provenance=origin,
    )


def test_every_model_stands_beside_the_baselines_with_n_and_interval(measured):
    report, _ = measured
    assert list(report["models"]) == ["base", "sft", "dpo"]
    for numbers in report["models"].values():
        for name in (
            "preference_accuracy",
            "style_score",
            "knowledge_accuracy",
            "perplexity_general",
            "short_replies",
        ):
            assert numbers[f"{name}_low"] <= numbers[name] <= numbers[f"{name}_high"]
            assert numbers[f"{name}_n"] > 0
    assert report["baselines"]["random"]["preference_accuracy"] == 0.5
    assert report["baselines"]["random"]["knowledge_accuracy"] == 0.25
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_dpo_prefers_the_held_out_chosen_replies_more_than_its_base(measured):
    models = measured[0]["models"]
    assert models["dpo"]["preference_accuracy_n"] == 8
    assert models["dpo"]["preference_margin"] > models["base"]["preference_margin"]


def test_the_length_judge_takes_the_longer_reply(measured):
    # every chosen reply of the lessons has 14 characters, every rejected one 11
    assert measured[0]["baselines"]["length"]["preference_accuracy"] == 1.0


def test_a_sample_shows_one_prompt_and_every_models_reply(measured):
    _, samples = measured
    assert samples
    assert {"prompt", "chosen", "base", "sft", "dpo"} <= set(samples[0])


def test_equal_models_and_data_give_equal_numbers(lessons, measured):
    again = evaluate(lessons / "models", lessons / "data", lessons / "general.txt", small_params())
    assert again == measured


def test_what_cannot_be_measured_is_left_out_with_a_reason(lessons, tmp_path):
    for path in (lessons / "data").glob("*.jsonl"):
        if path.stem not in ("qa_v1", "preference"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    report, _ = evaluate(lessons / "models", tmp_path, None, small_params())
    assert report["left_out"]["preference_accuracy"] == "no preference pair in the test split"
    assert {"knowledge_accuracy", "perplexity_general"} <= set(report["left_out"])
    assert "preference_accuracy" not in report["models"]["dpo"]


def test_no_answer_stands_among_its_own_wrong_answers():
    items = make_items([question(f"第{i}问？", f"{'甲乙丙丁戊'[i % 5]}人", i) for i in range(20)])
    assert items
    for item in items:
        assert item.answer not in item.wrong
        assert len(set(item.wrong)) == len(item.wrong) >= 3


def test_an_item_is_worth_its_chance_of_beating_three_drawn_answers():
    item = Item("问", "答", ("甲", "乙", "丙", "丁"))
    assert item.mark(0.0, [-1, -1, -1, -1]) == 1.0
    assert item.mark(0.0, [-1, -1, -1, 1]) == 0.25
    assert item.mark(0.0, [1, 1, 1, 1]) == 0.0


def test_a_question_trained_in_nearly_the_same_words_is_no_exam():
    asked = [question("沈更生的母亲叫什么名字？", "韩素秋"), question("怀表停在几点？", "三点十七分", 1)]
    left = unseen(asked, ["沈更生的母亲叫做什么名字？"])
    assert [qa.question for qa in left] == ["怀表停在几点？"]


def test_the_interval_of_a_constant_is_that_constant():
    figures = estimate("x", [1.0] * 10, resamples=50, seed=7)
    assert figures == {"x": 1.0, "x_low": 1.0, "x_high": 1.0, "x_n": 10.0}


def test_nothing_cannot_be_averaged():
    with pytest.raises(ValueError, match="no item"):
        estimate("x", [], resamples=50, seed=7)


@pytest.mark.parametrize(("text", "share"), [("", 0.0), ("天亮", 1.0), ("天天天天", 1 / 3)])
def test_distinct_pairs_fall_with_repetition(text, share):
    assert math.isclose(distinct_pairs(text), share)
