"""The store of paid replies: on disk before anybody sees them, one writer, never mistaken for another file."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from huaben.errors import HuabenError, InputError, LockedError
from huaben.llm.answers import Reply
from huaben.llm.ledger import spent_on, statistics
from huaben.llm.replies import load_recorded, write_replies
from huaben.llm.store import OK, VERSION, Claim, ReplyStore, store_path
from huaben.params import Price

PRICE = Price(currency="CNY", hit=0.02, miss=1.0, output=4.0, cache="units", peak=None)


def body(content="我没敲。", **more):
    return {"choices": [{"finish_reason": "stop", "message": {"content": content}}], "model": "m", **more}


def claim(key="k1", novel="small"):
    return Claim(key, "ask.v1", "m", "停钟", novel, 1, 9.0, most_input=1_000_000, most_output=500_000)


async def take(store, key="k1", content="我没敲。", status=OK, novel="small", **more):
    """Send and keep; return the attempt's number."""
    attempt = await store.claim(claim(key, novel))
    await store.keep(attempt, Reply(key, body(content, **more)), status, 0.5)
    return attempt


def kept(path, *takes):
    """Make a store that holds these replies; return its path."""

    async def all_of_them():
        for arguments in takes:
            await take(store, **arguments)

    with closing(ReplyStore(path)) as store:
        asyncio.run(all_of_them())
    return path


def attempts(path):
    with closing(ReplyStore(path, writes=False)) as store:
        return store.query("SELECT key, outcome FROM attempts ORDER BY id")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "r.sqlite"


# where it is


def test_the_store_is_named_by_the_variable_or_lies_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HUABEN_STORE", "/somewhere/r.sqlite")
    assert str(store_path()) == "/somewhere/r.sqlite"
    monkeypatch.delenv("HUABEN_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store_path() == tmp_path / "huaben" / "replies.sqlite"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store_path() == tmp_path / ".cache" / "huaben" / "replies.sqlite"


# what is kept


def test_what_was_kept_is_there_for_the_next_run(path):
    kept(path, {"key": "k1"}, {"key": "k2", "content": "三更。"})
    with closing(ReplyStore(path)) as store:
        assert store.history("k1") == [Reply("k1", body())]
        assert store.history("k2") == [Reply("k2", body("三更。"))]
        assert store.history("k3") == []


def test_what_is_acknowledged_is_on_disk_for_another_process_to_see(path):
    async def acknowledged():
        await take(store)
        with closing(sqlite3.connect(path)) as other:
            return other.execute("SELECT key, outcome FROM attempts").fetchall()

    with closing(ReplyStore(path)) as store:
        assert asyncio.run(acknowledged()) == [("k1", OK)]
        assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_many_writes_at_once_are_all_there_each_with_its_own_number(path):
    async def many():
        return await asyncio.gather(*(take(store, f"k{i}") for i in range(200)))

    with closing(ReplyStore(path)) as store:
        numbers = asyncio.run(many())
        rows = store.query("SELECT a.id, a.key, r.key FROM attempts a JOIN replies r ON r.attempt = a.id")
    assert len(set(numbers)) == 200
    assert sorted(rows) == sorted((n, f"k{i}", f"k{i}") for i, n in enumerate(numbers))


def test_the_accepted_reply_comes_first_then_the_latest(path):
    kept(
        path, {"content": "甲", "status": "invalid reply: x"}, {"content": "乙"}, {"content": "丙", "status": "blank"}
    )
    with closing(ReplyStore(path, writes=False)) as store:
        assert [reply.content for reply in store.history("k1")] == ["乙", "丙", "甲"]


def test_an_attempt_without_an_end_was_possibly_paid(path):
    async def open_one(store):
        await store.claim(claim("k1"))
        attempt = await store.claim(claim("k2"))
        await store.lose(attempt, "timeout", 1.0)

    with closing(ReplyStore(path)) as store:
        asyncio.run(open_one(store))
    assert attempts(path) == [("k1", "interrupted"), ("k2", "timeout")]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE attempts SET outcome = NULL WHERE key = 'k1'")
    assert attempts(path) == [("k1", None), ("k2", "timeout")]
    ReplyStore(path).close()
    assert attempts(path) == [("k1", "lost"), ("k2", "timeout")]


def test_what_nobody_waits_for_any_more_is_written_all_the_same(path):
    async def abandon():
        waiting = asyncio.create_task(take(store))
        while not store.query("SELECT 1 FROM attempts"):
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.005)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await store.drain()

    with closing(ReplyStore(path)) as store:
        asyncio.run(abandon())
        assert len(store.rows()) == 1


