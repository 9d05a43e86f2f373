"""Training, for real, on a model of some ten thousand weights."""

import hashlib

import pytest

from huaben.errors import HuabenError, InputError
from huaben.training.rows import read_general
from huaben.training.train import fingerprint, train
from huaben.training.trainers import make_curve
from lessons import small_params, train_lessons, train_with_curves, write_lessons


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    return write_lessons(tmp_path_factory.mktemp("lessons"))


@pytest.fixture(scope="module")
def trained(lessons):
    said = []
    result = train_with_curves(lessons, "models", small_params(), said.append)
    return result.metrics, said, result.curves


def weights(folder):
    return {
        path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/*.safetensors"))
    }


def test_three_models_come_out_and_load(lessons, trained):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    for name in ("base", "sft", "dpo"):
        model = AutoModelForCausalLM.from_pretrained(lessons / "models" / name)
        assert model.config.model_type == "qwen2"
        assert AutoTokenizer.from_pretrained(lessons / "models" / name).chat_template
    assert not list((lessons / "work").iterdir())


def test_dpo_learns_to_prefer_the_chosen_side_of_its_pairs(trained):
    metrics, *_ = trained
    assert metrics["dpo_rows"] == 40
    assert metrics["dpo_accuracy"] > 0.9
    assert metrics["dpo_margin"] > 0


def test_each_phase_has_a_curve_that_ends_at_its_last_step_and_tells_its_numbers(trained):
    metrics, _, curves = trained
    assert list(curves) == ["base", "sft", "dpo"]
    for name, keys in (("base", {"loss"}), ("sft", {"loss"}), ("dpo", {"loss", "accuracy", "margin"})):
        assert {key for point in curves[name] for key in point} == {"step", *keys}
        assert curves[name][-1]["step"] == metrics[f"{name}_steps"]
        assert 2 <= len(curves[name]) <= 40
    assert curves["dpo"][0]["accuracy"] < curves["dpo"][-1]["accuracy"]
    assert curves["base"][0]["loss"] > metrics["base_loss"]


def test_a_curve_averages_single_steps_in_order():
    logs = [{"step": step, "loss": float(step), "epoch": step / 90} for step in range(1, 91)]
    curve = make_curve(logs, {"loss": "loss"})
    assert curve[0] == {"step": 3.0, "loss": 2.0}
    assert curve[-1] == {"step": 90.0, "loss": 89.0}
    assert len(curve) == 30
    assert make_curve(logs[:2], {"loss": "loss"}) == [{"step": 1.0, "loss": 1.0}, {"step": 2.0, "loss": 2.0}]
    assert make_curve([], {"loss": "loss"}) == []


def test_training_reads_no_test_row_and_not_the_exam(trained):
    metrics, *_ = trained
    assert metrics["sft_rows_qa_v2"] == 40
    assert "sft_rows_qa_v1" not in metrics


def test_equal_inputs_give_equal_weights_also_after_a_kill_between_phases(lessons, trained):
    class Killed(Exception):
        pass

    def kill_after_sft(line):
        if line.startswith("train: sft"):
            raise Killed

    with pytest.raises(Killed):
        train_lessons(lessons, "again", small_params(), kill_after_sft)
    said = []
    metrics = train_lessons(lessons, "again", small_params(), said.append)
    assert [line.split(":")[1] for line in said if "already done" in line] == [" base", " sft"]
    assert weights(lessons / "again") == weights(lessons / "models")
    assert metrics == trained[0]


def test_a_kill_while_the_models_are_handed_over_loses_none(lessons, trained, monkeypatch):
    import shutil

    copy, calls = shutil.copytree, []

    def die_at_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return copy(*arguments)

    monkeypatch.setattr(shutil, "copytree", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        train_lessons(lessons, "third", small_params())
    monkeypatch.undo()
    said = []
    train_lessons(lessons, "third", small_params(), said.append)
    assert all("already done" in line for line in said)
    assert weights(lessons / "third") == weights(lessons / "models")


def test_rows_longer_than_the_window_are_counted(trained):
    metrics, *_ = trained
    assert metrics["sft_rows_cut"] == 0


def test_a_folder_as_base_is_trained_by_adapters_that_are_merged(lessons, trained):
    from transformers import AutoModelForCausalLM

    base = lessons / "models" / "base"
    params = small_params(base=str(base))
    train_lessons(lessons, "merged", params)
    models = [AutoModelForCausalLM.from_pretrained(place) for place in (base, lessons / "merged" / "dpo")]
    first, second = (model.state_dict() for model in models)
    changed = {name for name in first if not first[name].equal(second[name])}
    assert first.keys() == second.keys()
    assert "model.layers.0.mlp.up_proj.weight" in changed
    assert "model.embed_tokens.weight" not in changed  # adapters touch linear layers only


def test_another_parameter_or_row_is_another_run(lessons):
    general, params = lessons / "general.txt", small_params().train
    first = fingerprint(lessons / "data", general, params)
    assert first == fingerprint(lessons / "data", general, params)
    assert first != fingerprint(lessons / "data", general, params.model_copy(update={"seed": 8}))
    assert first != fingerprint(lessons / "data", None, params)


def test_nothing_to_train_on_is_said(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(HuabenError, match="pretrain"):
        train(tmp_path / "data", None, tmp_path / "models", tmp_path / "work", small_params())


def test_a_base_that_is_no_model_is_said(tmp_path, lessons):
    (tmp_path / "model").mkdir()
    params = small_params(base=str(tmp_path / "model"))
    with pytest.raises(InputError, match=r"train\.base"):
        train(lessons / "data", None, tmp_path / "models", tmp_path / "work", params)


def test_rehearsal_holds_the_plain_text(lessons, trained):
    """The same run without rehearsal knows the novel and the general text less well after DPO."""
    from huaben.training.scoring import load_scorer

    params = small_params(rehearsal=0.0)
    train_lessons(lessons, "forgetful", params)
    text = ["".join(read_general(lessons / "general.txt")[0])]
    rehearsed, forgetful = (
        load_scorer(lessons / models / "dpo", 2, params.train.max_length).text_log_probs(text)[0][0]
        for models in ("models", "forgetful")
    )
    assert rehearsed > forgetful


def test_the_halves_of_the_general_text_share_no_article(lessons):
    trained_on, held_out = read_general(lessons / "general.txt")
    assert (len(trained_on), len(held_out)) == (4, 4)
    assert not set(trained_on) & set(held_out)
