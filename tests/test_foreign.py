"""Anybody's dataset file: forms told apart, what cannot be read counted, nothing else accepted."""

import json

import pytest

from huaben.errors import InputError
from huaben.refine.foreign import open_foreign, read_foreign
from huaben.refine.jsonlist import CHUNK
from huaben.shapes import form_of

ASKED, SAID = "几点了？", "三点十七分，钟说的。"
FORMS = {
    "ShareGPT": {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": SAID}]},
    "messages": {"messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": SAID}]},
    "Alpaca": {"instruction": ASKED, "input": "", "output": SAID},
    "question and answer": {"question": ASKED, "answer": SAID},
    "prompt and completion": {"prompt": ASKED, "completion": [{"role": "assistant", "content": SAID}]},
    "prompt and response": {"prompt": ASKED, "response": SAID},
    "text": {"text": SAID},
    "preference": {"prompt": [{"role": "user", "content": ASKED}], "chosen": SAID, "rejected": "不知道。"},
    "preference (ShareGPT)": {
        "conversations": [{"from": "human", "value": ASKED}],
        "chosen": {"from": "gpt", "value": SAID},
        "rejected": {"from": "gpt", "value": "不知道。"},
    },
    "preference (Alpaca)": {"instruction": ASKED, "input": "", "chosen": SAID, "rejected": "不知道。"},
}


def written(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def faults(path):
    return [(row.line, row.fault) for row in read_foreign(path)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_known_and_its_texts_are_found_in_both_layouts(form, tmp_path):
    row = FORMS[form]
    paths = [
        written(tmp_path / "a.jsonl", lines(row)),
        written(tmp_path / "a.json", json.dumps([row], ensure_ascii=False, indent=2)),
    ]
    for found in (next(read_foreign(path)) for path in paths):
        assert (found.form, found.fault, found.value) == (form, None, row)
        roles = ["text"] if form == "text" else ["user", "assistant"]
        expected = ["user", "chosen", "rejected"] if form.startswith("preference") else roles
        assert [part.role for part in found.parts] == expected
        assert SAID in [part.text for part in found.parts]
        for part in found.parts:
            value = row
            for step in part.place:
                value = value[step]
            assert value == part.text


def test_the_history_system_and_input_of_alpaca_are_texts_too(tmp_path):
    row = {
        "system": "你是更夫。",
        "history": [["谁？", "更夫。"]],
        "instruction": "译。",
        "input": "三更",
        "output": "3",
    }
    (found,) = read_foreign(written(tmp_path / "a.jsonl", lines(row)))
    assert [(part.role, part.text) for part in found.parts] == [
        ("system", "你是更夫。"),
        ("user", "谁？"),
        ("assistant", "更夫。"),
        ("user", "译。"),
        ("user", "三更"),
        ("assistant", "3"),
    ]


def test_tools_and_calls_are_roles_of_their_own(tmp_path):
    messages = [
        {"role": "user", "content": ASKED},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "03:17"},
        {"role": "assistant", "content": SAID},
    ]
    (found,) = read_foreign(written(tmp_path / "a.jsonl", lines({"messages": messages})))
    assert [part.role for part in found.parts] == ["user", "call", "tool", "assistant"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"text": "钟停了。"', "broken JSON"),
        ('{"text": "钟停了。"} {"text": "又"}', "broken JSON"),
        ('{"text": NaN}', "broken JSON"),
        ('{"text": "钟", "score": 1e999}', "broken JSON"),
        ('{"text": "钟", "n": ' + "9" * 5000 + "}", "broken JSON"),
        ("[" * 100_000, "broken JSON"),
        ('{"text": "钟", "text": "水"}', "a key stands twice"),
        ('["钟停了。"]', "not an object"),
        ("null", "not an object"),
        ('{"title": "停钟"}', "no known form"),
        ('{"text": null}', "wrong type in a column"),
        ('{"text": 17}', "wrong type in a column"),
        ('{"conversations": "谁？"}', "wrong type in a column"),
        ('{"conversations": []}', "wrong type in a column"),
        ('{"conversations": [{"from": "human"}]}', "wrong type in a column"),
        ('{"conversations": [{"from": ["human"], "value": "谁？"}]}', "wrong type in a column"),
        ('{"messages": [{"role": "narrator", "content": "谁？"}]}', "wrong type in a column"),
        ('{"instruction": "译", "history": [["谁？"]], "output": "谁"}', "wrong type in a column"),
        (b'{"text": "\xd6\xd3"}', "not UTF-8"),
        ('{"text": "\\ud800 钟"}', None),
    ],
)
def test_what_is_no_row_is_told_with_its_line(line, fault, tmp_path):
    line = line if isinstance(line, bytes) else line.encode()
    path = written(tmp_path / "a.jsonl", b'{"text": "a"}\r\n\r\n' + line + b'\n{"text": "b"}')
    assert faults(path) == [(1, None), (3, fault), (4, None)]


