"""Anybody's file through the gates that need nothing but the file."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_world
from huaben.cli import main
from huaben.errors import InputError
from huaben.gates.anyfile import NO_NOVEL, NO_SPLITS, validate_file

pytestmark = [
    # great_expectations 1.24 imports these two on Python 3.11
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:module 'sre_parse' is deprecated:DeprecationWarning"),
]


def talk(*texts, **more):
    turns = [{"from": ("human", "gpt")[i % 2], "value": text} for i, text in enumerate(texts)]
    return {"conversations": turns, **more}


def dialogues(count=30):
    return [talk(f"第{i}只钟呢？", f"它没有停，是第{i}更的水漫过了指针。") for i in range(count)]


def questions(count=30):
    return [
        {"instruction": f"第{i}夜是谁守钟？", "input": "", "output": f"第{i}夜是沈更生守钟。"} for i in range(count)
    ]


def pairs(count=30):
    return [
        {
            "prompt": f"你今年是不是{i}岁？",
            "chosen": f"{i}岁？钟敲了{i}下，我还没数完呢。",
            "rejected": f"是的，我今年{i}岁，谢谢关心{'，祝您愉快呀' * (i % 2)}。",
        }
        for i in range(count)
    ]


KINDS = {"dialogue": dialogues, "qa": questions, "preference": pairs}


def judge(rows, kind, path, as_list=False):
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text(f"[{','.join(lines)}]" if as_list else "\n".join(lines), encoding="utf-8")
    return validate_file(path, kind, gate_world.SCHEMAS)


def failed_in(report):
    return {name.split(".", 1)[1] for name, gate in report["gates"].items() if not gate["passed"]}


@pytest.mark.parametrize("as_list", [False, True], ids=["JSONL", "a list"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_file_passes_and_what_needs_a_novel_is_not_run(kind, as_list, tmp_path):
    report, profile = judge(KINDS[kind](), kind, tmp_path / "rows.json", as_list)
    assert (report["passed"], failed_in(report)) == (True, set())
    assert set(report["not_run"].values()) == {NO_NOVEL, NO_SPLITS}
    assert len(report["gates"]) >= 7
    ((_, numbers),) = profile.items()
    assert (numbers["rows"], numbers["duplicate_share"]) == (30, 0.0)


def change(index, row):
    """Return what puts another row in a row's place."""
    return lambda rows: rows.__setitem__(index, row)


DEFECTS = [
    (
        "the other has the last word",
        "dialogue",
        change(0, talk("在吗？", "我在钟楼上等你。", "好。")),
        {"schema.roles"},
    ),
    ("a short reply", "dialogue", change(0, talk("在吗？", "在。")), {"schema.min_reply_characters"}),
    ("a blank message", "dialogue", change(0, talk(" ", "我在钟楼上等你。")), {"schema.empty_messages"}),
    ("U+FFFD", "dialogue", change(0, talk("在吗？", "我在钟\ufffd上等你。")), {"schema.encoding_damage"}),
    (
        "a thought",
        "qa",
        change(0, {"question": "谁守钟？", "answer": "<think>想</think>沈更生"}),
        {"schema.markup_residue"},
    ),
    ("an answer of marks", "qa", change(0, {"question": "谁守钟？", "answer": "……"}), {"schema.answer_letters"}),
    ("a question of marks", "qa", change(0, {"question": "？", "answer": "沈更生守钟"}), {"schema.question_letters"}),
    ("another kind of row", "qa", change(0, pairs(1)[0]), {"schema.record"}),
    (
        "a row that is none",
        "preference",
        change(0, {"prompt": "谁？", "chosen": 7, "rejected": "他"}),
        {"schema.record"},
    ),
    ("a tie", "preference", change(0, {**pairs(1)[0], "rejected": pairs(1)[0]["chosen"]}), {"schema.is_tie"}),
    ("copies", "dialogue", lambda rows: rows.extend(rows[:5]), {"suite.distinct_contents"}),
    ("one prompt", "preference", lambda rows: [r.update(prompt="谁？") for r in rows], {"suite.distinct_prompts"}),
    (
        "one side ten times as long",
        "preference",
        lambda rows: [row.update(chosen=row["chosen"] * 10) for row in rows],
        {"schema.length_ratio", "suite.length_only_judge", "suite.median_length_ratio"},
    ),
]


