"""The promise of the reply store, with real kills: an acknowledged reply is never paid again.

A crash costs at most the requests in flight, and those are listed as possibly paid. A server counts what is asked;
`kill -9` does not show whether the disk was told to sync, so nothing here proves that.
"""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from crashing import CRASHED, STAGES, CountingServer, Held, Nursery, is_gone, make_repository, novel, wait_until
from huaben.errors import LockedError
from huaben.llm.store import ReplyStore

IN_FLIGHT = 8
MANY, SOME, FEW = 64, 24, 3
"""Chapters; each is asked about four times, once for itself and three times in the same conversation."""
ROOT = Path(__file__).parents[1]
INTERRUPTED = "huaben: interrupted; what is finished is kept, run the same command again"


@pytest.fixture(scope="module")
def one_nursery():
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def nursery(one_nursery, server):
    """Return the one nursery; whatever a test leaves running ends with it."""
    yield one_nursery
    one_nursery.end_all()


@pytest.fixture(scope="module")
def chapters(tmp_path_factory, one_nursery):
    """Return a function that gives a folder with the chapters and lines of a novel of that length."""
    made = {}

    def folder(length):
        if length not in made:
            made[length] = tmp_path_factory.mktemp("novel")
            repository = make_repository(made[length], "http://127.0.0.1:9/v1")
            (made[length] / "data/raw").mkdir(parents=True)
            (made[length] / "data/raw/novel.txt").write_text(novel(length), encoding="utf-8")
            assert one_nursery.run(repository, ["chapters"], ["lines"]).code == 0
        return made[length] / "data"

    return folder


@pytest.fixture(scope="module")
def one_server():
    made = CountingServer()
    yield made
    made.close()


@pytest.fixture
def server(one_server):
    """Return the one server, whose address is part of every key, as if new."""
    one_server.forget()
    return one_server


@pytest.fixture
def make(tmp_path, server, chapters):
    """Return a function that makes a repository with the chapters of a novel."""

    def make(name="repository", length=FEW, in_flight=IN_FLIGHT, **more):
        (tmp_path / name).mkdir()
        shutil.copytree(chapters(length), tmp_path / name / "data")
        return make_repository(tmp_path / name, server.url, in_flight, **more)

    return make


@pytest.fixture(scope="module")
def undisturbed(one_nursery, one_server, chapters, tmp_path_factory):
    """Return a function that gives what the stages make when nothing happens to them, and the keys that they ask."""
    made = {}

    def results(length):
        if length not in made:
            repository = make_repository(tmp_path_factory.mktemp("undisturbed"), one_server.url)
            shutil.copytree(chapters(length), repository.folder / "data")
            run = one_nursery.run(repository, *STAGES)
            assert run.code == 0, run.said
            made[length] = repository.results(), set(one_server.keys)
            one_server.forget()
        return made[length]

    return results


def check_that_nothing_is_lost(repository, server, before, begun):
    """Hold the store that a kill left against what the server saw since `begun` requests; return what it holds."""
    held, asked = repository.held(), server.keys
    assert held.soundness == "ok"
    assert repository.logged <= {key for key, _ in held.replies}, "a reply was acknowledged before it was kept"
    assert not before.acknowledged & set(asked[begun:]), "an acknowledged reply was paid again"
    assert set(before.replies) <= set(held.replies)
    unanswered, unanswered_before = paid_for_nothing(asked, held), paid_for_nothing(asked[:begun], before)
    assert unanswered.total() - unanswered_before.total() <= IN_FLIGHT
    assert unanswered <= without_a_reply(held), "a request was sent that is not written down"
    return held


def paid_for_nothing(asked, held):
    """Count, by key, the requests that came to the server and whose reply is not kept."""
    return Counter(asked) - Counter(key for key, _ in held.replies)


def without_a_reply(held):
    """Count, by key, the attempts that did not end with a reply."""
    return Counter(key for key, outcome in held.attempts if outcome != "ok")


