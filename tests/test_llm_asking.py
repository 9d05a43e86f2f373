"""Questions → outcomes: from files, from a real endpoint by way of the store, each request once, under the cap."""

import sqlite3
import threading
import time
from contextlib import closing

import pytest

from huaben.errors import HuabenError, InputError, LockedError
from huaben.llm.answers import InvalidReply
from huaben.llm.asking import MISS, ask
from huaben.llm.replies import write_replies
from huaben.llm.store import ReplyStore
from huaben.llm.tally import Tally
from questions import inquire, plain, question, questions, run, with_llm


def three_letters(content):
    """Accept three letters only."""
    if len(content) != 3:
        raise InvalidReply("not three letters")
    return content, None


def contents(outcomes):
    return [outcome.reply and outcome.reply.content for outcome in outcomes]


def reasons(outcomes):
    return [outcome.reason for outcome in outcomes]


def recorded_row(about, body, written_by=None):
    return {
        "key": about.request.key,
        "prompt": "ask.v1",
        "unit": about.name,
        "reply": body,
        "written_by": written_by,
    }


def export(path):
    """Write the store of this test to a replies file."""
    with closing(ReplyStore(store_of(path), writes=False)) as opened:
        write_replies(path, opened.rows())
    return path


def store_of(path):
    return path.parent / "store" / "replies.sqlite"


# from files, from nobody


def test_recorded_replies_answer_their_own_requests_and_no_others(make_params, endpoint, tmp_path):
    params, path = make_params(), tmp_path / "r.jsonl"
    known, unknown = question(params), question(params, "几更了？")
    write_replies(path, [recorded_row(known, endpoint.completion("三更。"), "a tester")])
    tally = Tally()
    outcomes = run([known, unknown], params, [path, tmp_path / "absent.jsonl"], tally)
    assert contents(outcomes) == ["三更。", None]
    assert reasons(outcomes) == [None, MISS]
    assert (outcomes[0].reply.written_by, outcomes[1].is_for_good) == ("a tester", False)
    assert (tally.planned, tally.done, tally.kept, tally.sent) == (2, 2, 1, 0)
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("content", "finish", "reason", "is_for_good"),
    [
        ("三更。", "length", "finish_length", True),
        ("三更。", "content_filter", "finish_content_filter", True),
        ("三更。", "tool_calls", "finish_tool_calls", False),
        (" ", "stop", "blank", False),
        ("三更了。", "stop", "invalid reply: not three letters", True),
    ],
)
def test_a_recorded_reply_that_is_none_has_a_reason(
    make_params, endpoint, tmp_path, content, finish, reason, is_for_good
):
    one = question(make_params(), parse=three_letters)
    write_replies(tmp_path / "r.jsonl", [recorded_row(one, endpoint.completion(content, finish))])
    (outcome,) = run([one], make_params(), [tmp_path / "r.jsonl"])
    assert (outcome.reply, outcome.reason, outcome.is_for_good) == (None, reason, is_for_good)


def test_recorded_replies_need_no_key_no_store_and_no_address(make_params, store, monkeypatch):
    monkeypatch.delenv("HUABEN_TEST_KEY", raising=False)
    assert run([], make_params()) == []
    assert not store.exists()


def test_without_a_provider_nothing_can_be_asked(make_params):
    with pytest.raises(InputError, match="none"):
        run([], make_params(llm={"provider": "none"}))


def test_an_address_that_cannot_be_one_stops_the_run_before_there_is_a_store(live_params, store):
    with pytest.raises(InputError, match=r"llm\.base_url"):
        run([question(live_params)], with_llm(live_params, base_url="ftp://host/v1"))
    assert not store.exists()


def test_a_missing_key_stops_the_run_before_a_request(live_params, endpoint, monkeypatch):
    monkeypatch.delenv("HUABEN_TEST_KEY")
    with pytest.raises(InputError, match="HUABEN_TEST_KEY"):
        run([question(live_params)], live_params)
    assert endpoint.requests == []


# each request once


