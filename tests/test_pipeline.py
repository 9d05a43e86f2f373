"""The embedded novel through the real DVC: what re-runs, what it says, and that nothing depends on the machine."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("data/chapters", "data/lines", "data/speakers", "data/dialogue", "data/summary", "data/qa", "data/preference")
UP_TO_PUBLISH = (*PARTS, "data/clean", "data/dedupe", "dataset", "exports")


def run(command, folder, check=True, **variables):
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "SHELL": "/bin/bash", **variables}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=check)


def copy_of_the_project(folder):
    """A git repository of its own with the files that git tracks, as they are now."""
    names = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT).stdout.split("\0")
    for name in names:
        if name and (ROOT / name).is_file() and not name.startswith(("tests/test_", "bench/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    run(["git", "init", "--quiet"], folder)
    commit(folder, "base")
    return folder


def commit(folder, message):
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    run(["git", "add", "--all"], folder)
    run(["git", *identity, "commit", "--quiet", "--allow-empty", "--message", message], folder)


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in UP_TO_PUBLISH
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def repro(folder, *stages, **variables):
    return run([sys.executable, "-m", "dvc", "repro", *stages], folder, check=False, **variables)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = copy_of_the_project(tmp_path_factory.mktemp("project"))
    done = repro(folder, "publish")
    assert done.returncode == 0, done.stdout + done.stderr
    commit(folder, "run")
    return folder


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_stage_adds_up_and_every_gate_passed(project):
    for path in sorted((project / "reports" / "coverage").glob("*.json")):
        counts = read_json(path)
        assert counts["units"] == sum(counts[name] for name in ("ok", "empty", "skipped", "failed")) > 0, path.name
    gates = read_json(project / "reports" / "gates.json")
    assert gates["passed"] is True
    assert gates["skipped"] == []


def test_the_planted_defects_are_seen_in_the_reports(project):
    assert read_json(project / "reports/coverage/summary.json")["repaired"] == {"fence around the reply": 1}
    invented = "answer for a number that is not in the chapter"
    assert read_json(project / "reports/coverage/speakers.json")["dropped"][invented] == 1
    assert read_json(project / "reports/coverage/qa.json")["dropped"]["evidence is not in the chapter"] == 1
    dropped = read_json(project / "reports/coverage/clean.json")["dropped"]
    assert dropped["qa_v2: no answer"] == 1
    assert dropped["preference: a side under 6 characters"] >= 1


def test_a_second_repro_runs_nothing(project):
    assert "Running stage" not in repro(project, "publish").stdout


def test_metrics_diff_shows_what_a_changed_cleaning_rule_did(project):
    params = project / "params.yaml"
    before = params.read_text(encoding="utf-8")
    params.write_text(before.replace("min_characters: 6 ", "min_characters: 12 "), encoding="utf-8")
    try:
        done = repro(project, "publish")
        assert done.returncode != 0
        assert "preference.drift.rows" in done.stdout
        assert "huaben accept" in done.stderr
        run(["huaben", "accept", "--reason", "replies of twelve letters are wanted"], project)
        accepted = repro(project, "publish")
        assert accepted.returncode == 0, accepted.stdout + accepted.stderr
        assert "Running stage 'clean'" in done.stdout
        assert "Running stage 'summary'" not in done.stdout
        shown = run([sys.executable, "-m", "dvc", "metrics", "diff", "--json"], project).stdout
        changed = json.loads(shown)
        assert changed["reports/coverage/clean.json"]["datasets.preference.kept"]["diff"] < 0
        assert changed["reports/profile.json"]["dialogue.rows"]["diff"] <= 0
    finally:
        params.write_text(before, encoding="utf-8")
        run(["git", "checkout", "--quiet", "schemas/baseline.json"], project)
        assert repro(project, "publish").returncode == 0


def test_an_edited_chapter_misses_its_replies_and_names_the_command(project):
    novel = project / "data/raw/lianggengtian.txt"
    before = novel.read_text(encoding="utf-8")
    novel.write_text(before.replace("惊蛰过后第三天", "惊蛰过后第四天"), encoding="utf-8")
    try:
        done = repro(project, "publish")
        assert done.returncode != 0
        assert "1 of 18 units are still missing" in done.stderr
        assert "huaben replies render" in done.stderr
    finally:
        novel.write_text(before, encoding="utf-8")
        assert repro(project, "publish").returncode == 0


def test_another_machine_makes_the_same_bytes(project, tmp_path):
    folder = copy_of_the_project(tmp_path / "elsewhere")
    done = repro(folder, "publish", TZ="Asia/Shanghai", LC_ALL="C", PYTHONHASHSEED="42")
    assert done.returncode == 0, done.stdout + done.stderr
    assert hashes(folder) == hashes(project)


def test_publish_refuses_rows_that_the_gates_never_saw(project):
    rows = project / "data/dedupe/qa_v1.jsonl"
    before = rows.read_bytes()
    rows.chmod(0o644)
    rows.write_bytes(before.replace("韩素秋".encode(), "韩素冬".encode()))
    try:
        run([sys.executable, "-m", "dvc", "commit", "--force", "dedupe", "validate", "publish"], project)
        assert "up to date" in repro(project, "publish").stdout
        for command in (["huaben", "publish"], ["huaben", "accept", "--reason", "it is right"]):
            done = run(command, project, check=False)
            assert done.returncode == 1
            assert "qa_v1.jsonl" in done.stderr
    finally:
        rows.chmod(0o644)
        rows.write_bytes(before)
        run(["git", "checkout", "--quiet", "dvc.lock"], project)
