"""The store of paid replies and the files of recorded ones: nothing lost, nothing mistaken for another thing."""

import json
import os
import sqlite3

import pytest

from huaben.errors import HuabenError, InputError
from huaben.llm.replies import HEADER, Reply, ReplyStore, load_recorded, read_replies, store_path, strict_json
from huaben.llm.replies import write_replies as write

BODY = {"choices": [{"finish_reason": "stop", "message": {"content": "我没敲。"}}], "model": "m"}


def row(key="k1", body=BODY, **more):
    return {"key": key, "prompt": "ask.v1", "unit": "停钟", "reply": body, "written_by": None, **more}


def body(content="好。", finish="stop"):
    return {"choices": [{"finish_reason": finish, "message": {"content": content}}]}


def file(path, *lines):
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (BODY, None),
        (body("半句", "length"), "finish_length"),
        (body("", "content_filter"), "finish_content_filter"),
        (body(None, "insufficient_system_resource"), "finish_insufficient_system_resource"),
        (body("好。", "stop" * 30), "finish_" + "stop" * 10),
        (body("好。", None), "odd_shape"),
        (body("好。", ["stop"]), "odd_shape"),
        (body(""), "blank"),
        (body(" \n\u3000"), "blank"),
        (body(None), "blank"),
        (body(["好。"]), "odd_shape"),
        ({"choices": [{"finish_reason": "stop", "message": {"reasoning_content": "想想"}}]}, "blank"),
        ({"choices": [{"finish_reason": "stop", "message": None}]}, "blank"),
        ({"choices": [{"finish_reason": "stop", "message": "好。"}]}, "odd_shape"),
        ({"choices": [{"message": {"content": "好。"}}]}, "odd_shape"),
        ({"choices": [[]]}, "odd_shape"),
        ({"choices": []}, "odd_shape"),
        ({"choices": None}, "odd_shape"),
        ({"error": {"message": "busy"}}, "odd_shape"),
        ({}, "odd_shape"),
    ],
)
def test_only_a_complete_text_has_no_fault(body, fault):
    reply = Reply("k", body)
    assert reply.fault == fault
    assert reply.content == ("我没敲。" if fault is None else None)


@pytest.mark.parametrize(("name", "model"), [("m", "m"), (None, None), (["m"], None)])
def test_the_model_of_a_reply_is_a_name_or_nothing(name, model):
    assert Reply("k", {"model": name}).model == model


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "1e999",
        '{"a": -Infinity}',
        '"\\ud800"',
        "[" * 100_000,
        "1" * 5000,
        "",
        "{'a': 1}",
        b"\xc4",
    ],
)
def test_what_cannot_be_written_again_is_no_json(text):
    with pytest.raises(ValueError):
        strict_json(text)


def test_recorded_replies_come_back_with_who_wrote_them(tmp_path):
    write(tmp_path / "r.jsonl", [row("k2"), row("k1", written_by="the authors")])
    replies = load_recorded([tmp_path / "r.jsonl", tmp_path / "absent.jsonl"])
    assert replies == {"k1": Reply("k1", BODY, "the authors"), "k2": Reply("k2", BODY, None)}


def test_a_replies_file_is_sorted_and_begins_with_its_header(tmp_path):
    assert write(tmp_path / "r.jsonl", [row("k2"), row("k1")]) == 2
    lines = (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {"format": "huaben replies", "version": 1}
    assert [json.loads(line)["key"] for line in lines[1:]] == ["k1", "k2"]
    assert write(tmp_path / "empty.jsonl", []) == 0
    assert read_replies(tmp_path / "empty.jsonl") == []


def test_one_key_with_two_bodies_is_refused(tmp_path):
    one, two = file(tmp_path / "a.jsonl", HEADER, row()), file(tmp_path / "b.jsonl", HEADER, row(body={"choices": []}))
    with pytest.raises(InputError, match=r"b\.jsonl: key k1 has two different replies"):
        load_recorded([one, two])
    with pytest.raises(InputError, match="two different replies"):
        load_recorded([file(tmp_path / "c.jsonl", HEADER, row(), row(body={}))])


def test_one_key_twice_with_one_body_is_one_reply(tmp_path):
    one, two = file(tmp_path / "a.jsonl", HEADER, row()), file(tmp_path / "b.jsonl", HEADER, row())
    assert list(load_recorded([one, two])) == ["k1"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "not a replies file"),
        ([row()], "not a replies file"),
        ([{"format": "huaben replies", "version": 2}], "replies of version 2; this huaben reads 1"),
        ([{"format": "huaben replies"}], "replies of version None"),
        ([HEADER, {"key": "k"}], "line 2: a reply has `key` and `reply`"),
        ([HEADER, row(), row(key=5)], "line 3"),
        ([HEADER, row(body="text")], "line 2"),
        ([HEADER, row(written_by=["x"])], "line 2: `written_by`"),
        ([HEADER, ["k"]], "line 2: a JSON object is expected"),
    ],
)
def test_another_file_is_no_replies_file(tmp_path, lines, message):
    with pytest.raises(InputError, match=message):
        read_replies(file(tmp_path / "r.jsonl", *lines))


