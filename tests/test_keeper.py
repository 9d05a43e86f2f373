"""dvc.lock after a dvc that was killed while writing it."""

import fcntl
import os
import subprocess
import sys
import time

import pytest

from huaben.cli.keeper import is_whole
from huaben.cli.paths import WORK

WHOLE = "schema: '2.0'\nstages:\n  chapters:\n    cmd: huaben chapters\n"
KILLED_WHILE_WRITING = """
import os, signal, subprocess, sys
stage = "from huaben.cli.guard import alone\\nwith alone(): pass"
subprocess.run([sys.executable, "-c", stage], check=True, env={**os.environ, "DVC_ROOT": os.getcwd()})
open("dvc.lock", "w").write(sys.argv[1])
os.kill(os.getpid(), signal.SIGKILL)
"""


def run_and_kill(folder, written):
    (folder / "dvc.lock").write_text(WHOLE, encoding="utf-8")
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, written]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, env=dict(os.environ))
    assert done.returncode == -9, done.stderr
    for _ in range(100):
        if is_whole(folder / "dvc.lock"):
            break
        time.sleep(0.05)
    return (folder / "dvc.lock").read_text(encoding="utf-8")


def test_half_a_lock_file_is_put_right_after_the_kill(tmp_path):
    assert run_and_kill(tmp_path, "schema: '2.0'\nstages:\n  chapters:\n    cmd: hua") == WHOLE


def test_a_whole_lock_file_is_left_as_dvc_wrote_it(tmp_path):
    newer = WHOLE + "  lines:\n    cmd: huaben lines\n"
    assert run_and_kill(tmp_path, newer) == newer


@pytest.mark.parametrize("text", ["", "schema: '2.0'\n", "stages: {a: b", "stages:\n  a: {}", "- 1\n"])
def test_what_is_no_whole_lock_file_is_told_apart(tmp_path, text):
    (tmp_path / "dvc.lock").write_text(text, encoding="utf-8")
    assert not is_whole(tmp_path / "dvc.lock")


ORPHAN = """
import os, sys, time
if os.fork():
    os._exit(0)
while os.getppid() not in (1, int(sys.argv[1])):
    time.sleep(0.01)
from huaben.cli.guard import alone
with alone():
    open("parent", "w").write(str(os.getppid()))
open("done", "w").close()
"""


def test_a_stage_whose_dvc_is_gone_leaves_no_keeper_behind(tmp_path):
    (tmp_path / "dvc.lock").write_text(WHOLE, encoding="utf-8")
    environment = {**os.environ, "DVC_ROOT": str(tmp_path)}
    subprocess.run([sys.executable, "-c", ORPHAN, str(os.getpid())], cwd=tmp_path, check=True, env=environment)
    for _ in range(200):
        if (tmp_path / "done").exists():
            break
        time.sleep(0.05)
    if (tmp_path / "parent").read_text() != "1":
        pytest.skip("orphans here go to another process than the first")
    with (tmp_path / WORK / "keeper").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a keeper would hold it
