"""What the crash tests share: processes to kill, a server that counts, and a dataset repository with a reply store.

Importing huaben takes a second, forking a process that has imported it a hundredth. So a nursery (this file run as
a script) imports it once and forks a process for every run; what runs there is the real command line, in a process
of its own that can be killed. An order may name a point at which that process ends itself as a kill would.
"""

import asyncio
import hashlib
import json
import math
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CRASHED = 86
"""Exit code of a process that ended itself at a point, without any of Python's tidying."""
PATIENCE_S = 60
"""After which a test gives up waiting; no test is about how long anything takes."""
STAGES = (("summary",), ("speakers",), ("qa",))
WHO = ("钟离", "杜明")


def wait_until(holds, what):
    """Wait until a condition holds, or fail."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


# the server


class CountingServer:
    """A model's endpoint that keeps every body in the order in which it came.

    Its answers depend on the request alone. One that `is_moody` takes 20 to 60 ms, and answers one request in twelve
    with blanks when it is asked for the first time: that is paid, and no reply. After `pause_after(n)` only the
    first n requests are answered.
    """

    def __init__(self):
        self.bodies, self.is_moody = [], False
        self._asked, self._active, self._answered = Counter(), 0, math.inf
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(), bind_and_activate=False)
        self._server.request_queue_size = 128
        self._server.server_bind()
        self._server.server_activate()
        self._address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self._address}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def keys(self):
        """The key of every request that has come, in order."""
        return [hashlib.sha256(self._address.encode() + b"\n" + body).hexdigest() for body in list(self.bodies)]

    def forget(self):
        """Begin anew: nothing was ever asked."""
        self.is_moody = False
        self.go_on()
        with self._changed:
            self.bodies.clear()
            self._asked.clear()

    def pause_after(self, answered):
        """Leave every request after this many without an answer, until `go_on`."""
        with self._changed:
            self._answered = answered

    def go_on(self):
        """Answer whatever waits and whatever comes."""
        with self._changed:
            self._answered = math.inf
            self._changed.notify_all()

    def settle(self):
        """Wait until every request that a dead process sent is counted and its connection closed."""
        self.go_on()
        # connections are accepted in order: when this one has been, so has every earlier one
        with socket.create_connection(("127.0.0.1", self._server.server_port)) as probe:
            probe.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            while probe.recv(1000):
                pass
        wait_until(lambda: not self._active, "the connections of a dead process to close")

    def close(self):
        self.go_on()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, body):
        """Count a request; return its answer when it may go out."""
        with self._changed:
            self.bodies.append(body)
            place, is_first = len(self.bodies), not self._asked[body]
            self._asked[body] += 1
            self._changed.wait_for(lambda: place <= self._answered)
        mood = random.Random(hashlib.sha256(body).digest())
        time.sleep(mood.uniform(0.02, 0.06) if self.is_moody else 0)
        is_blank = self.is_moody and is_first and mood.random() < 1 / 12
        return completion("  \n" if is_blank else content_for(body), len(body))

    def _handler(server):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with server._changed:
                    server._active += 1

            def finish(self):
                with suppress(OSError):  # the client was killed
                    super().finish()
                with server._changed:
                    server._active -= 1

            def handle(self):
                with suppress(OSError):
                    super().handle()

            def do_GET(self):
                self._send(204, b"")

            def do_POST(self):
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) == length:  # half a request was never sent
                    self._send(200, server._take(body))

            def _send(self, status, body):
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def log_message(self, *arguments):
                pass

        return Handler


def completion(content, size):
    """Return the body of a chat completion that was made in 2025 and used tokens."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    usage = {"prompt_tokens": size // 3, "completion_tokens": len(content)}
    answer = {"id": "x", "created": 1_760_000_000, "model": "fake-1", "choices": [choice], "usage": usage}
    return json.dumps(answer).encode()


def content_for(body):
    """Return what a model might say to a task, the same for the same body."""
    request, mark = json.loads(body), hashlib.sha256(body).hexdigest()[:8]
    passage = request["messages"][1]["content"]
    if "response_format" not in request:
        numbers = [int(number) for number in re.findall(r"〔(\d+)〕", passage)]
        return "\n".join(f"{number}|{WHO[number % 2]}|{WHO[1 - number % 2]}|1" for number in numbers)
    evidence = re.search("“([^”]{6,40})”", passage)[1]
    items = [[f"问{mark}是谁？", f"答{mark}是他。", evidence]]
    sides = dict.fromkeys(("plot", "relations", "psychology", "summary"), f"{mark}说的是一口钟停了又走的故事。")
    return json.dumps({**sides, **dict.fromkeys(("qa", "terms", "speech", "depth"), items)})