def kill_at_random(nursery, server, repository, seed, kills=20):
    """Run the stages and kill them, again and again, at moments drawn by the seed."""
    moments, held = random.Random(seed), repository.held()
    for _ in range(kills):
        begun, more = len(server.bodies), moments.randint(0, 20)
        run = nursery.start(repository, *STAGES)
        wait_until(lambda: len(server.bodies) >= begun + more or run.has_ended, "requests")  # noqa: B023
        time.sleep(moments.uniform(0, 0.05))
        run.kill()
        server.settle()
        held = check_that_nothing_is_lost(repository, server, held, begun)
    return held


# kills at any moment


def check_twenty_kills(nursery, server, make, undisturbed, seed):
    results, distinct = undisturbed(MANY)
    repository, server.is_moody = make("killed", MANY), True
    before = kill_at_random(nursery, server, repository, seed)
    begun = len(server.bodies)
    run = nursery.run(repository, *STAGES)
    assert run.code == 0, run.said
    server.settle()
    held = check_that_nothing_is_lost(repository, server, before, begun)
    asked, lost = server.keys, paid_for_nothing(server.keys, held).total()
    faulty = len(held.replies) - len(held.acknowledged)
    assert repository.results() == results
    assert held.acknowledged == set(asked) == distinct
    assert len(asked) == len(distinct) + faulty + lost
    assert lost <= 20 * IN_FLIGHT
    assert held.ends.keys() == {"ok", "lost"}
    assert held.ends["lost"] >= lost > 0
    stats = nursery.run(repository, ["replies", "stats"])
    assert f"without a reply: {held.ends['lost']} lost, possibly paid\n" in stats.printed
    return {"requests": len(asked), "distinct": len(distinct), "faulty": faulty, "lost": lost, **held.ends}


def test_after_twenty_kills_no_acknowledged_reply_was_paid_again_and_the_same_results(
    nursery, server, make, undisturbed
):
    check_twenty_kills(nursery, server, make, undisturbed, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_two_hundred_kills(nursery, server, make, undisturbed, seed):
    check_twenty_kills(nursery, server, make, undisturbed, seed)


def environment_of(repository, **variables):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **repository.environment, "PATH": path, "DVC_NO_ANALYTICS": "1", **variables}


def dvc(repository, *arguments, shell="/bin/sh"):
    """Start dvc; what it says goes to a file."""
    command, environment = [sys.executable, "-m", "dvc", *arguments], environment_of(repository, SHELL=shell)
    with (repository.folder / "dvc.log").open("w") as log:
        return subprocess.Popen(command, cwd=repository.folder, env=environment, stdout=log, stderr=log)


