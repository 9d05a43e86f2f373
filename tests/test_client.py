"""The client against a real endpoint on the loopback interface that answers well, badly and not at all."""

import gzip
import json
import signal
import socket
import subprocess
import sys

import pytest

from huaben.errors import HuabenError, InputError
from huaben.llm.client import MISS, Unit, ask
from huaben.llm.endpoint import check_endpoint, read_key
from huaben.llm.prompts import Request
from huaben.llm.replies import ReplyStore, write_replies

PAUSE = 0.001
"""Seconds before the second attempt; enough here."""


def unit(llm, question="几点了？", **options):
    """Return a unit whose one message is the question."""
    options = {"temperature": 0.0, "max_tokens": 1000, "thinking": False} | options
    return Unit(
        question, Request("ask.v1", llm.base_url, llm.model, ({"role": "user", "content": question},), options)
    )


def units(llm, count):
    return [unit(llm, f"第{i}问") for i in range(count)]


def run(units, llm):
    return ask(units, llm, (), first_pause_s=PAUSE)


def json_of(value):
    return json.dumps(value).encode()


# provider recorded, provider none


def recorded_row(one, body):
    return {"key": one.request.key, "prompt": "ask.v1", "unit": one.name, "reply": body, "written_by": None}


def test_recorded_replies_answer_their_own_requests_and_no_others(make_params, endpoint, tmp_path):
    llm = make_params().llm
    known, unknown = unit(llm), unit(llm, "几更了？")
    write_replies(tmp_path / "r.jsonl", [recorded_row(known, endpoint.completion("三更。"))])
    answers = ask([known, unknown], llm, [tmp_path / "r.jsonl", tmp_path / "absent.jsonl"])
    assert {key: reply.content for key, reply in answers.replies.items()} == {known.request.key: "三更。"}
    assert answers.failures == {unknown.request.key: MISS}
    assert answers.permanent == set()
    assert endpoint.requests == []


@pytest.mark.parametrize(("finish", "permanent"), [("length", True), ("content_filter", True), ("tool_calls", False)])
def test_an_incomplete_recorded_reply_is_no_reply(make_params, endpoint, tmp_path, finish, permanent):
    one = unit(make_params().llm)
    write_replies(tmp_path / "r.jsonl", [recorded_row(one, endpoint.completion("三更", finish))])
    answers = ask([one], make_params().llm, [tmp_path / "r.jsonl"])
    assert answers.replies == {}
    assert answers.failures == {one.request.key: f"finish_{finish}"}
    assert (one.request.key in answers.permanent) is permanent


def test_recorded_replies_need_no_key_no_store_and_no_address(make_params, store, monkeypatch):
    monkeypatch.delenv("HUABEN_TEST_KEY", raising=False)
    assert ask([], make_params().llm, ()).failures == {}
    assert not store.exists()


def test_without_a_provider_nothing_can_be_asked(make_params):
    with pytest.raises(InputError, match="none"):
        ask([], make_params(llm={"provider": "none"}).llm, ())


# the address and the key


