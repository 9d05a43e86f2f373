"""The two workflows of a pull request: what they may do, and their steps, run in a clone of real commits."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from diffing import commit, dvc, make_repository, run, set_least

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github" / "workflows"


def workflow(name):
    return yaml.load((WORKFLOWS / name).read_text(encoding="utf-8"), yaml.BaseLoader)


def steps_of(name):
    (job,) = workflow(name)["jobs"].values()
    return job["steps"]


BUILD, COMMENT = workflow("data-pr.yml"), workflow("data-comment.yml")


def test_what_runs_the_code_of_a_fork_has_no_secret_and_may_only_read():
    assert BUILD["on"] == "pull_request"
    assert BUILD["permissions"] == {"contents": "read"}
    assert "permissions" not in BUILD["jobs"]["diff"]
    text = (WORKFLOWS / "data-pr.yml").read_text(encoding="utf-8")
    assert "secrets" not in text
    assert "token" not in re.sub(r"#.*", "", text)
    assert steps_of("data-pr.yml")[0]["with"] == {"fetch-depth": "0", "persist-credentials": "false"}


def test_what_may_write_runs_no_code_of_the_pull_request():
    assert list(COMMENT["on"]) == ["workflow_run"]
    assert COMMENT["on"]["workflow_run"]["workflows"] == [BUILD["name"]]
    assert COMMENT["permissions"] == {}
    may = COMMENT["jobs"]["comment"]["permissions"]
    assert may == {"actions": "read", "contents": "read", "pull-requests": "write"}
    checkout = steps_of("data-comment.yml")[0]
    assert checkout["uses"].startswith("actions/checkout@")
    assert checkout["with"] == {"persist-credentials": "false"}


@pytest.mark.parametrize("name", ["data-pr.yml", "data-comment.yml"])
def test_no_step_pastes_a_value_into_its_script_and_every_action_is_pinned(name):
    for step in steps_of(name):
        assert "${{" not in step.get("run", "")
        assert re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", step.get("uses", "actions/x@v1"))


def run_steps(name, folder, out, expected=0, **variables):
    """Run the scripts of a workflow as a runner does, `Install` aside; return the outcome of each by its name."""
    environment = {
        **os.environ,
        **{key: value for key, value in workflow(name).get("env", {}).items()},
        "RUNNER_TEMP": str(out),
        "GITHUB_STEP_SUMMARY": str(out / "summary.md"),
        "GITHUB_PATH": str(out / "path"),
        "NUMBER": "17",
        "SHELL": "/bin/bash",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **variables,
    }
    outcomes = {}
    for step in steps_of(name):
        if "run" in step and step["name"] != "Install" and "if" not in step:
            done = subprocess.run(
                ["bash", "-e", "-c", step["run"]], cwd=folder, env=environment, capture_output=True, text=True
            )
            outcomes[step["name"]] = done.returncode
            assert done.returncode == 0 or "continue-on-error" in step, done.stderr
    return outcomes


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A merge of a branch that sets another limit into a main that has gone on."""
    folder = make_repository(tmp_path_factory.mktemp("merged") / "origin")
    run(["git", "checkout", "--quiet", "-b", "change"], folder)
    set_least(folder, 4)
    dvc(folder, "repro", "validate")
    commit(folder, "drop answers under four characters")
    run(["git", "checkout", "--quiet", "main"], folder)
    (folder / "README.md").write_text("more words\n", encoding="utf-8")
    commit(folder, "main goes on")
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    run(["git", *identity, "merge", "--quiet", "--no-ff", "--no-edit", "change"], folder)
    return folder


@pytest.fixture
def pull_request(merged, tmp_path):
    """A clone of the merge, without data."""
    run(["git", "clone", "--quiet", str(merged), str(tmp_path / "clone")], tmp_path)
    return tmp_path / "clone"


def test_the_steps_say_what_the_merge_does_to_the_data(pull_request, tmp_path):
    outcomes = run_steps("data-pr.yml", pull_request, tmp_path)
    assert set(outcomes.values()) == {0}
    found = json.loads((tmp_path / "data-diff" / "diff.json").read_text(encoding="utf-8"))
    assert found["params"] == {"clean.min_characters": [2, 4]}
    assert found["datasets"]["qa_v2"]["counts"]["dropped"] == 1
    assert (tmp_path / "data-diff" / "number").read_text(encoding="utf-8") == "17\n"
    assert "qa_v2.suite.volume" in (tmp_path / "data-diff" / "metrics.md").read_text(encoding="utf-8")
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "## What this change does to the data" in summary


def test_a_gate_that_fails_is_shown_before_the_run_fails(pull_request, tmp_path):
    set_least(pull_request, 10)
    outcomes = run_steps("data-pr.yml", pull_request, tmp_path)
    assert outcomes["Make the rows and judge them"] != 0
    assert steps_of("data-pr.yml")[-1]["if"] == "steps.rows.outcome == 'failure'"
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| `qa_v2.suite.volume` | **broken** |" in summary


def test_a_run_without_rows_still_reports_why(pull_request, tmp_path):
    (pull_request / "stage.py").write_text("raise SystemExit('huaben: the replies are missing')\n", encoding="utf-8")
    run_steps("data-pr.yml", pull_request, tmp_path)
    found = json.loads((tmp_path / "data-diff" / "diff.json").read_text(encoding="utf-8"))
    assert found["datasets"] is None
    assert found["head"]["notes"] == [
        "the working tree has no rows; run `dvc repro validate` there, or `dvc checkout`"
    ]


@pytest.mark.slow
def test_the_steps_on_two_commits_of_this_project(tmp_path):
    folder = tmp_path / "project"
    names = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT).stdout.split("\0")
    for name in (name for name in names if name and (ROOT / name).is_file()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    run(["git", "init", "--quiet"], folder)
    dvc(folder, "repro", "validate")
    commit(folder, "base")
    params = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(params.replace("min_characters: 6 ", "min_characters: 10 "), encoding="utf-8")
    commit(folder, "replies under ten characters go")
    run_steps("data-pr.yml", folder, tmp_path, PYTHONPATH=str(folder / "src"))
    found = json.loads((tmp_path / "data-diff" / "diff.json").read_text(encoding="utf-8"))
    assert found["params"] == {"clean.min_characters": [6, 10]}
    different = {
        name for name, change in found["datasets"].items() if change["counts"]["same"] != change["rows"]["base"]["all"]
    }
    assert different == {"dialogue", "preference"}
    preference = found["datasets"]["preference"]
    assert preference["counts"]["dropped"] >= 20
    assert {row["reason"] for row in preference["dropped"]} == {"clean: a side under 10 characters"}