def stages():
    """Return the project's stages as dvc knows them."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def put_under_dvc(repository):
    """Write those stages down that a model answers, less what stands outside this repository."""
    inside, known = ("data/chapters", "data/lines", "data/summary"), stages()
    kept = {name: {**known[name], "deps": [d for d in known[name]["deps"] if d in inside]} for (name,) in STAGES}
    (repository.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": kept}), encoding="utf-8")
    assert dvc(repository, "init", "--no-scm").wait() == 0


def has_no_stage(repository):
    """Tell whether no stage holds the lock of the repository."""
    with (repository.folder / ".huaben" / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_six_kills_of_dvc_pay_no_acknowledged_reply_again(nursery, server, make, undisturbed, shell):
    results, distinct = undisturbed(MANY)
    repository, moments = make("killed", MANY), random.Random(7)
    put_under_dvc(repository)
    server.is_moody = True
    held = repository.held()
    for _ in range(6):
        begun, more = len(server.bodies), moments.randint(1, 20)
        with dvc(repository, "repro", "speakers", "qa", shell=shell) as process:
            wait_until(lambda: len(server.bodies) >= begun + more or process.poll() is not None, "requests")  # noqa: B023
            time.sleep(moments.uniform(0, 0.05))
            process.kill()
        assert process.returncode == -signal.SIGKILL, (repository.folder / "dvc.log").read_text()
        wait_until(lambda: has_no_stage(repository), "the stage to end")
        server.settle()
        held = check_that_nothing_is_lost(repository, server, held, begun)
    assert dvc(repository, "repro", "speakers", "qa", shell=shell).wait() == 0, (
        repository.folder / "dvc.log"
    ).read_text()
    assert repository.held().acknowledged == distinct
    assert repository.results() == results


# kills at every point of a request


def crash(nursery, repository, *commands, **point):
    run = nursery.run(repository, *commands, crash=point)
    assert run.code == CRASHED, run.said


@pytest.mark.parametrize("nth", [1, 4 * FEW])
@pytest.mark.parametrize(
    ("when", "what", "claimed", "sent", "kept"),
    [
        ("before", "COMMIT of attempts", 0, 0, 0),
        ("after", "COMMIT of attempts", 1, 0, 0),
        ("before", "sending", 1, 0, 0),
        ("after", "sending", 1, 1, 0),
        ("before", "COMMIT of replies", 1, 1, 0),
        ("after", "COMMIT of replies", 1, 1, 1),
    ],
)
def test_a_crash_at_a_point_of_a_request_leaves_just_what_was_committed(
    nursery, server, make, undisturbed, when, what, claimed, sent, kept, nth
):
    results, distinct = undisturbed(FEW)
    repository = make("crashed", in_flight=1)
    crash(nursery, repository, *STAGES, when=when, what=what, nth=nth)
    server.settle()
    held = repository.held()
    whole = nth - 1
    assert held.soundness == "ok"
    assert held.ends == Counter({"ok": whole + kept, None: claimed - kept})
    assert len(held.acknowledged) == len(held.replies) == whole + kept
    assert len(server.bodies) == whole + sent
    assert nursery.run(repository, *STAGES).code == 0
    assert sorted(server.keys[whole + sent :]) == sorted(distinct - held.acknowledged)
    assert repository.results() == results
    assert repository.held().ends == Counter({"ok": 4 * FEW, "lost": claimed - kept})


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_a_crash_before_any_statement_of_a_stores_whole_life_is_only_a_request_more(nursery, server, make, step):
    template = make(length=1, in_flight=1, versions=["v2"])
    for nth in range(1, 1000, step):
        repository = replace(template, store=template.folder / str(nth) / "replies.sqlite")
        begun = len(server.bodies)
        run = nursery.run(repository, ["summary"], crash={"when": "before", "what": "", "nth": nth})
        server.settle()
        left, sent = repository.held(), len(server.bodies) - begun
        again = nursery.run(repository, ["summary"])
        assert again.code == 0, f"before statement {nth}: {again.said}"
        assert repository.held().soundness == left.soundness == "ok"
        assert len(server.bodies) - begun - sent == 1 - len(left.acknowledged)
        assert sent - len(left.acknowledged) in (0, 1)
        if run.code == 0:
            break
    assert run.code == 0
    assert nth > 12


def test_these_checks_see_a_store_that_acknowledges_before_it_commits(nursery, server, make):
    repository = make()
    point = {"when": "before", "what": "COMMIT of replies", "nth": 3}
    assert nursery.run(repository, *STAGES, crash=point, is_early=True).code == CRASHED
    server.settle()
    with pytest.raises(AssertionError, match="acknowledged before it was kept"):
        check_that_nothing_is_lost(repository, server, Held(), 0)


# one writer, many readers


def pause_in_the_middle(nursery, server, repository, answered):
    """Start a run, answer so many of its requests, and leave the next eight in flight."""
    server.pause_after(answered)
    run = nursery.start(repository, *STAGES)
    wait_until(lambda: len(server.bodies) == answered + IN_FLIGHT or run.has_ended, "requests in flight")
    return run


def finish(nursery, server, repository, sent, kept):
    """Run the stages to their end, and see that they ask just for what is missing."""
    run = nursery.run(repository, *STAGES)
    assert run.code == 0, run.said
    held = repository.held()
    assert not kept & set(server.keys[sent:]), "an acknowledged reply was paid again"
    assert len(server.keys) - sent == len(held.acknowledged) - len(kept) == 4 * SOME - len(kept)
    return held


def test_a_second_writer_is_refused_and_readers_are_not_while_a_run_writes(nursery, server, make):
    first = make("first", SOME)
    second = make("second", SOME, store=first.store)
    writing = pause_in_the_middle(nursery, server, first, 3)
    with pytest.raises(LockedError, match="another run writes to the reply store"):
        ReplyStore(first.store)
    refused = nursery.run(second, ["summary"])
    assert refused.code == 75
    assert "another run writes to the reply store; wait for it or stop it" in refused.said
    assert nursery.run(second, ["replies", "gc"]).code == 75
    stats, export = nursery.run(second, ["replies", "stats"]), nursery.run(second, ["replies", "export"])
    assert (stats.code, export.code) == (0, 0)
    assert "summary.v2: 3 replies" in stats.printed
    assert export.printed == "3 replies in data/replies.jsonl\n"
    assert len(server.bodies) == 3 + IN_FLIGHT
    server.go_on()
    assert writing.wait() == 0
    assert first.held().ends == Counter({"ok": 4 * SOME})


def test_a_kill_frees_the_lock_for_another_repository(nursery, server, make):
    first = make("first", SOME)
    second = make("second", SOME, store=first.store)
    pause_in_the_middle(nursery, server, first, 20).kill()
    server.settle()
    held = finish(nursery, server, second, 20 + IN_FLIGHT, first.held().acknowledged)
    assert held.ends == Counter({"ok": 4 * SOME, "lost": IN_FLIGHT})


# a run that is stopped


@pytest.mark.parametrize("answered", [5, 58])
@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 2], ids=str)
def test_a_stopped_run_says_how_to_go_on_and_keeps_what_was_answered(nursery, server, make, signals, answered):
    repository = make(length=SOME)
    run = pause_in_the_middle(nursery, server, repository, answered)
    for number in signals:
        run.send(number)
    assert run.wait() == 130
    server.settle()
    held = repository.held()
    assert run.said.strip() == INTERRUPTED
    if len(signals) == 1:  # a second one may end the counting, not the keeping
        assert f"{IN_FLIGHT} without an answer (possibly paid)" in run.printed
    assert held.ends == Counter({"ok": answered, "interrupted": IN_FLIGHT})
    assert len(held.acknowledged) == answered
    finish(nursery, server, repository, answered + IN_FLIGHT, held.acknowledged)


PARENT = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:])
print(child.pid, flush=True)
child.wait()
"""