@pytest.mark.parametrize(
    "url",
    [
        "https://api.deepseek.com",
        "https://host/v1/",
        "http://localhost:8000/v1",
        "http://127.0.0.1/v1",
        "http://[::1]:1/v1",
    ],
)
def test_a_good_address_is_taken(url):
    check_endpoint(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "an address such as"),
        ("api.deepseek.com/v1", "an address such as"),
        ("ftp://host/v1", "an address such as"),
        ("https://", "an address such as"),
        ("https://[::1/v1", "no address"),
        ("https://host:99999/v1", "no address"),
        ("http://host/v1", "use https"),
        ("http://127.0.0.1.evil.example/v1", "use https"),
        ("https://host/v1/chat/completions", "leave out"),
        ("https://host/v1/chat/completions/", "leave out"),
        ("https://host/v1?key=hunter2", "environment variable"),
        ("https://host/v1#hunter2", "environment variable"),
        ("https://user:hunter2@host/v1", "environment variable"),
        ("http://user:hunter2@host/v1", "environment variable"),
        ("ftp://hunter2@host/v1", "environment variable"),
    ],
)
def test_a_bad_address_is_refused_before_anything_is_sent_and_its_secret_kept(url, message):
    with pytest.raises(InputError, match=message) as caught:
        check_endpoint(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", [None, "", " ", "sk-1\n", "sk-1\nX: y", "sk 1", "sk-\t1", "sk-钥匙", "sk-\x7f1"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(make_params, monkeypatch, key):
    monkeypatch.delenv("HUABEN_TEST_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("HUABEN_TEST_KEY", key)
    with pytest.raises(InputError, match="HUABEN_TEST_KEY must hold the API key") as caught:
        read_key(make_params().llm)
    assert "sk-" not in str(caught.value)


def test_a_key_in_the_place_of_its_variables_name_is_not_shown(make_params, canary):
    with pytest.raises(InputError, match="name of an environment variable") as caught:
        read_key(make_params(llm={"api_key_env": canary}).llm)
    assert canary not in str(caught.value)


def test_a_missing_key_stops_the_run_before_a_request(live, endpoint, monkeypatch):
    monkeypatch.delenv("HUABEN_TEST_KEY")
    with pytest.raises(InputError, match="HUABEN_TEST_KEY"):
        run([unit(live)], live)
    assert endpoint.requests == []


# what is sent, what is kept


def test_a_request_is_sent_as_it_was_rendered(live, endpoint, canary):
    run([unit(live, response_format={"type": "json_object"})], live)
    assert endpoint.requests == [
        {
            "model": "fake-1",
            "messages": [{"role": "user", "content": "几点了？"}],
            "temperature": 0.0,
            "max_tokens": 1000,
            "thinking": {"type": "disabled"},
            "response_format": {"type": "json_object"},
        }
    ]
    headers = {name.lower(): value for name, value in endpoint.headers[0].items()}
    assert endpoint.paths == ["/v1/chat/completions"]
    assert headers["authorization"] == f"Bearer {canary}"


def test_a_model_that_may_think_is_not_told_otherwise(live, endpoint):
    run([unit(live, thinking=True)], live)
    assert "thinking" not in endpoint.requests[0]


def test_every_unit_gets_its_own_reply(live, endpoint):
    endpoint.default = lambda request: "答" + request["messages"][0]["content"]
    asked = units(live, 9)
    answers = run(asked, live)
    assert [answers.replies[u.request.key].content for u in asked] == [f"答第{i}问" for i in range(9)]
    assert (answers.failures, answers.sent, len(endpoint.requests)) == ({}, 9, 9)


def test_no_more_requests_are_in_flight_than_allowed(live, endpoint):
    endpoint.default = lambda request: endpoint.Http(body=json_of(endpoint.completion("好。")), delay_s=0.1)
    run(units(live, 12), live.model_copy(update={"concurrency": 3}))
    assert 1 < endpoint.most_in_flight <= 3


def test_a_second_run_sends_nothing_and_needs_no_key(live, endpoint, monkeypatch):
    first = run(units(live, 5), live)
    monkeypatch.delenv("HUABEN_TEST_KEY")
    second = run(units(live, 5), live)
    assert second.replies == first.replies
    assert (second.sent, len(endpoint.requests)) == (0, 5)


def test_only_what_is_new_is_asked(live, endpoint):
    run(units(live, 5), live)
    run(units(live, 7), live)
    assert [r["messages"][0]["content"] for r in endpoint.requests[5:]] == ["第5问", "第6问"]


def test_equal_requests_are_sent_once(live, endpoint):
    answers = run([unit(live), unit(live), unit(live)], live)
    assert (len(answers.replies), len(endpoint.requests)) == (1, 1)


def test_the_body_is_kept_as_it_came(live, endpoint, store):
    usage = {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4, "completion_tokens": 2}
    body = endpoint.completion("三更。", usage=usage, unheard_of={"x": [1]})
    endpoint.will(body)
    run([unit(live)], live)
    opened = ReplyStore(store)
    kept = opened.rows()
    opened.close()
    assert [(row["prompt"], row["unit"], row["reply"]) for row in kept] == [("ask.v1", "几点了？", body)]


def test_progress_is_told_by_the_names_of_the_units(live, endpoint):
    said = []
    endpoint.default = "好。"
    ask([unit(live)], live, (), said.append, PAUSE)
    assert said == ["几点了？: ok (1 done)"]


# what goes wrong and passes


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_a_passing_fault_is_tried_again(live, endpoint, status):
    endpoint.will(endpoint.Http(status), endpoint.Http(status, b"<html>busy</html>"))
    answers = run([unit(live)], live)
    assert [reply.content for reply in answers.replies.values()] == ["好。"]
    assert (answers.failures, answers.sent, len(endpoint.requests)) == ({}, 3, 3)


ODD = {
    "html": b"<html>login</html>",
    "null": b"null",
    "a list": b"[]",
    "nothing": b"",
    "half": b'{"choices": [{"finish_rea',
    "error": json_of({"error": {"message": "busy"}}),
    "no choice": json_of({"choices": []}),
    "null choices": json_of({"choices": None}),
    "null message": json_of({"choices": [{"finish_reason": "stop", "message": None}]}),
    "list content": json_of({"choices": [{"finish_reason": "stop", "message": {"content": [{"text": "好。"}]}}]}),
    "half a character": b'{"choices": [{"finish_reason": "stop", "message": {"content": "\\ud800"}}]}',
    "not a number": b'{"choices": [{"finish_reason": "stop", "message": {"content": "x"}}], "usage": NaN}',
    "gbk": '{"choices": [{"finish_reason": "stop", "message": {"content": "好"}}]}'.encode("gbk"),
    "deep": b'{"choices": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
}


@pytest.mark.parametrize("name", ODD)
def test_a_body_of_an_odd_shape_is_never_a_reply(live, endpoint, store, tmp_path, name):
    endpoint.default = endpoint.Http(body=ODD[name])
    one = unit(live)
    answers = run([one], live)
    assert answers.replies == {}
    assert answers.failures == {one.request.key: "blank" if name == "null message" else "odd_shape"}
    assert (answers.permanent, len(endpoint.requests)) == (set(), 5)
    opened = ReplyStore(store)
    assert write_replies(tmp_path / "export.jsonl", opened.rows()) == 1
    opened.close()


def test_after_an_odd_body_a_good_one_is_taken_and_kept(live, endpoint):
    endpoint.will(endpoint.Http(body=ODD["html"]), endpoint.completion(""), endpoint.completion(None))
    assert [reply.content for reply in run([unit(live)], live).replies.values()] == ["好。"]
    assert run([unit(live)], live).sent == 0


def test_a_unit_that_fails_at_every_attempt_is_left_for_a_later_run(live, endpoint):
    endpoint.default = endpoint.Http(503)
    one = unit(live)
    answers = run([one], live)
    assert answers.failures == {one.request.key: "http_503"}
    assert (answers.permanent, answers.sent) == (set(), 5)
    endpoint.default = "好。"
    assert list(run([one], live).replies) == [one.request.key]


@pytest.mark.parametrize(
    ("answer", "timeout_s", "reason"),
    [
        ({"body": b"{}", "cut": True}, 10.0, "connection"),
        ({"body": b"not gzip", "headers": {"content-encoding": "gzip"}}, 10.0, "connection"),
        ({"body": b"{}", "delay_s": 0.4}, 0.15, "timeout"),
        ({"body": b"{}", "blanks": 20}, 0.15, "timeout"),
    ],
    ids=["cut", "gzip", "silence", "keep-alive"],
)
def test_a_connection_that_fails_has_a_reason_and_an_end(live, endpoint, answer, timeout_s, reason):
    endpoint.default = endpoint.Http(**answer)
    one = unit(live)
    answers = run([one], live.model_copy(update={"timeout_s": timeout_s}))
    assert answers.failures == {one.request.key: reason}
    assert (answers.permanent, answers.sent) == (set(), 5)


def test_a_compressed_body_is_read(live, endpoint):
    body = gzip.compress(json_of(endpoint.completion("三更。")))
    endpoint.will(endpoint.Http(body=body, headers={"content-encoding": "gzip"}))
    assert [reply.content for reply in run([unit(live)], live).replies.values()] == ["三更。"]


def test_nobody_at_the_address_is_a_reason(live):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = live.model_copy(update={"base_url": f"http://127.0.0.1:{free.getsockname()[1]}/v1"})
        answers = run([unit(nobody)], nobody)
    assert list(answers.failures.values()) == ["connection"]


# what goes wrong for good


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_cut_or_filtered_reply_is_kept_never_used_and_never_paid_twice(live, endpoint, finish):
    endpoint.default = endpoint.completion('{"plot": "一个完整的开头', finish)
    one = unit(live)
    for sent in (1, 0):
        answers = run([one], live)
        assert (answers.replies, answers.sent) == ({}, sent)
        assert answers.failures == {one.request.key: f"finish_{finish}"}
        assert answers.permanent == {one.request.key}


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_fails_alone(live, endpoint, status):
    endpoint.default = lambda r: endpoint.Http(status, b"{}") if r["messages"][0]["content"] == "第1问" else "好。"
    asked = units(live, 3)
    answers = run(asked, live)
    assert answers.failures == {asked[1].request.key: f"http_{status}"}
    assert answers.permanent == {asked[1].request.key}
    assert (len(answers.replies), len(endpoint.requests)) == (2, 3)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "the key is not accepted"),
        (402, "the account has no balance left"),
        (403, "the key may not do this"),
        (404, "llm.base_url or llm.model is wrong"),
        (307, "llm.base_url redirects"),
    ],
)
def test_what_every_request_would_meet_stops_the_run(live, endpoint, canary, status, advice):
    echo = {"error": {"message": f"Incorrect API key provided: {canary}. Balance: 0"}}
    endpoint.default = endpoint.Http(status, json_of(echo))
    with pytest.raises(HuabenError) as caught:
        run(units(live, 40), live)
    assert type(caught.value) is HuabenError
    assert caught.value.exit_code == 1
    assert f"HTTP {status}: {advice}" in str(caught.value)
    assert "Balance: 0" in str(caught.value)
    assert canary not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(endpoint.requests) <= 2 * live.concurrency


