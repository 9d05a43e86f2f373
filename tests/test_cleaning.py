"""A dataset file cleaned as a whole: what is kept, what is put aside, and what never changes."""

import json
import os
from collections import Counter

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from huaben.cli.main import cli, main
from huaben.errors import InputError
from huaben.refine.cleaning import clean_file
from huaben.refine.foreign import RawRow, parse_row, read_foreign
from huaben.refine.reasons import CUTS, REASONS
from huaben.refine.rows import clean_row
from huaben.shapes import alternates
from test_filters import ANY_TEXT

ASKED, SAID = "后来呢？", "那天雨下得很大，我在桥头等他。"
REFUSED = "作为一个人工智能，我不能回答。"


def talk(*said, **more):
    """Return a ShareGPT row: `h:` is said by the human, `g:` by gpt, `s:` by the system."""
    names = {"h": "human", "g": "gpt", "s": "system"}
    return {"conversations": [{"from": names[one[0]], "value": one[2:]} for one in said], **more}


def cleaned(row, min_letters=1):
    """Return the row that is left, or the reason why none is, and what was cut."""
    raw = json.dumps(row, ensure_ascii=False)
    outcome = clean_row(parse_row(RawRow(1, raw)), min_letters)
    if outcome.reason:
        return outcome.reason, ()
    return json.loads(raw if outcome.text is None else outcome.text), outcome.cuts


def said(row):
    return [f"{message['from'][0]}:{message['value']}" for message in row["conversations"]]


@pytest.mark.parametrize(
    ("before", "after", "cuts"),
    [
        (["h:谁？", f"g:{SAID}"], ["h:谁？", f"g:{SAID}"], ()),
        (["s:你是更夫。", "h:谁？", f"g:{SAID}"], ["s:你是更夫。", "h:谁？", f"g:{SAID}"], ()),
        (["h:谁？", "h:说！", f"g:{SAID}"], ["h:谁？\n说！", f"g:{SAID}"], ("messages of one side joined",)),
        (["h:谁？", f"g:{SAID}", "h:真的？"], ["h:谁？", f"g:{SAID}"], ("unanswered messages",)),
        ([f"g:{SAID}", "h:谁？", f"g:{SAID}"], ["h:谁？", f"g:{SAID}"], ("opening replies",)),
        (["h:谁？", f"g:{SAID}", "h: ", f"g:{SAID}"], ["h:谁？", f"g:{SAID}\n{SAID}"], None),
        (
            ["h:在吗？", "g:……", "h:谁？", f"g:{SAID}"],
            ["h:谁？", f"g:{SAID}"],
            ("short replies and what they answer",),
        ),
        (["h:谁？", f"g:<think>想</think>{SAID}"], ["h:谁？", f"g:{SAID}"], ("reasoning block",)),
        (["h:谁\u200b？", f"g:{SAID}"], ["h:谁？", f"g:{SAID}"], ("invisible characters",)),
    ],
)
def test_a_conversation_is_mended_where_nothing_must_be_invented(before, after, cuts):
    row, done = cleaned(talk(*before, chapter=3, 标签=[1.5, None]))
    assert said(row) == after
    assert (row["chapter"], row["标签"]) == (3, [1.5, None])
    assert cuts is None or done == cuts


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (talk("h:谁？"), "no reply"),
        (talk("h:谁？", "g:……"), "no words"),
        (talk(f"g:{SAID}"), "no answered message"),
        (talk("h:谁？", f"g:{SAID}", "s:你是更夫。", "h:谁？", f"g:{SAID}"), "a system message inside"),
        (talk("h:谁？", f"g:{SAID}", "h:还有呢？", f"g:{REFUSED}"), "refusal"),
        (talk("h:谁\ufffd？", f"g:{SAID}"), "damaged characters"),
        ({"instruction": ASKED, "input": "", "output": REFUSED}, "refusal"),
        ({"instruction": " ", "input": "", "output": SAID}, "no prompt"),
        ({"instruction": ASKED, "input": "", "output": "<think>想</think>"}, "reasoning only"),
        ({"prompt": ASKED, "chosen": SAID, "rejected": SAID}, "chosen and rejected are the same"),
        ({"prompt": ASKED, "chosen": REFUSED, "rejected": SAID}, "refusal"),
        ({"prompt": ASKED, "chosen": SAID, "rejected": "。"}, "no words"),
        ({"text": "——"}, "no words"),
    ],
)
def test_what_cannot_be_mended_is_dropped(row, reason):
    assert cleaned(row) == (reason, ())


