"""Measuring models: side by side, over seeds, against baselines, and nothing reported that was not measured."""

import json
import shutil

import pytest

from huaben.training.evaluate import evaluate
from huaben.training.evaluation.material import gather
from lessons import small_params, train_lessons, write_lessons


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    folder = write_lessons(tmp_path_factory.mktemp("lessons"))
    train_lessons(folder, "models", small_params())
    return folder


@pytest.fixture(scope="module")
def measured(lessons):
    return evaluate(lessons / "models", lessons / "data", lessons / "general.txt", small_params())


def test_every_model_stands_beside_the_baselines_with_n_and_interval(measured):
    report, _ = measured
    assert list(report["models"]) == ["base", "sft", "dpo", "dpo_only"]
    for numbers in report["models"].values():
        for name in (
            "preference_accuracy",
            "style_score",
            "knowledge_accuracy",
            "perplexity_general",
            "dull_replies",
        ):
            assert numbers[f"{name}_low"] <= numbers[name] <= numbers[f"{name}_high"]
            assert numbers[f"{name}_n"] > 0
    assert report["baselines"]["random"]["preference_accuracy"] == 0.5
    assert report["baselines"]["random"]["knowledge_accuracy"] == 0.25
    assert report["seeds"] == 1
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_forgetting_is_told_against_the_base_on_the_same_articles(measured):
    base, sft = measured[0]["models"]["base"], measured[0]["models"]["sft"]
    assert "perplexity_ratio" not in base
    assert sft["perplexity_ratio"] == pytest.approx(sft["perplexity_general"] / base["perplexity_general"], abs=1e-3)


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


def test_seeds_are_pooled_and_their_deviation_stands_beside(lessons, tmp_path):
    models = tmp_path / "models"
    shutil.copytree(lessons / "models", models)
    for name, source in (("sft", "dpo"), ("dpo", "dpo")):  # a second seed, whose SFT came out otherwise
        shutil.copytree(lessons / "models" / source, models / "seeds" / "8" / name)
    alone = evaluate(lessons / "models", lessons / "data", lessons / "general.txt", small_params())[0]["models"]
    report, samples = evaluate(models, lessons / "data", lessons / "general.txt", small_params())
    pooled = report["models"]
    assert report["seeds"] == 2
    expected = (alone["sft"]["preference_margin"] + alone["dpo"]["preference_margin"]) / 2
    assert pooled["sft"]["preference_margin"] == pytest.approx(expected, abs=2e-4)
    assert pooled["sft"]["preference_margin_seeds"] > 0
    assert pooled["dpo"]["preference_margin_seeds"] == 0
    assert "preference_margin_seeds" not in pooled["base"]
    assert {"base", "sft", "dpo"} <= set(samples[0])


def test_validation_asks_nothing_that_the_test_asks(lessons):
    tuned, told = (
        gather(lessons / "data", lessons / "general.txt", small_params(), split) for split in ("validation", "test")
    )
    assert {item.question for item in tuned.knowledge}.isdisjoint(item.question for item in told.knowledge)
    assert tuned.knowledge
    assert told.knowledge
    assert set(tuned.general).isdisjoint(told.general)
    assert tuned.pairs == []  # the lessons have no validation pair


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