def test_what_was_answered_before_the_stop_is_kept(live, endpoint):
    serial = live.model_copy(update={"concurrency": 1})
    endpoint.will(*["好。"] * 6, endpoint.Http(402))
    with pytest.raises(HuabenError, match="402"):
        run(units(live, 10), serial)
    assert run(units(live, 10), serial).sent == 4


def test_a_redirect_is_not_followed(live, endpoint):
    elsewhere = type(endpoint)()
    endpoint.default = endpoint.Http(307, headers={"location": f"{elsewhere.url}/chat/completions"})
    with pytest.raises(HuabenError, match="redirects"):
        run([unit(live)], live)
    elsewhere.close()
    assert (len(endpoint.requests), elsewhere.requests) == (1, [])


def test_a_store_that_cannot_take_a_reply_stops_the_run(live, endpoint, store):
    opened = ReplyStore(store)
    opened._db.execute("CREATE TRIGGER full BEFORE INSERT ON replies BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    opened.close()
    with pytest.raises(HuabenError, match="the reply store cannot be used: disk full") as caught:
        run(units(live, 8), live)
    assert type(caught.value) is HuabenError


def test_a_broken_store_stops_the_run_before_a_request(live, endpoint, store):
    store.parent.mkdir()
    store.touch()
    with pytest.raises(HuabenError, match="0 bytes"):
        run([unit(live)], live)
    assert endpoint.requests == []


# the key


def test_the_key_is_nowhere_on_disk_or_in_words(live, endpoint, store, canary, tmp_path):
    echo = json_of({"error": canary})
    endpoint.will(
        endpoint.completion(f"你的钥匙是{canary}。", system_fingerprint=canary),
        endpoint.Http(500, echo),
        endpoint.Http(200, echo),
        endpoint.Http(400, echo),
        endpoint.Http(200, canary.encode()),
        endpoint.Http(200, json_of(endpoint.completion("好。")), {"x-echo": canary}),
        endpoint.Http(401, echo),
    )
    said = []
    with pytest.raises(HuabenError) as caught:
        ask(units(live, 6), live.model_copy(update={"concurrency": 1}), (), said.append, PAUSE)
    answers = run(units(live, 6), live)
    opened = ReplyStore(store)
    write_replies(tmp_path / "export.jsonl", opened.rows())
    opened.close()
    words = [str(caught.value), repr(caught.value), repr(answers), *said]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert not [text for text in words if canary in text]
    assert not [data for data in files if canary.encode() in data]
    assert "你的钥匙是[key]。" in (tmp_path / "export.jsonl").read_text(encoding="utf-8")


def test_the_dummy_key_of_a_local_server_is_no_secret_word(live, endpoint, monkeypatch):
    monkeypatch.setenv("HUABEN_TEST_KEY", "none")
    endpoint.default = "There was none."
    assert [reply.content for reply in run([unit(live)], live).replies.values()] == ["There was none."]


# a run that is killed

KILLED = """
import sys
from huaben.llm.client import Unit, ask
from huaben.llm.prompts import Request
from huaben.params import LLM
llm = LLM.model_validate_json(sys.argv[1])
options = {"temperature": 0.0, "max_tokens": 1000, "thinking": False}
ask([Unit("", Request("ask.v1", llm.base_url, llm.model, ({"role": "user", "content": f"第{i}问"},), options))
     for i in range(20)], llm, ())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_run_keeps_what_was_answered(live, endpoint, how):
    pair = live.model_copy(update={"concurrency": 2})
    killed = []

    def answer(request):
        if len(endpoint.requests) == 9:
            killed.append(len(endpoint.requests))
            process.send_signal(how)
            process.wait()
        return "好。"

    endpoint.default = answer
    command = [sys.executable, "-c", KILLED, pair.model_dump_json()]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        process.communicate(timeout=30)
    assert killed
    assert process.returncode != 0
    sent = len(endpoint.requests)
    assert sent <= 10
    endpoint.default = "好。"
    answers = run(units(live, 20), pair)
    assert len(answers.replies) == 20
    assert sent + answers.sent <= 20 + pair.concurrency
    assert run(units(live, 20), pair).sent == 0