def test_a_replies_file_with_conflict_markers_is_refused_with_its_line(tmp_path):
    path = file(tmp_path / "r.jsonl", HEADER)
    path.write_text(path.read_text(encoding="utf-8") + "<<<<<<< HEAD\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2: not JSON"):
        read_replies(path)


def test_the_store_is_named_by_the_variable_or_lies_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HUABEN_STORE", "/somewhere/r.sqlite")
    assert str(store_path()) == "/somewhere/r.sqlite"
    monkeypatch.delenv("HUABEN_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store_path() == tmp_path / "huaben" / "replies.sqlite"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store_path() == tmp_path / ".cache" / "huaben" / "replies.sqlite"


def test_what_was_put_is_there_for_the_next_run(tmp_path):
    store = ReplyStore(tmp_path / "new" / "r.sqlite")
    assert store.get("k1") is None
    store.put("k2", "ask.v1", "停钟", {"odd": "x"})
    store.put("k1", "ask.v1", "停钟", BODY)
    store.close()
    store = ReplyStore(tmp_path / "new" / "r.sqlite")
    assert store.get("k1") == Reply("k1", BODY)
    assert store.rows() == [row("k1"), row("k2", {"odd": "x"})]
    store.close()


def test_what_was_put_is_on_disk_before_the_store_is_closed(tmp_path):
    store = ReplyStore(tmp_path / "r.sqlite")
    store.put("k1", "ask.v1", "停钟", BODY)
    other = ReplyStore(tmp_path / "r.sqlite")
    assert other.get("k1") == Reply("k1", BODY)
    assert other._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert other._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    store.close()


def a_newer_store(path):
    ReplyStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=2")
    db.close()


def another_database(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    db.close()


def a_truncated_store(path):
    ReplyStore(path).close()
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.touch(), "empty, 0 bytes"),
        (lambda path: path.write_text("not a database, but a text of some length. " * 200), "not a database"),
        (a_truncated_store, "malformed"),
        (a_newer_store, "newer huaben"),
        (another_database, "no reply store"),
    ],
    ids=["empty", "text", "truncated", "newer", "foreign"],
)
def test_a_file_that_is_no_store_of_ours_is_refused_and_left_as_it_is(tmp_path, make, message):
    path = tmp_path / "r.sqlite"
    make(path)
    before = path.read_bytes()
    with pytest.raises(HuabenError, match=message) as caught:
        store = ReplyStore(path)
        store.rows()
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 1
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["r.sqlite"]


def test_a_store_in_an_impossible_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(HuabenError, match="cannot be used"):
        ReplyStore(tmp_path / "file" / "r.sqlite")
    with pytest.raises(HuabenError, match="cannot be used"):
        ReplyStore(tmp_path)


def test_a_reply_that_cannot_be_written_is_an_error_that_names_the_store(tmp_path):
    store, other = ReplyStore(tmp_path / "r.sqlite"), ReplyStore(tmp_path / "r.sqlite")
    store._db.execute("PRAGMA busy_timeout=0")
    other._db.execute("BEGIN IMMEDIATE")
    with pytest.raises(HuabenError, match=r"r\.sqlite: the reply store cannot be used: database is locked"):
        store.put("k1", "ask.v1", "停钟", BODY)
    other.close()
    store.close()
