"""Files are whole or absent, rows round-trip, and what is no file or no JSON is refused at once."""

import json
import os
import resource
import stat

import pytest

from huaben.errors import HuabenError, InputError
from huaben.files import read_bytes, read_json, read_jsonl, write_json, write_jsonl, write_text

READERS = [
    pytest.param(read_json, id="json"),
    pytest.param(lambda path: list(read_jsonl(path)), id="jsonl"),
    pytest.param(lambda path: read_bytes(path, 1000), id="bytes"),
]


def make_folder(path):
    path.mkdir()


def make_loop(path):
    path.symlink_to(path)


def make_broken_link(path):
    path.symlink_to(path.with_name("nowhere"))


NO_FILES = [make_folder, os.mkfifo, make_loop, make_broken_link, lambda path: None]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("make", NO_FILES, ids=["folder", "pipe", "link loop", "broken link", "missing"])
def test_what_is_no_file_is_refused_by_name_and_never_waited_for(make, read, tmp_path):
    path = tmp_path / "rows.jsonl"
    make(path)
    with pytest.raises(InputError, match=r"rows\.jsonl: cannot be read: "):
        read(path)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_path_that_no_file_system_takes_is_an_input_error(name, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_json(tmp_path / name)


def test_a_file_above_the_limit_is_not_even_opened(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
    with pytest.raises(InputError, match=r"huge\.txt: 5,000,000,000 bytes, more than 1,000; is this the right file\?"):
        read_bytes(path, 1000)


def test_rows_come_back_as_they_went_out_one_a_line(tmp_path):
    rows = [{"b": "换\n行\u2028与\x85", "a": 1}, {"a": None, "x": [1.5, True]}]
    assert write_jsonl(tmp_path / "rows.jsonl", rows) == 2
    assert list(read_jsonl(tmp_path / "rows.jsonl")) == rows
    assert (tmp_path / "rows.jsonl").read_bytes().count(b"\n") == 2


def test_a_row_is_one_compact_line_of_utf8(tmp_path):
    write_jsonl(tmp_path / "rows.jsonl", [{"text": "你好", "n": 1}])
    assert (tmp_path / "rows.jsonl").read_bytes() == '{"text":"你好","n":1}\n'.encode()


def test_a_json_file_is_indented_and_sorted_so_that_git_shows_small_changes_small(tmp_path):
    write_json(tmp_path / "new" / "metrics.json", {"b": 1, "a": {"d": "中", "c": 2}})
    expected = '{\n  "a": {\n    "c": 2,\n    "d": "中"\n  },\n  "b": 1\n}\n'
    assert (tmp_path / "new" / "metrics.json").read_text(encoding="utf-8") == expected
    assert read_json(tmp_path / "new" / "metrics.json") == {"a": {"c": 2, "d": "中"}, "b": 1}


def test_no_rows_make_an_empty_file_that_reads_as_no_rows(tmp_path):
    assert write_jsonl(tmp_path / "rows.jsonl", []) == 0
    assert list(read_jsonl(tmp_path / "rows.jsonl")) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[1]", "a JSON object is expected, not list"),
        ("null", "a JSON object is expected, not NoneType"),
        ('{"a": NaN}', "NaN is no finite number"),
        ('{"a": -Infinity}', "-Infinity is no finite number"),
        ('{"a": 1e999}', "1e999 is no finite number"),
        ('{"a": "\\ud83d"}', "surrogates not allowed"),
        ('{"\\uDE00": 1}', "surrogates not allowed"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("\ufeff{}", "not JSON"),
    ],
)
def test_a_broken_line_is_refused_with_file_and_line_number(line, message, tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"ok": 1}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        list(read_jsonl(tmp_path / "rows.jsonl"))
    assert "rows.jsonl, line 2: " in str(refusal.value)
    assert message in str(refusal.value)


def test_a_whole_surrogate_pair_is_a_character_and_welcome(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"a": "\\ud83d\\ude00"}\n', encoding="utf-8")
    assert list(read_jsonl(tmp_path / "rows.jsonl")) == [{"a": "😀"}]


def test_bytes_that_are_no_utf8_are_refused(tmp_path):
    (tmp_path / "rows.jsonl").write_bytes('{"a": "中"}\n'.encode("gb18030"))
    with pytest.raises(InputError, match=r"rows\.jsonl: cannot be read: 'utf-8' codec"):
        list(read_jsonl(tmp_path / "rows.jsonl"))


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, '{"a": NaN}'])
def test_a_broken_json_file_is_refused_by_name(content, tmp_path):
    (tmp_path / "gates.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"gates\.json: cannot be read as JSON"):
        read_json(tmp_path / "gates.json")


def test_an_error_in_the_middle_of_writing_leaves_the_old_file_and_no_litter(tmp_path):
    write_text(tmp_path / "a.txt", "old")

    def rows():
        yield {"a": 1}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_jsonl(tmp_path / "a.txt", rows())
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_that_json_does_not_know_is_ever_written(value, tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": value})
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HuabenError, match=r"file/rows\.jsonl: cannot be written: "):
        write_jsonl(tmp_path / "file" / "rows.jsonl", [])


def test_a_folder_in_the_place_of_the_file_is_named_and_stays(tmp_path):
    (tmp_path / "rows.jsonl").mkdir()
    with pytest.raises(HuabenError, match=r"rows\.jsonl: cannot be written: Is a directory"):
        write_jsonl(tmp_path / "rows.jsonl", [{"a": 1}])
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_write_that_the_system_cuts_short_is_told_and_leaves_the_old_file(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(
            HuabenError, match=r"a\.txt: cannot be written: File too large; what was there before stays"
        ):
            write_text(tmp_path / "a.txt", "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_names_with_blanks_han_and_emoji_are_names_like_others(tmp_path):
    path = tmp_path / "两更 天" / "第一章 ⏰.jsonl"
    write_jsonl(path, [{"a": "b"}])
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "b"}
