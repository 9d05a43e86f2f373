"""The command line: exit codes, messages, and tools for anybody's file."""

import json
import subprocess
import sys

import pytest

from huaben.cli import main

HEAVY = ("torch", "datasets", "pandera", "great_expectations", "openai", "transformers", "pandas", "dvc")


def run(arguments, capsys):
    code = 0
    try:
        main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_help_names_every_stage_in_the_order_of_the_flow(capsys):
    code, out, _ = run(["--help"], capsys)
    assert code == 0
    assert out.index("chapters") < out.index("speakers") < out.index("validate") < out.index("publish")


def test_help_imports_none_of_the_heavy_libraries():
    script = (
        "import sys; from huaben.cli import main; main(['--help']); print(sorted({*sys.argv[1:]} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [["nosuch"], ["lines", "--min-certainty", "2", "x.txt"], ["init"]])
def test_bad_usage_exits_2_and_says_so(arguments, capsys):
    code, _, err = run(arguments, capsys)
    assert code == 2
    assert "Error" in err


def test_a_stage_outside_a_repository_says_which_file_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(["chapters"], capsys)
    assert code == 2
    assert "params.yaml: cannot be read" in err


def test_lines_of_any_file_come_as_json_with_offsets_and_speakers(tmp_path, capsys):
    novel = "老张说：“你来了？”\n“来了。”李四答道。\n“坐吧，茶还热着。”\n"
    (tmp_path / "novel.txt").write_text(novel, encoding="utf-8")
    (tmp_path / "cast.yaml").write_text("- {name: 张三, aliases: [老张]}\n- {name: 李四}\n", encoding="utf-8")
    arguments = ["lines", str(tmp_path / "novel.txt"), "--cast", str(tmp_path / "cast.yaml"), "--json"]
    code, out, _ = run(arguments, capsys)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(row["start"], row["end"], row["text"]) for row in rows] == [
        (5, 9, "你来了？"),
        (12, 15, "来了。"),
        (23, 31, "坐吧，茶还热着。"),
    ]
    assert [row["speaker"] for row in rows] == ["张三", "李四", "张三"]
    assert " ".join(rows[0]) == "chapter start end text kind speaker addressee certainty evidence"
    code, out, _ = run([*arguments, "--min-certainty", "0.95"], capsys)
    assert [json.loads(line)["speaker"] for line in out.splitlines()] == ["张三", "李四", None]


def test_a_second_run_in_the_same_repository_exits_75(tmp_path, monkeypatch, capsys):
    import fcntl

    monkeypatch.chdir(tmp_path)
    (tmp_path / ".huaben").mkdir()
    (tmp_path / "data" / "chapters").mkdir(parents=True)
    (tmp_path / "data" / "chapters" / "chapters.jsonl").write_text("", encoding="utf-8")
    with (tmp_path / ".huaben" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, err = run(["lines"], capsys)
    assert code == 75
    assert "another run holds" in err


def test_judging_a_file_by_an_unknown_kind_names_the_kinds(tmp_path, capsys):
    (tmp_path / "rows.jsonl").write_text("{}\n", encoding="utf-8")
    code, _, err = run(["validate", "--input", str(tmp_path / "rows.jsonl"), "--as", "poem"], capsys)
    assert code == 2
    assert "dialogue" in err