def test_every_question_gets_its_own_reply_in_its_place(live_params, endpoint):
    endpoint.default = lambda request: "答" + request["messages"][1]["content"]
    outcomes = run(questions(live_params, 9), live_params)
    assert contents(outcomes) == [f"答第{i}问" for i in range(9)]
    assert len(endpoint.requests) == 9


def test_no_more_requests_are_in_flight_than_allowed(live_params, endpoint):
    body = endpoint.completion("好。")
    endpoint.default = lambda request: time.sleep(0.05) or body
    run(questions(live_params, 12), with_llm(live_params, concurrency=3))
    assert 1 < endpoint.most_in_flight <= 3


def test_a_second_run_sends_nothing_and_needs_no_key(live_params, endpoint, monkeypatch):
    first = run(questions(live_params, 5), live_params)
    monkeypatch.delenv("HUABEN_TEST_KEY")
    assert run(questions(live_params, 5), live_params) == first
    assert len(endpoint.requests) == 5


def test_only_what_is_new_is_asked(live_params, endpoint):
    run(questions(live_params, 5), live_params)
    run(questions(live_params, 7), live_params)
    assert sorted(r["messages"][1]["content"] for r in endpoint.requests[5:]) == ["第5问", "第6问"]


def test_equal_questions_are_asked_once_however_many_wait_for_the_answer(live_params, endpoint):
    endpoint.default = lambda request: time.sleep(0.05) or endpoint.completion("好。")
    tally = Tally()
    outcomes = run([question(live_params)] * 10, with_llm(live_params, concurrency=10), tally=tally)
    assert contents(outcomes) == ["好。"] * 10
    assert (len(endpoint.requests), tally.sent, tally.done) == (1, 1, 10)


def test_an_inquiry_may_ask_on_by_what_it_was_answered(live_params, endpoint):
    def two_questions(content):
        first = yield question(live_params, content)
        second = yield question(live_params, f"{content}：{first.value}")
        return [first.value, second.value]

    endpoint.default = lambda request: "答" + request["messages"][1]["content"]
    assert ask([two_questions("甲"), two_questions("乙")], live_params, ()) == [
        ["答甲", "答甲：答甲"],
        ["答乙", "答乙：答乙"],
    ]
    assert len(endpoint.requests) == 4


def test_the_body_is_kept_as_it_came(live_params, endpoint, tmp_path, store):
    usage = {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4, "completion_tokens": 2}
    body = endpoint.completion("三更。", usage=usage, unheard_of={"x": [1]})
    endpoint.will(body)
    run([question(live_params)], live_params)
    with closing(ReplyStore(store, writes=False)) as opened:
        assert [(row["prompt"], row["unit"], row["reply"]) for row in opened.rows()] == [("ask.v1", "几点了？", body)]


def test_a_run_counts_what_it_did(live_params, endpoint):
    usage = {"prompt_tokens": 100, "prompt_cache_hit_tokens": 40, "completion_tokens": 10}
    endpoint.will(endpoint.Http(503), endpoint.Http(drop=True), endpoint.completion("", usage=usage))
    endpoint.default = endpoint.completion("好。", usage=usage)
    tally = Tally()
    run(questions(live_params, 3), with_llm(live_params, concurrency=1), tally=tally)
    run(questions(live_params, 3), live_params, tally=tally)
    assert (tally.planned, tally.done, tally.kept, tally.sent, tally.in_flight) == (6, 6, 3, 6, 0)
    assert (tally.faulty, tally.lost) == (2, 1)
    assert tally.tokens == {"hit": 160, "miss": 240, "output": 40}
    assert tally.money == pytest.approx((160 * 0.02 + 240 * 1.0 + 40 * 4.0) / 1e6)


# faults, and how often they are met


def test_an_invalid_reply_is_asked_for_twice_and_then_never_again(live_params, endpoint):
    one = question(live_params, parse=three_letters)
    for _ in range(2):
        (outcome,) = run([one], live_params)
        assert (outcome.reason, outcome.is_for_good) == ("invalid reply: not three letters", True)
        assert len(endpoint.requests) == 2


def test_a_better_second_reply_is_taken_and_stays(live_params, endpoint):
    one = question(live_params, parse=three_letters)
    endpoint.will("好。", "三更了")
    assert contents(run([one], live_params)) == ["三更了"]
    assert contents(run([one], live_params)) == ["三更了"]
    assert len(endpoint.requests) == 2