def open_files(process):
    """Return what the descriptors of a process point at."""
    with suppress(OSError):
        return [os.readlink(link) for link in Path(f"/proc/{process}/fd").iterdir()]
    return []


@contextmanager
def stage_of_a_parent(repository, prefix="", **variables):
    """Run a stage as dvc does, through a shell of a process of its own; give that process and its child's number."""
    environment = environment_of(repository, **variables)
    command = [sys.executable, "-c", PARENT, "/bin/sh", "-c", prefix + stages()["summary"]["cmd"]]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    place = {"cwd": repository.folder, "env": environment, "start_new_session": True}
    # the tests themselves may run under nohup, and a stage under nohup outlives its parent on purpose
    place |= {"preexec_fn": partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)}
    with subprocess.Popen(command, **place, **pipes) as parent:
        try:
            yield parent, int(parent.stdout.readline())
        finally:
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
@pytest.mark.parametrize("variables", [{}, {"DVC_ROOT": "/"}], ids=["by hand", "by dvc"])
def test_a_killed_parent_leaves_no_stage_that_goes_on_spending(server, make, variables):
    repository = make(length=SOME)
    server.pause_after(4)
    with stage_of_a_parent(repository, **variables) as (parent, _):
        wait_until(lambda: len(server.bodies) == 4 + IN_FLIGHT, "requests in flight")
        parent.kill()
        wait_until(lambda: has_no_stage(repository), "the stage to end")
    server.settle()
    assert len(server.bodies) == 4 + IN_FLIGHT
    assert repository.held().ends == Counter({"ok": 4, "interrupted": IN_FLIGHT})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_parent_that_is_killed_while_its_stage_starts_leaves_none_that_spends(server, make):
    repository = make(length=SOME)
    server.pause_after(0)
    with stage_of_a_parent(repository, prefix="exec ", DVC_ROOT="/") as (parent, stage):
        wait_until(lambda: any("pidfd" in link for link in open_files(stage)), "the stage to begin")
        parent.kill()
        wait_until(lambda: is_gone(stage) or server.bodies, "the stage to end")
        assert is_gone(stage)
    server.settle()
    assert not server.bodies