@pytest.mark.parametrize(("kind", "plant", "expected"), [pytest.param(*d[1:], id=d[0]) for d in DEFECTS])
def test_a_defect_fails_exactly_the_gates_named_for_it(kind, plant, expected, tmp_path):
    rows = KINDS[kind]()
    plant(rows)
    assert failed_in(judge(rows, kind, tmp_path / "rows.jsonl")[0]) == expected


def test_a_system_message_is_no_fault(tmp_path):
    rows = dialogues()
    rows[0]["conversations"].insert(0, {"from": "system", "value": "你是沈更生。"})
    assert judge(rows, "dialogue", tmp_path / "rows.jsonl")[0]["passed"] is True


def test_rows_that_name_their_split_are_held_against_each_other(tmp_path):
    rows = [{**row, "split": "test" if i % 5 == 0 else "train"} for i, row in enumerate(dialogues())]
    report, _ = judge(rows, "dialogue", tmp_path / "rows.jsonl")
    assert (report["passed"], set(report["not_run"].values())) == (True, {NO_NOVEL})
    rows[1]["conversations"] = rows[0]["conversations"]
    report, _ = judge(rows, "dialogue", tmp_path / "rows.jsonl")
    assert failed_in(report) == {"crossrecord.contamination"}
    assert report["gates"]["dialogue.crossrecord.contamination"]["rows"] == 2


def test_rows_that_cannot_be_read_are_counted_by_their_fault(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([*map(json.dumps, dialogues()), '{"conversations":', "[]"]), encoding="utf-8")
    report, _ = validate_file(path, "dialogue", gate_world.SCHEMAS)
    assert report["refused"] == {"broken JSON": 1, "not an object": 1}
    assert failed_in(report) == {"schema.record"}


def test_a_file_with_no_row_of_the_kind_passes_nothing(tmp_path):
    report, profile = judge(pairs(), "dialogue", tmp_path / "rows.jsonl")
    assert (report["passed"], set(report["gates"])) == (False, {"dialogue.schema.record"})
    assert profile == {"dialogue": {"rows": 0}}
    assert set(report["not_run"].values()) == {"the file has no row to judge"}


@pytest.mark.parametrize("content", [b"", b"  \n", b"PAR1", b"\x1f\x8b", b"hello", b"[1, 2", b'{"a": 1}'])
def test_a_file_that_is_no_dataset_is_bad_input(content, tmp_path):
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"rows\.json"):
        validate_file(path, "dialogue", gate_world.SCHEMAS)


@settings(max_examples=20)
@given(order=st.permutations(range(30)), split=st.booleans())
def test_the_order_of_the_rows_changes_nothing(order, split, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    rows = [{**row, "split": "train"} if split else row for row in dialogues()]
    rows[3] = talk("在吗？", "在。")
    first = judge(rows, "dialogue", folder / "rows.jsonl")
    assert judge([rows[i] for i in order], "dialogue", folder / "other.jsonl") == first


def run(arguments, capsys):
    try:
        main(arguments)
    except SystemExit as stop:
        return stop.code, *capsys.readouterr()
    return 0, *capsys.readouterr()


def test_the_command_prints_the_gates_writes_the_reports_and_says_by_its_code_what_was_wrong(tmp_path, capsys):
    path, out = tmp_path / "rows.jsonl", tmp_path / "out"
    judge(dialogues(), "dialogue", path)
    command = ["validate", "--input", str(path), "--as", "dialogue", "--output", str(out)]
    code, shown, _ = run(command, capsys)
    assert code == 0
    assert "dialogue.schema.roles" in shown
    assert "dialogue.schema.origins" in shown
    assert json.loads((out / "gates.json").read_text(encoding="utf-8"))["passed"] is True
    judge([*dialogues(), talk("在吗？", "在。")], "dialogue", path)
    code, shown, told = run(command, capsys)
    assert (code, "dialogue.schema.min_reply_characters" in told) == (1, True)
    assert json.loads((out / "gates.json").read_text(encoding="utf-8"))["passed"] is False
    path.write_text("no rows", encoding="utf-8")
    assert run(command, capsys)[0] == 2
    assert run(["validate", "--input", str(tmp_path / "none.json"), "--as", "qa"], capsys)[0] == 2
    assert run(["validate", "--input", str(path), "--as", "poem"], capsys)[0] == 2
    assert run(["validate", "--input", str(path)], capsys)[0] == 2
