"""What many tests share: a small novel, parameters, and a model's endpoint on the loopback interface.

The endpoint is a real HTTP server in a thread: it answers as it is told and remembers what it was asked.
"""

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import settings

from huaben.extract.asking import Asked
from huaben.llm.asking import ask
from huaben.llm.prompts import Prompts
from huaben.llm.replies import write_replies
from huaben.novel.quotations.lines import find_lines
from huaben.params import CastMember, Price, load_params
from huaben.records import Chapter

# the same examples in every run, however slow the machine
settings.register_profile("huaben", derandomize=True, deadline=None)
settings.load_profile("huaben")

REPOSITORY = Path(__file__).parent.parent
CANARY = "sk-canary-0123456789abcdef"
"""The API key of the tests; it may turn up nowhere."""

PRICE = Price(currency="CNY", hit=0.02, miss=1.0, output=4.0, cache="units", peak=None)

TEXTS = (
    """沈更生说：“钟又停了，停在三点十七分。”
梁明夷问道：“你昨晚敲钟了吗？”
“我没敲，是水敲的。”沈更生回答。
“水怎么会敲钟？”
“水在钟里头，你听。”
门外有人喊：“开饭了！”
许知秋没有进门，她在走廊里把灯一盏一盏地关上，最后只剩下墙上的那只挂钟还亮着。
“当当当”，挂钟响了三下。""",
    """许知秋问道：“那座城里真的没有白天吗？”
“九十年没亮过天了。”沈更生说。
“那你们几点起床？”
“听见更鼓就起，听不见就再死一会儿。”""",
    """城门开了一条缝，卖馄饨的老人把灯举起来照他的脸。
老人的碗还热着，汤面上漂着三颗虾皮。""",
)
TITLES = ("停钟", "不昼城", "馄饨")
CAST = (
    CastMember(name="沈更生", aliases=["更生", "沈师傅"]),
    CastMember(name="梁明夷", aliases=["梁医生"]),
    CastMember(name="许知秋", aliases=[]),
)


def chapter(text, index=1, title="停钟", split="train"):
    """Return a chapter of the small novel with this text."""
    return Chapter(
        chapter_id=f"c{index}",
        index=index,
        number=index,
        kind="chapter",
        volume=None,
        heading=f"第{index}章 {title}",
        title=title,
        novel="small",
        split=split,
        text=text,
    )


@dataclass
class SmallNovel:
    """Three chapters (the last without a quotation), their lines by chapter, the cast."""

    chapters: list
    lines: dict
    cast: tuple = CAST

    @property
    def flat(self):
        return [line for index in sorted(self.lines) for line in self.lines[index]]


@dataclass(frozen=True)
class Http:
    """A response: `cut` closes the connection before its end, `drop` before its start; `delay_s` waits before it.

    `blanks` is how many blank lines, one every 50 ms, keep the connection alive before the body.
    """

    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    cut: bool = False
    drop: bool = False
    delay_s: float = 0.0
    blanks: int = 0


def completion(content, finish="stop", **more):
    """Return the body of a chat completion."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": finish, "message": message}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "fake-1", "choices": [choice], **more}


class Endpoint:
    """A chat-completions server. Queued answers come first, then `default`, an answer or a function of the request.

    An answer is text (a complete reply), a JSON value (a body) or `Http`.
    """

    completion = staticmethod(completion)
    Http = Http

    def __init__(self):
        self.requests, self.headers, self.paths = [], [], []
        self.queue, self.default = deque(), "好。"
        self.lock, self.in_flight, self.most_in_flight = threading.Lock(), 0, 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def will(self, *answers):
        """Queue answers, one a request."""
        self.queue.extend(answers)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, request):
        with self.lock:
            answer = self.queue.popleft() if self.queue else self.default
        answer = answer(request) if callable(answer) else answer
        answer = completion(answer) if isinstance(answer, str) else answer
        if isinstance(answer, Http):
            return answer
        return Http(200, json.dumps(answer).encode(), {"content-type": "application/json"})

    def _handler(endpoint):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with endpoint.lock:
                    endpoint.requests.append(request)
                    endpoint.headers.append(dict(self.headers))
                    endpoint.paths.append(self.path)
                    endpoint.in_flight += 1
                    endpoint.most_in_flight = max(endpoint.most_in_flight, endpoint.in_flight)
                try:
                    self.send(endpoint.answer(request))
                except OSError:
                    pass  # the client has gone
                finally:
                    with endpoint.lock:
                        endpoint.in_flight -= 1

            def send(self, answer):
                time.sleep(answer.delay_s)
                if answer.drop:
                    return
                self.send_response(answer.status)
                length = answer.blanks + len(answer.body) + (100 if answer.cut else 0)
                for name, value in {"content-length": str(length), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                for _ in range(answer.blanks):
                    self.wfile.write(b"\n")
                    time.sleep(0.05)
                self.wfile.write(answer.body)

            def log_message(self, *arguments):
                pass

        return Handler


@pytest.fixture(autouse=True)
def no_users_store(tmp_path_factory, monkeypatch):
    """Keep every test away from the store of whoever runs it, and from any proxy."""
    monkeypatch.setenv("HUABEN_STORE", str(tmp_path_factory.getbasetemp() / "nobodys-store.sqlite"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def endpoint():
    """Yield a running endpoint."""
    server = Endpoint()
    yield server
    server.close()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Name a reply store for this test; return its path."""
    path = tmp_path / "store" / "replies.sqlite"
    monkeypatch.setenv("HUABEN_STORE", str(path))
    return path