# a disk that does not do what it is told


def test_a_store_that_cannot_grow_stops_the_run_and_loses_nothing_that_was_acknowledged(nursery, server, make):
    repository = make(length=SOME)
    run = nursery.run(repository, *STAGES, file_limit=200_000)
    server.settle()
    held = repository.held()
    assert run.code == 1
    assert run.said.startswith(f"huaben: {repository.store}: the reply store cannot be used: ")
    assert len(run.said.splitlines()) == 1
    assert repository.logged <= held.acknowledged, "a reply that nobody waits for any more may be stored as well"
    assert 0 < len(held.acknowledged) < 4 * SOME
    assert (Counter(server.keys) - Counter(held.acknowledged)) <= without_a_reply(held)
    finish(nursery, server, repository, len(server.bodies), held.acknowledged)


def test_a_store_that_cannot_even_begin_is_no_hindrance_later(nursery, server, make):
    repository = make()
    run = nursery.run(repository, *STAGES, file_limit=4096)
    assert run.code == 1
    assert "Traceback" not in run.said
    assert not server.bodies
    again = nursery.run(repository, *STAGES)
    assert again.code == 0, again.said


ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size=250k none store
huaben summary || echo "code $?"
mount -o remount,ro store
huaben summary || echo "code $?"
mount -o remount,rw,size=50m store
cp store/replies.sqlite* kept/
huaben summary || echo "code $?"
cp store/replies.sqlite* whole/
"""


def has_mounts():
    try:
        return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], check=False).returncode == 0
    except OSError:
        return False


def test_a_full_disk_and_a_read_only_one_stop_the_run_and_lose_nothing(server, make):
    if not has_mounts():
        pytest.skip("this machine lets nobody mount a small disk")
    repository = make(length=SOME)
    copies = ("kept", "whole")
    for name in ("store", *copies):
        (repository.folder / name).mkdir()
    environment = environment_of(repository)
    command = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK]
    done = subprocess.run(command, cwd=repository.folder, env=environment, capture_output=True, text=True, check=False)
    kept, whole = (
        replace(repository, store=repository.folder / name / "replies.sqlite") for name in ("kept", "whole")
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("code 1\n") == 2
    assert "full" in done.stderr
    assert "Traceback" not in done.stderr
    held, at_last = kept.held(), whole.held()
    assert held.soundness == at_last.soundness == "ok"
    assert 0 < len(held.acknowledged) < 2 * SOME == len(at_last.acknowledged)
    assert held.acknowledged <= at_last.acknowledged
    again = Counter(server.keys) - Counter(at_last.acknowledged)
    assert not set(again) & held.acknowledged, "an acknowledged reply was paid again"


@pytest.mark.parametrize("place", ["folder", "file/replies.sqlite", "text"])
def test_a_place_that_can_be_no_store_is_named_and_nothing_is_sent(nursery, server, make, place, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "text").write_text("这不是数据库。" * 100)
    repository = make(store=tmp_path / place)
    run = nursery.run(repository, ["summary"])
    assert run.code == 1
    assert run.said.startswith(f"huaben: {tmp_path / place}: the reply store cannot be used: ")
    assert not server.bodies