def test_a_rejected_answer_may_be_a_machines():
    row = {"prompt": ASKED, "chosen": SAID, "rejected": REFUSED, "score": 1}
    assert cleaned(row) == (row, ())


def test_tools_may_speak_several_times_in_a_row():
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}, {"id": "2"}]}
    results = [{"role": "tool", "content": "03:17"}, {"role": "tool", "content": "……"}]
    row = {"messages": [{"role": "user", "content": ASKED}, call, *results, {"role": "assistant", "content": SAID}]}
    assert cleaned(row) == (row, ())


def test_letters_that_a_reply_needs_are_an_option():
    row = talk("h:谁？", "g:更夫，老张。", "h:几更了？", "g:三更了，天快亮了。")
    assert said(cleaned(row, 6)[0]) == ["h:几更了？", "g:三更了，天快亮了。"]
    assert cleaned(talk("h:谁？", "g:更夫。"), 6) == ("no reply of 6 letters", ())
    assert cleaned({"question": ASKED, "answer": "更夫。"}, 6) == ("no reply of 6 letters", ())


def test_every_reason_and_every_cut_is_explained():
    rows = read_foreign_labels()
    known = {*REASONS, *(f"repaired: {cut}" for cut in CUTS), "clean"}
    assert set(rows) <= known


def read_foreign_labels():
    from test_defects import DEFECTS

    return [row.value["label"] for row in read_foreign(DEFECTS)]


# whole files


def write(path, rows, layout="lines"):
    if layout == "lines":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        text = json.dumps(rows, ensure_ascii=False, indent=2)
    path.write_text(text, encoding="utf-8")
    return path


