"""A repository made by `init`, run by the real DVC."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from datasets import load_dataset

from huaben.cli import main
from novels import write_novel

UP_TO_PUBLISH = ("data", "dataset", "exports")


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """A home of its own, DVC without telemetry, and the project's commands on PATH."""
    bin_folder = str(Path(sys.executable).parent)
    variables = {
        "HOME": str(tmp_path / "home"),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(tmp_path / "site"),
        "HF_HOME": str(tmp_path / "hf"),
        "SHELL": "/bin/bash",
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
    }
    (tmp_path / "home").mkdir()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def make_repository(folder, chapters=12):
    novel = write_novel(folder, chapters)
    main(["init", str(folder / "clocks"), "--novel", str(novel), "--character", "钟离"])
    return folder / "clocks"


def repro(repository, *arguments):
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def hashes(repository):
    return {
        str(path.relative_to(repository)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in UP_TO_PUBLISH
        for path in sorted((repository / part).rglob("*"))
        if path.is_file() and path.suffix not in (".dvc",) and path.name != ".gitignore"
    }


def test_a_new_repository_is_published_by_one_repro_and_a_second_does_nothing(environment):
    repository = make_repository(environment)
    first = repro(repository)
    assert first.returncode == 0, first.stdout + first.stderr
    rows = load_dataset(str(repository / "dataset"), "dialogue", cache_dir=str(environment / "cache"))
    assert rows["train"][0]["character"] == "钟离"
    assert (repository / "exports" / "hero-sharegpt.json").exists()
    second = repro(repository)
    assert "Running stage" not in second.stdout
    assert "up to date" in second.stdout


def test_a_repository_for_another_version_is_refused(environment):
    repository = make_repository(environment)
    params = repository / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("huaben: 0.", "huaben: 9."), encoding="utf-8")
    done = repro(repository, "chapters")
    assert done.returncode != 0
    assert "was made for huaben 9." in done.stderr


def test_a_folder_that_is_not_empty_is_left_alone(environment, capsys):
    novel = write_novel(environment)
    (environment / "taken").mkdir()
    (environment / "taken" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["init", str(environment / "taken"), "--novel", str(novel), "--character", "钟离"])
    assert stopped.value.code == 2
    assert "is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in (environment / "taken").iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_repro_killed_at_any_moment_and_run_again_gives_the_same_bytes(environment):
    undisturbed = make_repository(environment, 40)
    assert repro(undisturbed).returncode == 0
    (environment / "again").mkdir()
    repository = make_repository(environment / "again", 40)
    moments = random.Random(7)
    for _ in range(12):
        command = [sys.executable, "-m", "dvc", "repro"]
        with subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            time.sleep(moments.uniform(1.5, 6))
            run.send_signal(signal.SIGKILL)
    done = repro(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert hashes(repository) == hashes(undisturbed)