def test_a_failed_write_fails_everybody_who_waits_for_it_and_no_other(path, caplog):
    async def three():
        found = await asyncio.gather(take(store, "k1"), take(store, "bad"), return_exceptions=True)
        return [*found, await take(store, "k3")]

    with closing(ReplyStore(path)) as store:
        store._writer.execute(
            "CREATE TRIGGER bad BEFORE INSERT ON replies WHEN NEW.key = 'bad' "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        first, second, third = asyncio.run(three())
        assert isinstance(second, HuabenError)
        assert "r.sqlite: the reply store cannot be used: disk full" in str(second)
        assert third == 3
        assert {row["key"] for row in store.rows()} == {"k3"} | ({"k1"} if first == 1 else set())
    assert "never retrieved" not in caplog.text


def test_a_number_that_sqlite_cannot_hold_is_an_error_and_no_wait_for_ever(path):
    async def write():
        async with asyncio.timeout(10):
            await store.claim(Claim("k", "p", "m", "u", "n", 10**30, 1.0, 1, 1))

    with closing(ReplyStore(path)) as store, pytest.raises(OverflowError):
        asyncio.run(write())


# one writer


def test_one_process_writes_others_may_read(path):
    kept(path, {})
    with closing(ReplyStore(path)):
        with pytest.raises(LockedError, match=r"r\.sqlite: another run writes to the reply store") as caught:
            ReplyStore(path)
        with closing(ReplyStore(path, writes=False)) as reader:
            assert len(reader.rows()) == 1
    assert caught.value.exit_code == 75
    ReplyStore(path).close()


def test_a_reader_ends_no_attempt_of_the_writer(path):
    with closing(ReplyStore(path)) as store:
        asyncio.run(store.claim(claim()))
        assert attempts(path) == [("k1", None)]


# what is no store of ours


def a_newer_store(path):
    ReplyStore(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")


def an_older_store(path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE replies (key TEXT PRIMARY KEY, body TEXT)")
        db.execute("PRAGMA user_version=1")


def another_database(path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE recipes (name TEXT)")


def a_truncated_store(path):
    kept(path, *({"key": f"k{i}"} for i in range(50)))
    path.write_bytes(path.read_bytes()[:5000])


def a_spoilt_store(path):
    kept(path, *({"key": f"k{i}"} for i in range(50)))
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000 + path.read_bytes()[4100:])


STRANGERS = [
    (lambda path: path.touch(), "empty, 0 bytes"),
    (lambda path: path.write_text("not a database, but a text of some length. " * 200), "not a database"),
    (a_truncated_store, "malformed"),
    (a_spoilt_store, "malformed"),
    (a_newer_store, f"newer huaben .store version {VERSION + 1}"),
    (an_older_store, "older huaben .store version 1"),
    (another_database, "no reply store"),
]


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    ("make", "message"), STRANGERS, ids=["empty", "text", "truncated", "spoilt", "newer", "older", "foreign"]
)
def test_a_file_that_is_no_store_of_ours_is_refused_and_left_as_it_is(tmp_path, make, message, writes):
    path = tmp_path / "r.sqlite"
    make(path)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(HuabenError, match=message) as caught, closing(ReplyStore(path, writes)) as store:
            store.rows()
        assert str(path) in str(caught.value)
        assert caught.value.exit_code == 1
        assert path.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} <= {"r.sqlite", "r.sqlite.lock"}


def test_a_store_that_is_gone_but_not_its_log_is_missed(path):
    path.parent.mkdir()
    path.with_name("r.sqlite-wal").write_bytes(b"x")
    with pytest.raises(HuabenError, match=r"is gone, but not its log r\.sqlite-wal"):
        ReplyStore(path)
    assert not path.exists()


def test_where_there_is_no_store_a_reader_makes_none(path):
    with pytest.raises(InputError, match="there is no reply store yet"):
        ReplyStore(path, writes=False)
    assert not path.parent.exists()


def test_a_body_that_is_no_json_any_more_names_the_store(path):
    kept(path, {})
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE replies SET body = '{'")
    with closing(ReplyStore(path)) as store:
        for look in (lambda: store.history("k1"), store.rows):
            with pytest.raises(HuabenError, match=r"r\.sqlite: the reply store cannot be used"):
                look()


def test_a_store_in_an_impossible_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file" / "r.sqlite", tmp_path):
        with pytest.raises(HuabenError, match="cannot be used"):
            ReplyStore(place)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(HuabenError, match="cannot be used"):
        ReplyStore(tmp_path / "r.sqlite")


def test_a_refused_store_is_free_for_the_next(path):
    path.parent.mkdir()
    path.touch()
    with pytest.raises(HuabenError, match="0 bytes"):
        ReplyStore(path)
    path.unlink()
    ReplyStore(path).close()


@pytest.mark.parametrize("name", ["两更天 的 答复.sqlite", "r?mode=ro.sqlite", "😀#.sqlite"])
def test_a_store_may_have_any_name(tmp_path, name):
    kept(tmp_path / name, {})
    with closing(ReplyStore(tmp_path / name, writes=False)) as store:
        assert len(store.rows()) == 1


# export, forgetting, counting


def test_the_final_reply_of_every_key_is_exported_and_comes_back(path, tmp_path):
    kept(
        path,
        {"key": "k2", "content": "甲", "status": "invalid reply: x"},
        {"key": "k2", "content": "乙"},
        {"key": "k1", "content": "丙", "status": "invalid reply: x"},
        {"key": "k1", "content": "丁", "status": "invalid reply: x"},
        {"key": "k3", "status": "blank", "content": ""},
        {"key": "k4", "status": "odd_shape", "content": []},
        {"key": "k5", "status": "finish_length"},
    )
    with closing(ReplyStore(path, writes=False)) as store:
        assert write_replies(tmp_path / "r.jsonl", store.rows()) == 3
    found = load_recorded([tmp_path / "r.jsonl"])
    assert {key: reply.content for key, reply in found.items()} == {"k1": "丁", "k2": "乙", "k5": "我没敲。"}
    first = (tmp_path / "r.jsonl").read_bytes()
    with closing(ReplyStore(path, writes=False)) as store:
        write_replies(tmp_path / "r.jsonl", store.rows())
    assert (tmp_path / "r.jsonl").read_bytes() == first


def test_what_nothing_is_built_from_is_forgotten_and_what_it_cost_is_not(path):
    usage = {"usage": {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}}
    kept(
        path,
        {"key": "k1", "status": "blank", "content": "", **usage},
        {"key": "k1", **usage},
        {"key": "k2", "status": "http_400", "content": "x"},
        {"key": "k3", "status": "odd_shape", "content": []},
        {"key": "k4", "status": "invalid reply: x"},
        {"key": "k5", "status": "finish_length"},
    )
    with closing(ReplyStore(path)) as store:
        spent = spent_on(store, "small", PRICE)
        assert store.forget() == 3
        assert [row["key"] for row in store.rows()] == ["k1", "k4", "k5"]
        assert (store.history("k2"), store.history("k3")) == ([], [])
        assert [reply.content for reply in store.history("k1")] == ["我没敲。"]
        assert spent_on(store, "small", PRICE) == spent > 10
        assert store.forget() == 0
    assert len(attempts(path)) == 6


def test_what_was_spent_counts_what_was_lost_at_its_most_and_one_novel_alone(path):
    usage = {"prompt_tokens": 1_000_000, "prompt_cache_hit_tokens": 500_000, "completion_tokens": 100_000}

    async def fill():
        await take(store, "k1", usage=usage)
        await take(store, "k2", usage=usage, novel="other")
        for outcome in ("timeout", "http_503", "unreachable", "connection"):
            await store.lose(await store.claim(claim("k3")), outcome, 1.0)

    with closing(ReplyStore(path)) as store:
        asyncio.run(fill())
        answered, at_most = 0.01 + 0.5 + 0.4, 1.0 + 2.0
        assert spent_on(store, "small", PRICE) == pytest.approx(answered + 2 * at_most)
        assert spent_on(store, "other", PRICE) == pytest.approx(answered)
        assert spent_on(store, "third", PRICE) == 0.0


def test_the_statistics_name_every_novel_model_and_prompt_and_what_was_lost(path):
    async def fill():
        usage = {"prompt_tokens": 1_000_000, "completion_tokens": 1000}
        await take(store, "k1", usage=usage)
        await take(store, "k1", status="blank", content="")
        await store.lose(await store.claim(claim("k2")), "timeout", 1.0)
        await store.lose(await store.claim(claim("k2")), "http_503", 1.0)

    with closing(ReplyStore(path)) as store:
        asyncio.run(fill())
        assert list(statistics(store, PRICE)) == [
            "small  m  ask.v1: 1 replies; tokens 0 hit, 1,000,000 miss, 1,000 out; 1.0040 CNY off-peak",
            "small  m  ask.v1: 1 faulty bodies; tokens 0 hit, 0 miss, 0 out; 0.0000 CNY off-peak",
            "without a reply: 1 http_503",
            "without a reply: 1 timeout, possibly paid",
        ]
        assert "CNY" not in "".join(statistics(store, None))


def test_no_temporary_file_stays(path):
    kept(path, {})
    assert sorted(Path(file).name for file in path.parent.iterdir()) == ["r.sqlite", "r.sqlite.lock"]
