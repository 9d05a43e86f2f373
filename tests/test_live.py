"""What DVCLive shows of a running phase: every step once, in files alone."""

import csv
import subprocess
import sys
from itertools import pairwise

import pytest

from huaben.training.learning.live import callbacks
from lessons import small_params, train_with_curves, write_lessons

pytest.importorskip("dvclive")


def table(place, measure):
    with (place / f"plots/metrics/{measure}.tsv").open(encoding="utf-8", newline="") as file:
        return [(int(row["step"]), float(row[measure])) for row in csv.DictReader(file, delimiter="\t")]


def logs(step):
    return {"step": step, "loss": step / 10, "rewards/margins": step / 100, "epoch": step / 8}


def state_after(steps):
    from transformers import TrainerState

    return TrainerState(global_step=steps, log_history=[logs(step) for step in range(1, steps + 1)])


def log(callback, state, steps):
    callback.on_train_begin(None, state, None)
    for state.global_step in steps:
        callback.on_log(None, state, None, logs=logs(state.global_step))
    callback.on_log(None, state, None, logs={"train_runtime": 1.0})  # the trainer's last, which is of no step


def test_each_step_is_logged_and_models_and_curves_are_those_without_dvclive(tmp_path, monkeypatch):
    lessons = write_lessons(tmp_path)
    shown = train_with_curves(lessons, "models", small_params())
    monkeypatch.setitem(sys.modules, "dvclive", None)
    plain = train_with_curves(lessons, "plain", small_params())
    assert (plain.metrics, plain.curves) == (shown.metrics, shown.curves)
    for phase in ("base", "sft", "dpo", "dpo_only"):
        name = f"{phase}/model.safetensors"
        assert (lessons / "plain" / name).read_bytes() == (lessons / "models" / name).read_bytes()
        steps = table(lessons / f"work/live/{phase}-7", "loss")
        assert [step for step, _ in steps] == list(range(1, int(shown.metrics[f"{phase}_steps"]) + 1))
        edges = [0, *(int(point["step"]) for point in shown.curves[phase])]
        means = [sum(loss for _, loss in steps[a:b]) / (b - a) for a, b in pairwise(edges)]
        assert [point["loss"] for point in shown.curves[phase]] == pytest.approx(means, abs=1e-5)


def test_a_resumed_phase_shows_no_step_twice(tmp_path):
    first, second = (callbacks(tmp_path, {"loss": "loss", "margin": "rewards/margins"})[0] for _ in range(2))
    log(first, state_after(0), range(1, 6))
    assert [step for step, _ in table(tmp_path, "loss")] == [1, 2, 3, 4, 5]
    log(second, state_after(3), range(4, 8))  # killed after step 5, its checkpoint was of step 3
    assert table(tmp_path, "loss") == [(step, step / 10) for step in range(1, 8)]
    assert table(tmp_path, "margin") == [(step, step / 100) for step in range(1, 8)]


def test_only_the_main_process_shows_its_steps(tmp_path):
    state = state_after(0)
    state.is_world_process_zero = False
    log(callbacks(tmp_path / "live", {"loss": "loss"})[0], state, range(1, 3))
    assert not (tmp_path / "live").exists()


def test_nothing_is_written_outside_the_folder_of_the_phase(tmp_path, monkeypatch):
    """The stock `Live` would make a DVC repository here, in a git repository that is none."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    author = ["-c", "user.name=reader", "-c", "user.email=reader@example.org"]
    subprocess.run(["git", *author, "commit", "--quiet", "--allow-empty", "-m", "one"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STUDIO_TOKEN", "isat_none")
    log(callbacks(tmp_path / "live", {"loss": "loss"})[0], state_after(0), range(1, 3))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", "live"]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("live/**/*") if path.is_file()) == [
        "live/metrics.json",
        "live/plots/metrics/loss.tsv",
    ]