def test_an_invalid_reply_after_a_fault_that_passed_still_has_its_second_chance(live_params, endpoint):
    endpoint.will(endpoint.Http(503), "", "好。", "三更了")
    assert contents(run([question(live_params, parse=three_letters)], live_params)) == ["三更了"]


def test_an_invalid_reply_of_an_earlier_run_counts(live_params, endpoint):
    one = question(live_params, parse=three_letters)
    endpoint.will("好。", endpoint.Http(402))
    with pytest.raises(HuabenError, match="402"):
        run([one], live_params)
    for sent in (3, 3):
        assert reasons(run([one], live_params)) == ["invalid reply: not three letters"]
        assert len(endpoint.requests) == sent


def test_a_stricter_reading_of_a_kept_reply_asks_again(live_params, endpoint):
    run([question(live_params)], live_params)
    endpoint.default = "三更了"
    assert contents(run([question(live_params, parse=three_letters)], live_params)) == ["三更了"]
    assert contents(run([question(live_params)], live_params)) == ["三更了"]
    assert len(endpoint.requests) == 2


def test_a_run_in_which_nothing_gets_through_gives_up(live_params, endpoint):
    endpoint.default = endpoint.Http(503)
    with pytest.raises(HuabenError, match=r"the last 24 requests all failed \(http_503\)"):
        run(questions(live_params, 100), live_params)
    assert len(endpoint.requests) < 40


def test_what_was_answered_before_the_run_was_stopped_is_kept(live_params, endpoint):
    serial = with_llm(live_params, concurrency=1)
    endpoint.will(*["好。"] * 6, endpoint.Http(402))
    with pytest.raises(HuabenError, match="402"):
        run(questions(live_params, 10), serial)
    run(questions(live_params, 10), serial)
    assert len(endpoint.requests) == 7 + 4


def test_what_arrived_while_the_store_was_busy_is_kept_when_the_run_is_stopped(live_params, endpoint, store):
    together = threading.Barrier(3)

    def broken(content):
        raise ValueError("of ours")

    def answer(request):
        name = request["messages"][1]["content"]
        if together.wait(10) == 0:
            busy.append(sqlite3.connect(store, check_same_thread=False))
            busy[0].execute("BEGIN IMMEDIATE")
            threading.Timer(1.0, busy[0].rollback).start()
        together.wait(10)
        time.sleep({"第0问": 0.0, "第1问": 0.1, "第2问": 0.5}[name])
        return endpoint.completion("好。")

    busy, endpoint.default = [], answer
    about = [*questions(live_params, 2), question(live_params, "第2问", parse=broken)]
    with pytest.raises(ValueError, match="of ours"):
        run(about, live_params)
    busy[0].close()
    with closing(ReplyStore(store, writes=False)) as opened:
        assert sorted(row["unit"] for row in opened.rows()) == ["第0问", "第1问"]
        assert opened.query("SELECT count(*) FROM attempts WHERE outcome IS NULL") == [(0,)]


@pytest.mark.parametrize("jump", [-(10**6), 10**6])
def test_a_clock_that_jumps_changes_no_pause(live_params, endpoint, monkeypatch, jump):
    now = time.time()
    wall = iter(range(1000))
    monkeypatch.setattr(time, "time", lambda: max(0.0, now + jump * next(wall)))
    endpoint.will(*[endpoint.Http(429, headers={"retry-after-ms": "5"})] * 3, endpoint.Http(503))
    began = time.monotonic()
    assert contents(run([question(live_params)], live_params)) == ["好。"]
    assert time.monotonic() - began < 5


def test_a_wait_that_the_server_asks_for_is_everybodys(live_params, endpoint):
    arrived, told = [], []

    def answer(request):
        arrived.append(time.monotonic())
        if request["messages"][1]["content"] == "第0问" and not told:
            time.sleep(0.1)
            told.append(time.monotonic())
            return endpoint.Http(429, headers={"retry-after-ms": "400"})
        time.sleep(0.01)
        return endpoint.completion("好。")

    endpoint.default = answer
    run([*questions(live_params, 1), *[question(live_params, f"又{i}问") for i in range(60)]], live_params)
    after = [seconds for seconds in arrived if seconds > told[0]]
    early = [seconds for seconds in after if seconds < told[0] + 0.4]
    assert len(early) <= 2 * live_params.llm.concurrency  # on their way when the server spoke
    assert len(after) > len(early)
    assert len(arrived) == 62


