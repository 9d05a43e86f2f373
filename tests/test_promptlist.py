"""Where prompts from outside come from: text, JSONL, or what `datasets` loads."""

import json

import pytest

from huaben.errors import InputError
from huaben.extract.promptlist import read_prompts


def test_a_file_of_prompts_has_one_a_line(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text(" 几点了？\n\n吃什么？\n几点了？\n", encoding="utf-8")
    assert read_prompts(str(path)) == ["几点了？", "吃什么？"]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_a_file_without_prompts_is_refused(tmp_path, content):
    (tmp_path / "p.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"p\.txt"):
        read_prompts(str(tmp_path / "p.txt"))
    with pytest.raises(InputError, match=r"preference\.prompts"):
        read_prompts(str(tmp_path / "absent.txt"))


def rows(path, *values):
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return str(path)


SAID = [{"role": "system", "content": "你是助手。"}, {"role": "user", "content": "吃什么？"}]


def test_rows_have_a_prompt_or_messages(tmp_path):
    source = rows(tmp_path / "p.jsonl", {"prompt": "几点了？"}, {"messages": SAID}, {"prompt": SAID}, {"prompt": " "})
    assert read_prompts(source) == ["几点了？", "吃什么？"]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "几点了？"},
        {"prompt": 7},
        {"messages": [{"role": "assistant", "content": "好。"}]},
        {"messages": []},
    ],
)
def test_a_row_without_a_prompt_is_refused_with_its_number(tmp_path, row):
    with pytest.raises(InputError, match=r"p\.jsonl: row 2: no `prompt`"):
        read_prompts(rows(tmp_path / "p.jsonl", {"prompt": "几点了？"}, row))


def test_a_file_that_is_no_jsonl_is_refused_with_its_parameter(tmp_path):
    (tmp_path / "p.jsonl").write_text("几点了？\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"p\.jsonl.*preference\.prompts"):
        read_prompts(str(tmp_path / "p.jsonl"))


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    """Keep what `datasets` prepares in the test's own folder."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def test_a_folder_is_read_as_a_dataset(tmp_path, no_cache):
    (tmp_path / "set").mkdir()
    rows(tmp_path / "set" / "train.jsonl", {"prompt": "几点了？"}, {"prompt": "下雨吗？"})
    rows(tmp_path / "set" / "test.jsonl", {"prompt": "这是考题吗？"})
    assert read_prompts(str(tmp_path / "set")) == ["几点了？", "下雨吗？"]


def test_a_folder_without_a_dataset_is_refused_with_its_parameter(tmp_path, no_cache):
    (tmp_path / "set").mkdir()
    with pytest.raises(InputError, match=r"`datasets` cannot load it.*preference\.prompts"):
        read_prompts(str(tmp_path / "set"))