# the repository and its store


@dataclass(frozen=True)
class Held:
    """What a store holds, read from a copy: its soundness, (key, outcome) of attempts, (key, status) of bodies."""

    soundness: str = "ok"
    attempts: tuple = ()
    replies: tuple = ()

    @property
    def acknowledged(self):
        return {key for key, status in self.replies if status == "ok"}

    @property
    def ends(self):
        """How many attempts ended how; None: not at all."""
        return Counter(outcome for _, outcome in self.attempts)


@dataclass(frozen=True)
class Repository:
    """A dataset repository whose model is a server of ours, and its reply store."""

    folder: Path
    store: Path

    def held(self):
        """Read the store as a crash left it. The copy keeps SQLite's recovery for huaben to do."""
        copy = self.store.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        for path in (self.store, self.store.with_name(self.store.name + "-wal")):
            if path.exists():
                shutil.copyfile(path, copy / path.name)
        if not (copy / self.store.name).exists():
            return Held()
        with closing(sqlite3.connect(copy / self.store.name)) as db:
            if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return Held()
            soundness = db.execute("PRAGMA integrity_check").fetchone()[0]
            attempts = db.execute("SELECT key, outcome FROM attempts ORDER BY id").fetchall()
            return Held(soundness, tuple(attempts), tuple(db.execute("SELECT key, status FROM replies").fetchall()))

    def results(self):
        """Return every file that the stages wrote: datasets, coverage, cost."""
        parts = ("data/summary", "data/speakers", "data/qa", "reports")
        files = [path for part in parts for path in sorted((self.folder / part).rglob("*")) if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}

    @property
    def logged(self):
        """The keys that a process was told are kept, written down the moment it was told."""
        log = self.folder / "acknowledged"
        return set(log.read_text().split()) if log.exists() else set()

    @property
    def environment(self):
        """What a process that works here must know."""
        loopback = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")
        return {"HUABEN_STORE": str(self.store), "HUABEN_TEST_KEY": "sk-of-the-crash-tests-0123", **loopback}


@cache
def parameters():
    return yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def make_repository(folder, url, concurrency=8, store=None, versions=("v1", "v2")):
    """Make a repository that asks a model for summaries, speakers and questions."""
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    params = deepcopy(parameters())
    params["llm"] |= {"provider": "openai", "base_url": url, "api_key_env": "HUABEN_TEST_KEY", "model": "fake-1"}
    params["llm"] |= {"concurrency": concurrency, "timeout_s": 60.0, "max_money": None}
    params["summary"]["versions"] = list(versions)
    params["qa"]["wordings"] = 0
    params["chapters"] |= {"test": [], "validation": []}
    cast = [{"name": name} for name in WHO]
    for name, value in {"params.yaml": params, "cast.yaml": cast}.items():
        (folder / name).write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    return Repository(folder, store or folder / "store" / "replies.sqlite")