# the store


def test_two_runs_at_once_are_one_too_many(live_params, endpoint, store):
    with closing(ReplyStore(store)), pytest.raises(LockedError, match="another run writes") as caught:
        run([question(live_params)], live_params)
    assert caught.value.exit_code == 75
    assert endpoint.requests == []


def test_a_broken_store_stops_the_run_before_a_request(live_params, endpoint, store):
    store.parent.mkdir()
    store.touch()
    with pytest.raises(HuabenError, match="0 bytes"):
        run([question(live_params)], live_params)
    assert endpoint.requests == []


@pytest.mark.parametrize(("table", "sent"), [("attempts", 0), ("replies", 4)])
def test_a_store_that_can_take_no_more_stops_the_run(live_params, endpoint, store, caplog, table, sent):
    with closing(ReplyStore(store)) as opened:
        opened._writer.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(HuabenError, match="the reply store cannot be used: disk full") as caught:
        run(questions(live_params, 8), live_params)
    assert type(caught.value) is HuabenError
    assert len(endpoint.requests) <= sent
    assert "never retrieved" not in caplog.text


# replies of others


def test_imported_replies_answer_a_live_run_without_asking(live_params, endpoint, tmp_path, store, monkeypatch):
    about = questions(live_params, 3)
    path = tmp_path / "r.jsonl"
    write_replies(path, [recorded_row(one, endpoint.completion("三更。")) for one in about[:2]])
    assert contents(run(about, live_params, [path])) == ["三更。", "三更。", "好。"]
    assert [r["messages"][1]["content"] for r in endpoint.requests] == ["第2问"]
    monkeypatch.delenv("HUABEN_TEST_KEY")
    assert contents(run(about, live_params, [path])) == ["三更。", "三更。", "好。"]


def test_an_exported_store_gives_another_person_the_same_outcomes_without_a_request(
    live_params, make_params, endpoint, tmp_path, monkeypatch
):
    about = [question(live_params, f"第{i}问", parse=three_letters) for i in range(5)]
    answers = {
        "第0问": endpoint.completion("三更了"),
        "第1问": endpoint.completion("三", "length"),
        "第2问": endpoint.Http(400, b"{}"),
        "第3问": endpoint.completion("三更了。"),
        "第4问": endpoint.completion(""),
    }
    endpoint.default = lambda request: answers[request["messages"][1]["content"]]
    mine = run(about, live_params)
    assert reasons(mine) == [None, "finish_length", "http_400", "invalid reply: not three letters", "blank"]
    path = export(tmp_path / "export.jsonl")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + 4
    theirs = run(about, make_params(), [path])
    assert reasons(theirs) == [None, "finish_length", "http_400", "invalid reply: not three letters", MISS]
    assert contents(theirs) == contents(mine)
    monkeypatch.setenv("HUABEN_STORE", str(tmp_path / "theirs" / "replies.sqlite"))
    endpoint.requests.clear()
    run(about[:3], live_params, [path])
    assert endpoint.requests == []


def test_an_invalid_reply_that_was_exported_and_imported_again_counts_once(live_params, endpoint, tmp_path):
    one = question(live_params, parse=three_letters)
    endpoint.will("好。", endpoint.Http(402))
    with pytest.raises(HuabenError, match="402"):
        run([one], live_params)
    path = export(tmp_path / "export.jsonl")
    endpoint.default = "三更了"
    assert contents(run([one], live_params, [path])) == ["三更了"]


# an unlucky generator


def test_an_inquiry_that_fails_stops_the_run_with_its_own_error(live_params):
    def broken():
        yield question(live_params)
        raise ValueError("of ours")

    with pytest.raises(ValueError, match="of ours"):
        ask([broken(), inquire(question(live_params, parse=plain))], live_params, ())
