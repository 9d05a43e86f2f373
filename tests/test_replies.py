"""Replies files: nothing lost, nothing mistaken for another thing."""

import json

import pytest

from huaben.errors import InputError
from huaben.llm.answers import Reply
from huaben.llm.replies import HEADER, load_recorded, read_replies
from huaben.llm.replies import write_replies as write

BODY = {"choices": [{"finish_reason": "stop", "message": {"content": "我没敲。"}}], "model": "m"}


def row(key="k1", body=BODY, **more):
    return {"key": key, "prompt": "ask.v1", "unit": "停钟", "reply": body, "written_by": None, **more}


def file(path, *lines):
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


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