def dropped_of(folder):
    return [json.loads(line) for line in (folder / "dropped.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("layout", ["lines", "list"])
def test_kept_rows_stay_as_they_stand_and_dropped_ones_have_line_and_reason(layout, tmp_path):
    rows = [talk(f"h:{ASKED}", f"g:{SAID}", id=i) for i in range(3)]
    rows.insert(1, talk(f"h:{ASKED}", f"g:{REFUSED}", id=9))
    path = write(tmp_path / "我的 data.json", rows, layout)
    report = clean_file(path, tmp_path / "out")
    assert (report.rows, report.kept, report.mended, dict(report.reasons)) == (4, 3, 0, {"refusal": 1})
    kept = (tmp_path / "out" / path.name).read_text(encoding="utf-8")
    assert [row.value for row in read_foreign(tmp_path / "out" / path.name)] == [rows[0], *rows[2:]]
    assert all(row.raw in kept for row in read_foreign(path) if row.value["id"] != 9)
    (dropped,) = dropped_of(tmp_path / "out")
    assert dropped == {
        "line": 2 if layout == "lines" else 15,
        "reason": "refusal",
        "detail": REFUSED,
        "row": rows[1],
    }
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["dropped.jsonl", "report.md", path.name]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", path.name]


def test_lines_that_are_no_rows_are_kept_aside_as_they_are(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text": "\xe9\x92\x9f"}\n{"text": \n\xff\xfe\n{"text": "\\ud800 a"}\n{"text": "a", "text": "b"}\n'
    )
    report = clean_file(path, tmp_path / "out")
    assert [(row["line"], row["reason"]) for row in dropped_of(tmp_path / "out")] == [
        (2, "broken JSON"),
        (3, "not UTF-8"),
        (4, "damaged characters"),
        (5, "a key stands twice"),
    ]
    assert report.kept + report.reasons.total() == report.rows == 5
    assert dropped_of(tmp_path / "out")[1]["text"] == "\\xff\\xfe"


def test_two_processes_and_one_write_the_same_bytes(tmp_path):
    rows = [talk(f"h:{ASKED}{i}", f"g:{REFUSED if i % 7 == 0 else SAID}\u200b", n=i) for i in range(5_000)]
    path = write(tmp_path / "a.jsonl", rows)
    reports = [clean_file(path, tmp_path / f"out{n}", processes=n) for n in (1, 2)]
    assert reports[0] == reports[1]
    assert reports[0].kept == 5_000 - 715
    for name in ("a.jsonl", "dropped.jsonl", "report.md"):
        assert (tmp_path / "out1" / name).read_bytes() == (tmp_path / "out2" / name).read_bytes()


def test_nothing_is_written_over_and_nothing_is_left_of_a_run_that_failed(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"text": SAID}])
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="nothing is written over"):
        clean_file(path, tmp_path / "out")
    path.write_text('[{"text": "a"},\n{"text": x}]', encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        clean_file(path, tmp_path / "new")
    assert sorted(os.listdir(tmp_path)) == ["a.jsonl", "out"]


def test_samples_in_the_report_are_no_markup_and_no_terminal_codes(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"text": "x\ufffd\x1b[2J<b>\n# y"}, {"text": SAID}])
    clean_file(path, tmp_path / "out")
    assert "    line 1: x\ufffd<b>⏎# y\n" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def run(*arguments):
    """Run the command line as a user does; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
        raise SystemExit(0)
    return ended.value.code


def test_the_command_says_what_became_of_the_rows(tmp_path):
    path = write(tmp_path / "data.jsonl", [talk(f"h:{ASKED}", f"g:{SAID}"), talk(f"h:{ASKED}", f"g:[bold]{REFUSED}")])
    result = CliRunner().invoke(cli, ["clean", "--input", str(path)])
    assert result.exit_code == 0
    assert "data.jsonl: 2 rows (ShareGPT 2)\n1 kept (50.0%), 0 of them mended; 1 dropped\n" in result.output
    assert f"line 2: [bold]{REFUSED}" in result.output
    assert (tmp_path / "data-clean" / "report.md").is_file()


def test_the_exit_code_tells_a_bad_file_from_a_file_of_bad_rows(tmp_path, capsys):
    good, bad = write(tmp_path / "a.jsonl", [{"text": SAID}]), write(tmp_path / "b.jsonl", [{"text": "……"}])
    assert run("clean", "--input", good) == 0
    assert run("clean", "--input", good) == 2
    assert run("clean", "--input", bad) == 1
    assert "no row was kept" in capsys.readouterr().err
    assert run("clean", "--input", tmp_path / "none.jsonl") == 2
    assert run("clean", "--input", good, "--output", good) == 2


# what holds of every row

SIDES = st.sampled_from("hhhggg")
ROWS = st.lists(st.tuples(SIDES, st.one_of(ANY_TEXT, st.just(SAID))), min_size=1, max_size=7).map(
    lambda parts: talk(*(f"{side}:{text}" for side, text in parts))
)


def outcome_of(row):
    return clean_row(parse_row(RawRow(1, json.dumps(row))))


@given(ROWS)
def test_whatever_is_kept_alternates_and_is_not_touched_again(row):
    outcome = outcome_of(row)
    if outcome.reason is None:
        left = row if outcome.text is None else json.loads(outcome.text)
        assert alternates(left)
        again = outcome_of(left)
        assert (again.reason, again.text, again.cuts) == (None, None, ())


@given(st.lists(ROWS, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, chance):
    shuffled = rows[:]
    chance.shuffle(shuffled)
    assert Counter(map(outcome_of, rows)) == Counter(map(outcome_of, shuffled))


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_no_row_of_any_form_breaks(one, two, three):
    for row in (
        {"instruction": one, "input": two, "output": three, "system": one},
        {"prompt": one, "chosen": two, "rejected": three},
        {
            "conversations": [{"from": "system", "value": one}, {"from": "human", "value": two}],
            "chosen": one,
            "rejected": two,
        },
        {"question": one, "answer": two},
        {"text": three},
    ):
        outcome = outcome_of(row)
        assert outcome.reason in REASONS or outcome.reason is None
        if outcome.reason is None and outcome.text is not None:
            assert outcome_of(json.loads(outcome.text)).cuts == ()