def is_gone(pid):
    """Tell whether a process has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def novel(chapters):
    """Return a novel in which two people speak, each chapter about its own clock."""
    parts = ["《许多钟》", ""]
    for number in range(1, chapters + 1):
        parts += [f"第{number}章 第{number}口钟", ""]
        for turn in range(8):
            cue = f"{WHO[turn % 2]}说：" if turn < 5 else ""  # the other lines are left to the model
            parts.append(f"{cue}“第{number}口钟停在{turn}点，谁也没有去碰它。”")
        parts += [f"天黑以后，第{number}口钟自己又走了起来，屋里的人都不说话，只听着它一下一下地响。" * 3, ""]
    return "\n".join(parts)


# the processes


@dataclass
class Run:
    """A process that runs commands."""

    nursery: "Nursery"
    pid: int
    errors: Path
    output: Path
    code: int | None = None

    @property
    def has_ended(self):
        if self.code is None:
            self.code = self.nursery.tell({"wait": self.pid})
        return self.code is not None

    def wait(self):
        """Return the exit code; minus the signal's number if one killed it."""
        wait_until(lambda: self.has_ended, f"process {self.pid} to end")
        return self.code

    def send(self, number):
        if not self.has_ended:
            os.kill(self.pid, number)

    def kill(self):
        """Kill, and see that it was still there to be killed."""
        self.send(signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL, f"ended before it was killed: {self.said}"

    @property
    def said(self):
        return self.errors.read_text(encoding="utf-8")

    @property
    def printed(self):
        return self.output.read_text(encoding="utf-8")


@dataclass
class Nursery:
    """A process that has imported huaben, and forks others from itself."""

    process: subprocess.Popen = field(init=False)
    runs: list = field(default_factory=list)
    number: int = 0

    def __post_init__(self):
        environment = {name: value for name, value in os.environ.items() if name != "DVC_ROOT"}
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def tell(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, repository, *commands, **order):
        """Run commands of the command line in a new process."""
        self.number += 1
        stem = repository.folder / f"run{self.number}"
        outputs = {"errors": f"{stem}.err", "output": f"{stem}.out"}
        order |= {"commands": commands, "folder": str(repository.folder), "environment": repository.environment}
        run = Run(self, self.tell({**order, **outputs}), Path(outputs["errors"]), Path(outputs["output"]))
        self.runs.append(run)
        return run

    def run(self, repository, *commands, **order):
        """Run commands to their end."""
        run = self.start(repository, *commands, **order)
        run.wait()
        return run

    def end_all(self):
        """Kill what a test left running."""
        while self.runs:
            run = self.runs.pop()
            run.send(signal.SIGKILL)
            run.wait()

    def close(self):
        self.end_all()
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


# inside those processes


def nurse():
    """Fork a process for every order on standard input; say its number, and later how it ended."""
    import huaben.cli.progress
    import huaben.cli.stages
    import huaben.cli.tools
    import huaben.extract.stages
    import huaben.llm.asking  # noqa: F401

    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            pid, status = os.waitpid(order["wait"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork() or live(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def live(order):
    """Do what an order says, and end."""
    import traceback

    code = 70  # an exception that the command line let through
    try:
        for number, name in ((0, os.devnull), (1, order["output"]), (2, order["errors"])):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        prepare(order)
        for command in order["commands"]:
            if code := exit_code(command):
                break
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def exit_code(command):
    from huaben.cli import main

    try:
        main(list(command))
    except SystemExit as end:
        return end.code or 0
    return 0


def prepare(order):
    """Log what is acknowledged, and plant what the order wants to go wrong."""
    if order.get("file_limit"):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_limit"], resource.RLIM_INFINITY))
    if order.get("is_early"):
        acknowledge_early()
    log_acknowledged(os.open("acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    if point := order.get("crash"):
        crash_at(**point)


def log_acknowledged(log):
    """Write the key of every reply down as soon as the store says that it is kept."""
    from huaben.llm.store import ReplyStore

    keep = ReplyStore.keep

    async def logged(self, attempt, reply, *more):
        await keep(self, attempt, reply, *more)
        os.write(log, f"{reply.key}\n".encode())

    ReplyStore.keep = logged


def acknowledge_early():
    """Plant the defect that all this is about: a reply is said to be kept before it is."""
    from huaben.llm.store import ReplyStore

    keep, later = ReplyStore.keep, set()

    async def hasty(self, *reply):
        later.add(asyncio.get_running_loop().create_task(keep(self, *reply)))

    ReplyStore.keep = hasty


def crash_at(when, what, nth=1):
    """End the process before or after the nth time that something happens.

    That is `sending` of a request; or a statement of the store by how it begins, `COMMIT of <table>` for the
    transaction that inserted into the table, or `` for any statement.
    """
    calls = count(1)
    if what == "sending":
        crash_at_sending(when, lambda: next(calls) == nth)
    else:
        crash_at_a_statement(when, lambda name: name.startswith(what) and next(calls) == nth)


def crash_at_sending(when, is_due):
    from huaben.llm.client import ChatClient

    send = ChatClient.send

    async def doomed(self, request):
        ends = is_due()
        if not (ends and when == "before"):
            received = await send(self, request)
        if ends:
            os._exit(CRASHED)
        return received

    ChatClient.send = doomed


def crash_at_a_statement(when, is_due):
    class Doomed(sqlite3.Connection):
        table = None

        def execute(self, sql, *values):
            return self._at(sql, super().execute, *values)

        def executescript(self, sql):
            return self._at(sql, super().executescript)

        def _at(self, sql, run, *values):
            if opening := re.match(r"BEGIN|INSERT INTO (\w+)", sql):
                self.table = opening[1]
            ends = is_due(f"COMMIT of {self.table}" if sql == "COMMIT" else sql)
            if not (ends and when == "before"):
                result = run(sql, *values)
            if ends:
                os._exit(CRASHED)
            return result

    connect = sqlite3.connect
    sqlite3.connect = lambda *place, **options: connect(*place, **options, factory=Doomed)


if __name__ == "__main__":
    nurse()
