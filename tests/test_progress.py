"""What a run that asks shows: a live display on a terminal, silence elsewhere, and one line at its end."""

import os
import pty
import re
import subprocess
import sys

from huaben.cli.progress import closing_line, status_line
from huaben.llm.tally import Tally

STYLES = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")
TALLY = {"planned": 4, "done": 1, "sent": 3, "in_flight": 2, "kept": 5, "faulty": 1, "lost": 1}
TOKENS = {"hit": 1000, "miss": 200, "output": 30}
SHOWN = """
import time
from huaben.cli.progress import asked
from huaben.params import load_params
from pathlib import Path
params = load_params(Path({params!r}))
with asked(params) as run:
    run.tally.planned, run.tally.done, run.tally.sent, run.tally.in_flight = 4, 1, 3, 2
    time.sleep(0.6)
"""


def test_the_status_says_how_far_a_run_is():
    line = status_line(Tally(**TALLY, tokens=TOKENS, money=0.5), "CNY")
    for words in ("1 of 4 done", "2 in flight", "3 sent", "2 failed", "1,230 tokens", "0.5000 CNY", "s left"):
        assert words in line
    assert "left" not in status_line(Tally(planned=4), "CNY")


def test_a_fault_is_shown_as_text():
    assert "\\[bold]" in status_line(Tally(last_fault="[bold]"), "CNY")
    assert "last fault: timeout" in closing_line(Tally(sent=1, last_fault="timeout: 3 s"), "CNY")


def test_the_end_of_a_run_says_what_it_cost_and_how_far_off_the_estimate_was():
    line = closing_line(Tally(**TALLY, tokens=TOKENS, money=0.55, expected_money=0.5), "CNY")
    assert "3 requests sent, 5 answers were there already; 1 faulty, 1 without an answer (possibly paid)" in line
    assert "spent 0.5500 CNY (expected 0.5000, +10% off)" in line
    assert "off" not in closing_line(Tally(), "CNY")


def shown(repository, **streams):
    script = SHOWN.format(params=str(repository / "params.yaml"))
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    return subprocess.Popen([sys.executable, "-c", script], env=environment, **streams)


def test_the_display_is_live_on_a_terminal():
    from conftest import REPOSITORY

    master, slave = pty.openpty()
    with shown(REPOSITORY, stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        seen = b""
        while "1 of 4 done" not in STYLES.sub("", seen.decode(errors="replace")):
            seen += os.read(master, 4096)  # an OSError when the display ends without having said it
        assert process.wait() == 0
    os.close(master)


def test_nothing_is_shown_where_there_is_no_terminal():
    from conftest import REPOSITORY

    with shown(REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate()
    assert err == b""
    assert out.startswith(b"asked: 3 requests sent")
