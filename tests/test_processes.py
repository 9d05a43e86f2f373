"""Two processes that train one model, as `accelerate launch` starts them, and what a running phase shows."""

import csv
import hashlib
import json
import math
import os
import subprocess
import sys

import pytest
import yaml

from huaben.errors import InputError
from huaben.training.learning import processes
from lessons import REPOSITORY, small_params, write_lessons

PHASES = ["base", "dpo", "dpo_only", "sft"]


def repository(folder, **changes):
    """Write what `huaben train` reads of a dataset repository."""
    write_lessons(folder)
    (folder / "data").rename(folder / "dedupe")
    for part in ("dedupe", "general"):
        (folder / "data" / part).mkdir(parents=True)
    (folder / "data/dedupe").rmdir()
    (folder / "dedupe").rename(folder / "data/dedupe")
    (folder / "general.txt").rename(folder / "data/general/general.txt")
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    content["train"] = small_params(**changes).train.model_dump()
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def launched(folder, *options):
    """Run `accelerate launch <options> -m huaben train` in a folder; return what it printed of the training."""
    command = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", "--main_process_port", "0"]
    done = subprocess.run(
        [*command, *options, "-m", "huaben", "train"], cwd=folder, capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def environment():
    source = str(REPOSITORY / "src")
    return {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}


def weights(folder):
    return {
        path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "models").glob("**/*.safetensors"))
    }


def metrics(folder):
    return json.loads((folder / "reports/train.json").read_text(encoding="utf-8"))


def losses(place):
    with (place / "plots/metrics/loss.tsv").open(encoding="utf-8", newline="") as file:
        return [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file, delimiter="\t")]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A repository in which `huaben train` ran as one process."""
    folder = repository(tmp_path_factory.mktemp("alone"))
    subprocess.run([sys.executable, "-m", "huaben", "train"], cwd=folder, check=True, env=environment())
    return folder


@pytest.mark.slow
def test_two_processes_train_one_model_and_the_second_neither_writes_nor_speaks(tmp_path, alone):
    folder = repository(tmp_path)
    said = launched(folder, "--multi_gpu", "--num_processes", "2")
    told = [line.removeprefix("train: ").split(",")[0] for line in said]
    assert told == ["base", "sft", "dpo", "dpo_only", "4 units (4 ok)"]
    assert list(weights(folder)) == PHASES
    assert len(set(weights(folder).values())) == 4
    assert sorted(str(path.relative_to(folder)) for path in folder.glob("reports/**/*.json")) == [
        "reports/coverage/train.json",
        "reports/curves.json",
        "reports/train.json",
    ]
    assert sorted(path.name for path in (folder / ".huaben/training").iterdir()) == ["live", "references"]
    assert len(list((folder / ".huaben/training/references").iterdir())) == 2
    steps = [step for step, _ in losses(folder / ".huaben/training/live/dpo-7")]
    assert steps == list(range(1, 31))  # each once, though two processes trained
    together, single = metrics(folder), metrics(alone)
    assert all(math.isfinite(value) for value in together.values())
    assert together.keys() == single.keys()
    for name in single:  # the same rows a step; only the last short batch of an epoch is filled up
        assert together[name] == pytest.approx(single[name], rel=0.05), name


@pytest.mark.slow
def test_one_process_of_accelerate_makes_the_weights_of_plain_training(tmp_path, alone):
    folder = repository(tmp_path)
    launched(folder, "--cpu", "--num_processes", "1")
    assert weights(folder) == weights(alone)
    assert metrics(folder) == metrics(alone)


def test_a_process_alone_needs_no_other(monkeypatch):
    for name in (*processes.COUNTS, *processes.NUMBERS):
        monkeypatch.delenv(name, raising=False)
    assert (processes.count(), processes.number(), processes.is_main()) == (1, 0, True)
    assert processes.agreed(True) and not processes.agreed(False)
    assert processes.share(3) == 3


def test_processes_share_a_batch_evenly_or_say_why_not(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert (processes.count(), processes.is_main(), processes.share(4)) == (2, False, 2)
    with pytest.raises(InputError, match="batch of 3 rows cannot be shared evenly by 2 processes"):
        processes.share(3)


def test_processes_that_mpi_starts_are_known_by_its_own_names(monkeypatch):
    for name in (*processes.COUNTS, *processes.NUMBERS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "3")
    assert (processes.count(), processes.number()) == (4, 3)