def test_a_mark_of_byte_order_is_passed_over_and_a_long_line_is_a_row(tmp_path):
    path = written(tmp_path / "a.jsonl", "\ufeff" + lines({"text": "钟" * 4_000_000}, {"text": "水"}))
    assert [len(row.parts[0].text) for row in read_foreign(path)] == [4_000_000, 1]
    listed = written(tmp_path / "b.json", "\ufeff \n [" + lines({"text": "钟" * 4_000_000}) + ', {"text": "水"}]\n')
    assert [(row.line, len(row.parts[0].text)) for row in read_foreign(listed)] == [(2, 4_000_000), (3, 1)]


def test_rows_of_a_list_are_found_wherever_the_chunks_end(tmp_path):
    rows = [{"text": f'{i} "\\\n钟\\u949f' * (i % 7), "n": i / 4, "more": [None, {}]} for i in range(30_000)]
    path = written(tmp_path / "a.json", json.dumps(rows, indent=1))
    assert path.stat().st_size > 3 * CHUNK
    assert [row.value for row in read_foreign(path)] == rows


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[{"text": "a"},\n{"text": "b" "c"}]', "line 2: not a JSON list"),
        ('[{"text": "a"},\n', "line 2: not a JSON list"),
        ('[{"text": "a"}\n {"text": "b"}]', "line 2: not a JSON list"),
        ('[{"text": "a"}] 1', "something stands after the list"),
        ("[" * 200_000, "nested too deeply"),
        ('[{"text": "a', "not a JSON list"),
        ("", "the file is empty"),
        ("\ufeff\n \n", "the file is empty"),
        ("[]", "the file is empty"),
        ("第一章 停钟\n沈更生说：“钟又停了。”\n", "none of the first 2 rows"),
        ('{"data": []}\n', "none of the first 1 rows"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        ('{"text": "a"}\n'.encode("utf-16"), "UTF-16"),
        ('{"text": "钟停了"}\n'.encode("gb18030"), "iconv -f GB18030"),
    ],
)
def test_what_is_no_dataset_is_refused_with_what_to_do(text, complaint, tmp_path):
    path = written(tmp_path / "a.json", text)
    with pytest.raises(InputError, match=r"a\.json") as refused:
        list(open_foreign(path).rows)
    assert complaint in str(refused.value)


def test_a_broken_list_is_not_read_to_its_end(tmp_path):
    path = written(tmp_path / "a.json", '[{"text": "a"},\n{"text": x},\n' + '{"text": "b"},\n' * 300_000 + "]")
    with pytest.raises(InputError, match="line 2"):
        list(read_foreign(path))


def test_a_folder_is_no_dataset(tmp_path):
    with pytest.raises(InputError, match="not a file"):
        open_foreign(tmp_path)


def test_rows_of_several_forms_keep_each_its_own(tmp_path):
    path = written(tmp_path / "a.jsonl", lines(*FORMS.values()))
    assert [row.form for row in read_foreign(path)] == list(FORMS)
    assert form_of({"title": "停钟"}) is None
