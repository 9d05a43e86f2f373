"""The ablations: what is taken away, and how a change is told from noise."""

import json

import pytest

import ablations
from huaben.files import read_jsonl
from huaben.training.evaluate import evaluate
from lessons import small_params, train_lessons, write_lessons


@pytest.fixture
def folder(tmp_path):
    write_lessons(tmp_path)
    return tmp_path / "data"


def figures(value, deviation):
    return {
        f"knowledge_accuracy{part}": number
        for part, number in (("", value), ("_low", value - 0.1), ("_high", value + 0.1), ("_seeds", deviation))
    }


def test_a_change_beyond_the_noise_of_the_seeds_is_bold():
    results = {
        "full": {"about": "all", "seeds": 3, "figures": figures(0.5, 0.02)},
        "near": {"about": "near", "seeds": 3, "figures": figures(0.46, 0.02)},
        "far": {"about": "far", "seeds": 3, "figures": figures(0.4, 0.02)},
        "none": {"about": "none", "seeds": 3, "figures": {}},
    }
    rows = ablations.as_table(results).splitlines()[2:]
    assert [row.split(" | ")[1] for row in rows] == [
        "0.500 [0.400, 0.600]",
        "0.460 [0.360, 0.560]",
        "**0.400** [0.300, 0.500]",
        "–",
    ]


def test_the_table_has_a_fixed_place():
    page = "before\n<!-- ablations -->\nold\n<!-- /ablations -->\nafter\n"
    assert ablations.filled(page, "new") == page.replace("old", "new")
    assert "<!-- ablations -->" in ablations.DOCS.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="to write between"):
        ablations.filled("nothing", "new")


def test_one_kind_of_pair_is_left(folder):
    rows = list(read_jsonl(folder / "preference.jsonl"))
    rows[0]["way"] = "contrast"
    (folder / "preference.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ablations.only_way("contrast")(folder, small_params())
    assert [row["record_id"] for row in read_jsonl(folder / "preference.jsonl")] == [rows[0]["record_id"]]


def test_other_wordings_and_datasets_are_taken_away(folder):
    rows = [{**row, "wordings": ["一", "二", "三"]} for row in read_jsonl(folder / "qa_v2.jsonl")]
    (folder / "qa_v2.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ablations.one_wording(folder, small_params())
    assert {tuple(row["wordings"]) for row in read_jsonl(folder / "qa_v2.jsonl")} == {()}
    ablations.without("qa_v2", "summary_qa_v2")(folder, small_params())
    assert not (folder / "qa_v2.jsonl").exists()


@pytest.mark.slow
def test_every_variant_is_asked_the_same_and_stands_on_one_base(folder, tmp_path):
    names = ["no_qa", "prompts", "dpo_only"]
    params, general = small_params(), tmp_path / "general.txt"
    train_lessons(tmp_path, "models", params)
    full = ablations.Full(tmp_path / "models", evaluate(tmp_path / "models", folder, general, params)[0])
    found = ablations.run(names, params, tmp_path / "work", folder, general, full)
    assert list(found) == ["full", "dpo_only", "prompts", "no_qa"]
    counts = [{key: value for key, value in one["figures"].items() if key.endswith("_n")} for one in found.values()]
    assert counts[0]["knowledge_accuracy_n"] > 0
    assert all(one == counts[0] for one in counts)
    # the lessons' pairs are all of the way `prompts`, so nothing was taken away: the same model
    assert found["prompts"]["figures"] == found["full"]["figures"]
    assert found["no_qa"]["figures"] != found["full"]["figures"]