@pytest.fixture
def live_params(endpoint, store, make_params, monkeypatch):
    """Return the parameters of a run against the endpoint, whose key is the canary."""
    monkeypatch.setenv("HUABEN_TEST_KEY", CANARY)
    return make_params(llm={"provider": "openai", "base_url": endpoint.url})


@pytest.fixture
def live(live_params):
    """Return the `llm` section of a run against the endpoint, whose key is the canary."""
    return live_params.llm


@pytest.fixture
def impatient(monkeypatch):
    """Let the stages wait a millisecond, and not two seconds, before their second attempt."""
    monkeypatch.setattr("huaben.extract.asking.ask", partial(ask, first_pause_s=0.001))


@pytest.fixture
def canary():
    """Return the API key of the tests."""
    return CANARY


@pytest.fixture
def make_chapter():
    """Return a function that makes a chapter of a text."""
    return chapter


@cache
def repository_params():
    return load_params(REPOSITORY / "params.yaml")


@pytest.fixture
def make_params():
    """Return a function that makes parameters: the repository's, what these tests read fixed, with changes."""
    fixed = {
        "novel": {"slug": "small", "title": "两更天", "language": "zh"},
        "character": {"name": "沈更生", "persona": "你是沈更生。"},
        "llm": {
            "provider": "recorded",
            "preset": "deepseek",
            "model": "fake-1",
            "base_url": "",
            "api_key_env": "HUABEN_TEST_KEY",
            "thinking": False,
            "temperature": 0.0,
            "max_tokens": 1000,
            "passage_characters": 20_000,
            "concurrency": 4,
            "timeout_s": 10.0,
            "max_money": None,
            "price": PRICE,
        },
        "speakers": {"min_certainty": 0.8},
        "dialogue": {"characters": ["沈更生"], "thoughts": False},
        "summary": {"versions": ["v1", "v2"], "questions": ["《$title》讲了什么？", "请概括《$title》。"], "seed": 7},
        "qa": {"versions": ["v1", "v2"], "refused_phrases": ["本章", "文中"], "wordings": 0},
        "preference": {
            "ways": ["prompts", "contrast"],
            "sober": [],
            "test_share": 0.5,
            "validation_share": 0.0,
            "min_similarity": 0.3,
            "max_similarity": 0.8,
            "max_length_ratio": 3.0,
            "seed": 7,
        },
        "clean": {"min_characters": 6, "greetings": ["更生", "说话"], "seed": 7},
        "validate_": {"max_failures": {}},
    }

    def make(**changes):
        params = repository_params()
        update = {
            name: getattr(params, name).model_copy(update={**fixed.get(name, {}), **changes.get(name, {})})
            for name in fixed | changes
        }
        return params.model_copy(update=update)

    return make


@pytest.fixture(scope="session")
def prompts():
    """Return the repository's prompts."""
    return Prompts(REPOSITORY / "prompts")


@pytest.fixture
def novel():
    """Return the small novel."""
    splits = ("train", "test", "train")
    chapters = [chapter(t, i, n, s) for i, (t, n, s) in enumerate(zip(TEXTS, TITLES, splits, strict=True), 1)]
    return SmallNovel(chapters, {c.index: find_lines(c) for c in chapters})


@pytest.fixture
def asked(make_params, prompts, tmp_path):
    """Return a run on recorded replies; none is recorded yet. `record` writes some."""
    return Asked(make_params(), prompts, (tmp_path / "replies.jsonl",))


@pytest.fixture
def record(asked):
    """Return a function that records replies: pairs of a question and a text (or a body)."""

    def record(*answers):
        rows = [
            {
                "key": question.request.key,
                "prompt": question.request.prompt_id,
                "unit": question.name,
                "reply": completion(answer) if isinstance(answer, str) else answer,
                "written_by": "a tester",
            }
            for question, answer in answers
        ]
        write_replies(asked.recorded[0], rows)

    return record
