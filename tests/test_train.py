"""Training, for real, on a model of some ten thousand weights."""

import hashlib
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from huaben.errors import HuabenError, InputError
from huaben.training.learning.rows import read_general, read_records
from huaben.training.learning.trainers import make_curve
from huaben.training.train import fingerprint, train
from lessons import REPOSITORY, small_params, train_lessons, train_with_curves, write_lessons


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
        str(path.parent.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("**/*.safetensors"))
    }


def test_four_models_come_out_and_load(lessons, trained):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    for name in ("base", "sft", "dpo", "dpo_only"):
        model = AutoModelForCausalLM.from_pretrained(lessons / "models" / name)
        assert model.config.model_type == "qwen2"
        assert AutoTokenizer.from_pretrained(lessons / "models" / name).chat_template
    assert {path.name for path in (lessons / "work").iterdir()} - {"live"} == {"references"}


def test_dpo_learns_to_prefer_the_chosen_side_of_its_pairs(trained):
    metrics, *_ = trained
    assert metrics["dpo_rows"] == 40
    assert metrics["dpo_accuracy"] > 0.9
    assert metrics["dpo_margin"] > 0


def test_each_phase_has_a_curve_that_ends_at_its_last_step_and_tells_its_numbers(trained):
    metrics, _, curves = trained
    assert list(curves) == ["base", "sft", "dpo", "dpo_only"]
    of_pairs = {"loss", "accuracy", "margin"}
    for name, keys in (("base", {"loss"}), ("sft", {"loss"}), ("dpo", of_pairs), ("dpo_only", of_pairs)):
        assert {key for point in curves[name] for key in point} == {"step", *keys}
        assert curves[name][-1]["step"] == metrics[f"{name}_steps"]
        assert 2 <= len(curves[name]) <= 40
    assert curves["dpo"][0]["accuracy"] < curves["dpo"][-1]["accuracy"]
    assert curves["base"][0]["loss"] > metrics["base_loss"]


def test_a_curve_averages_single_steps_in_order():
    logs = [{"step": step, "loss": float(step), "epoch": step / 90} for step in range(1, 91)]
    curve = make_curve(logs, {"loss": "loss"})
    assert curve[0] == {"step": 2.0, "loss": 1.5}
    assert curve[-1] == {"step": 90.0, "loss": 89.0}
    lengths = [after["step"] - before["step"] for before, after in pairwise(curve)]
    assert (len(curve), set(lengths)) == (40, {2.0, 3.0})
    assert make_curve(logs[:2], {"loss": "loss"}) == [{"step": 1.0, "loss": 1.0}, {"step": 2.0, "loss": 2.0}]
    assert make_curve([], {"loss": "loss"}) == []


def test_training_reads_no_test_row_and_not_the_exam(trained):
    metrics, *_ = trained
    assert metrics["sft_rows_qa"] == 40
    assert metrics["sft_rows_dialogue"] == 40


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
    done = [line for line in said if "already done" in line]
    assert [line.split(":")[1] for line in done] == [" base, seed 7", " sft, seed 7"]
    assert weights(lessons / "again") == weights(lessons / "models")
    assert metrics == trained[0]


def test_a_kill_while_the_models_are_handed_over_loses_none(lessons, trained, monkeypatch):
    import shutil

    copy, calls = shutil.copytree, []

    def die_at_the_second(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return copy(*arguments, **named)

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
    params = small_params(base=str(base), lora=True)
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
    assert first != fingerprint(lessons / "data", general, params.model_copy(update={"seeds": [8]}))
    assert first != fingerprint(lessons / "data", None, params)
    assert first != fingerprint(lessons / "data", general, params, "你是沈更生。")


def test_other_code_of_training_is_another_run_and_other_code_of_evaluation_is_none(lessons, tmp_path, monkeypatch):
    shutil.copytree(REPOSITORY / "src/huaben/training", tmp_path / "training")
    monkeypatch.setattr("huaben.training.train.__file__", str(tmp_path / "training" / "train.py"))
    prints = [fingerprint(lessons / "data", None, small_params().train)]
    for name in ("evaluation/exam.py", "evaluate.py", "learning/rows.py", "train.py"):
        with (tmp_path / "training" / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        prints.append(fingerprint(lessons / "data", None, small_params().train))
    assert [one != other for one, other in pairwise(prints)] == [False, False, True, True]


def test_nothing_to_train_on_is_said(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(HuabenError, match="general text"):
        train(tmp_path / "data", None, tmp_path / "models", tmp_path / "work", small_params())


def test_a_base_that_is_no_model_is_said(tmp_path, lessons):
    (tmp_path / "model").mkdir()
    params = small_params(base=str(tmp_path / "model"))
    with pytest.raises(InputError, match=r"train\.base"):
        train(lessons / "data", None, tmp_path / "models", tmp_path / "work", params)


def test_rehearsal_holds_what_sft_taught(lessons, trained):
    """The same run without rehearsal knows the novel's plain text less well after DPO."""
    from huaben.training.evaluation.scoring import load_scorer

    params = small_params(rehearsal=0.0)
    train_lessons(lessons, "forgetful", params)
    text = [piece.text for piece in read_records(lessons / "data", "pretrain", "train")]
    rehearsed, forgetful = (
        sum(total for total, _ in load_scorer(lessons / models / "dpo", params.train.max_length).texts(text))
        for models in ("models", "forgetful")
    )
    assert rehearsed > forgetful


def test_seeds_share_the_base_and_differ_after_it(lessons, trained):
    metrics = train_lessons(lessons, "seeded", small_params(seeds=[7, 8]))
    found = weights(lessons / "seeded")
    assert sorted(found) == ["base", "dpo", "dpo_only", "seeds/8/dpo", "seeds/8/dpo_only", "seeds/8/sft", "sft"]
    assert {name: found[name] for name in weights(lessons / "models")} == weights(lessons / "models")
    assert len(set(found.values())) == 7
    assert metrics["seeds"] == 2
    assert metrics["sft_rows"] == trained[0]["sft_rows"]


@pytest.mark.slow
def test_training_killed_within_its_phases_gives_the_same_weights_and_metrics(lessons, trained):
    """Killed in SFT, in DPO's second epoch and in DPO from the base, each time by a signal nobody can catch."""
    for reached in (
        "sft.checkpoints/checkpoint-12",
        "dpo.checkpoints/checkpoint-15",
        "dpo_only.checkpoints/checkpoint-3",
    ):
        kill_once_written(lessons, f"*/{reached}/trainer_state.json")
    said = []
    result = train_with_curves(lessons, "killed", small_params(), said.append)
    assert [line.split(":")[1] for line in said if "already" in line] == [
        " base, seed 7",
        " sft, seed 7",
        " dpo, seed 7",
    ]
    assert weights(lessons / "killed") == weights(lessons / "models")
    assert (result.metrics, result.curves) == (trained[0], trained[2])


def kill_once_written(lessons, pattern):
    """Train in a process of its own and kill it as soon as a file of its work folder is there."""
    code = "import sys, pathlib, lessons as l; l.train_lessons(pathlib.Path(sys.argv[1]), 'killed', l.small_params())"
    process = subprocess.Popen([sys.executable, "-c", code, str(lessons)], cwd=Path(__file__).parent)
    while process.poll() is None and not list((lessons / "work").glob(pattern)):
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_the_halves_of_the_general_text_share_no_article(lessons):
    trained_on, held_out = read_general(lessons / "general.txt")
    assert (len(trained_on), len(held_out)) == (4, 4)
    assert not set(trained_on) & set(held_out)
