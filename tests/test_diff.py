"""What a change did to the rows: pairing, words, reports, and the versions that are compared."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from diffing import (
    commit,
    conversation,
    dvc,
    kept,
    line,
    make_repository,
    qa,
    run,
    set_least,
    version,
    write_source,
)
from huaben.cli.difference import renderables
from huaben.cli.main import cli
from huaben.errors import InputError
from huaben.release.checksums import write_checksums
from huaben.release.diff.changes import compare_rows
from huaben.release.diff.difference import compare, diff
from huaben.release.diff.difftext import as_markdown, moved_figures
from huaben.release.diff.edits import edited_lines, edited_words
from huaben.release.diff.pairing import pair_rows
from huaben.release.diff.rows import Item
from huaben.release.tables import write_parquet


def quiet(message):
    raise AssertionError(f"nothing should have been made again: {message}")


def pairs_of(base, head):
    found = pair_rows(base, head)
    ids = [(a.row["record_id"], b.row["record_id"]) for a, b in found.both]
    return ids, [item.row["record_id"] for item in found.base], [item.row["record_id"] for item in found.head]


# which row is which


def test_a_reworded_answer_is_the_same_row_changed_and_another_question_is_not():
    base = kept(qa("1", "灯铺是个怎样的地方？", "灯铺在回澜闸往里数第三家。"), qa("2", "谁来过？", "铁九来过。"))
    head = kept(qa("3", "灯铺是个怎样的地方？", "灯铺是回澜闸往里第三家。"), qa("4", "馄饨有几个？", "十个。"))
    assert pairs_of(base, head) == ([("1", "3")], ["2"], ["4"])


def test_a_row_that_moved_to_another_chapter_is_the_same_row():
    base = kept(qa("1", "谁敲的钟？", "沈更生。", chapter=3))
    head = kept(qa("2", "谁敲的钟？", "沈更生。", chapter=4))
    counts = compare_rows(base, head)["counts"]
    assert (counts["moved"], counts["changed"], counts["added"], counts["removed"]) == (1, 0, 0, 0)


def test_equal_lines_are_paired_in_the_order_of_the_chapter():
    base = kept(line("1", "嗯", "甲", start=5), line("2", "嗯", "乙", start=50))
    head = kept(line("4", "嗯", "乙", start=52), line("3", "嗯", "甲", start=7))
    assert pairs_of(base, head) == ([("1", "3"), ("2", "4")], [], [])


def test_a_scene_that_was_cut_in_two_is_its_longer_part_and_a_new_row():
    said = [
        ("user", "铁九", "三更，你又躲在这儿！"),
        ("assistant", "沈更生", "我没躲，我在听。"),
        ("user", "铁九", "听什么？"),
    ]
    base = kept(conversation("1", *said, ("assistant", "沈更生", "听水。"), spans=[(0, 40)]))
    head = kept(conversation("2", *said, spans=[(0, 30)]), conversation("3", said[1], spans=[(31, 40)]))
    assert pairs_of(base, head) == ([("1", "2")], [], ["3"])


def test_the_summary_of_a_chapter_is_one_row_however_it_is_worded():
    def summary(record_id, text):
        row = qa(record_id, "", "")
        return {
            "record_id": record_id,
            "split": "train",
            "summary": text,
            "aspects": [],
            "provenance": row["provenance"],
        }

    assert pairs_of(kept(summary("1", "甲乙丙丁")), kept(summary("2", "完全两样"))) == ([("1", "2")], [], [])


def test_the_pair_of_a_prompt_is_one_row_when_its_replies_were_asked_anew():
    def pair(record_id, chosen):
        prompt, reply = ({"role": r, "content": t} for r, t in (("user", "几点了？"), ("assistant", chosen)))
        row = {"record_id": record_id, "split": "train", "way": "prompts", "prompt": [prompt], "chosen": [reply]}
        return {**row, "provenance": {"chapter": 0, "chapter_id": "", "spans": []}}

    same = compare_rows(kept(pair("1", "三更。")), kept(pair("2", "三更。")))
    assert (same["counts"]["moved"], same["counts"]["changed"]) == (1, 0)
    other = compare_rows(kept(pair("1", "三更。")), kept(pair("2", "钟停了。")))
    assert other["fields"] == {"chosen": 1}


def test_pairing_does_not_depend_on_the_order_of_the_rows():
    base = kept(*(qa(str(n), f"第{n}问？", f"答的是{n}") for n in range(12)))
    head = kept(*(qa(f"n{n}", f"第{n}问？", f"答的却是{n}") for n in range(12)))
    assert pairs_of(base, head) == pairs_of(base[::-1], head[::-1])


def test_a_chapter_with_too_many_rows_is_said_and_not_compared_for_minutes(monkeypatch):
    monkeypatch.setattr("huaben.release.diff.pairing.MOST", 100)
    base = kept(qa("1", "谁敲的钟？", "沈更生敲的。"), qa("2", "几点？", "三更。"))
    head = kept(qa("3", "谁敲的钟？", "沈更生敲了。"), qa("4", "几点？", "四更。"))
    found = compare_rows(base, head)
    assert (found["counts"]["added"], found["counts"]["removed"], found["unpaired_for_size"]) == (2, 2, 4)


# what became of rows


def test_every_row_of_the_head_is_accounted_for():
    base = [
        *kept(qa("a", "一？", "一一一。"), qa("b", "二？", "二二二。"), qa("c", "三？", "三三三。")),
        Item(qa("d", "四？", ""), "clean: no"),
    ]
    head = [
        *kept(qa("a", "一？", "一一一。"), qa("d", "四？", ""), qa("e", "五？", "完全新的。")),
        Item(qa("b", "二？", "二二二。"), "clean: short"),
    ]
    found = compare_rows(base, head)
    counts = {name: found["counts"][name] for name in ("same", "added", "removed", "dropped", "restored")}
    assert counts == {"same": 1, "added": 1, "removed": 1, "dropped": 1, "restored": 1}
    assert (
        found["rows"]["head"]["all"]
        == 3 + counts["added"] + counts["restored"] - counts["removed"] - counts["dropped"]
    )
    assert {"before": "kept", "after": "clean: short", "rows": 1} in found["ways"]
    assert {"before": "clean: no", "after": "kept", "rows": 1} in found["ways"]
    assert found["dropped"][0]["reason"] == "clean: short"


def test_a_reason_that_changed_is_counted_though_no_row_came_or_went():
    row = qa("a", "一？", "一")
    found = compare_rows([Item(row, "clean: under 6")], [Item(row, "clean: under 8")])
    assert found["ways"] == [{"before": "clean: under 6", "after": "clean: under 8", "rows": 1}]
    assert found["reasons"] == {"clean: under 6": [1, 0], "clean: under 8": [0, 1]}


def test_a_row_dropped_for_what_it_became_shows_what_it_became():
    base = kept(qa("a", "“空心的”指的是什么？", "一个没馅的馄饨叫空心。"))
    head = [Item(qa("b", "“空心的”指的是什么？", "——"), "clean: no answer")]
    found = compare_rows(base, head)
    assert found["dropped"][0]["from_kept_to_dropped"] == [
        [["=", "answer: "], ["-", "一个没馅的馄饨叫空心。"], ["+", "——"]]
    ]


def test_another_reply_id_alone_changes_no_row():
    base = kept(line("1", "听水。", "沈更生", evidence="reply 0123456789ab"))
    other = line("1", "听水。", "沈更生", evidence="reply ba9876543210")
    other["provenance"]["reply_id"] = "r2"
    counts = compare_rows(base, kept(other))["counts"]
    assert (counts["moved"], counts["changed"], counts["same"]) == (1, 0, 0)


def test_another_speaker_is_counted_by_name_and_comes_before_mere_certainty():
    base = kept(line("1", "听水。", None), line("2", "走。", "甲", start=9))
    head = kept(line("1", "听水。", "沈更生"), line("2", "走。", "甲", start=9, certainty=0.8))
    found = compare_rows(base, head)
    assert found["values"] == [{"field": "speaker", "before": None, "after": "沈更生", "rows": 1}]
    assert found["fields"] == {"certainty": 1, "speaker": 1}
    assert [row["is_minor"] for row in found["changed"]] == [False, True]


def test_other_evidence_of_an_answer_is_no_minor_change():
    base, head = (kept(qa("a", "一？", "一。", evidence=words)) for words in ("一就是一", "一不是二"))
    found = compare_rows(base, head)
    assert (found["fields"], found["counts"]["minor"]) == ({"evidence": 1}, 0)


def test_a_new_column_is_told_once_and_changes_no_row():
    base, head = (
        kept(qa("a", "一？", "一。"), qa("b", "二？", "二。")),
        kept(qa("a", "一？", "一。", tone=None), qa("b", "二？", "二。", tone="x")),
    )
    found = compare_rows(base, head)
    assert found["columns"] == {"new": ["tone"], "gone": []}
    assert found["counts"]["same"] == 2


def test_a_change_of_split_is_a_change():
    found = compare_rows(kept(qa("a", "一？", "一。")), kept(qa("a", "一？", "一。", split="test")))
    assert found["values"] == [{"field": "split", "before": "train", "after": "test", "rows": 1}]


def test_train_rows_that_are_held_out_as_well_are_counted():
    head = kept(qa("a", "一？", "一。"), qa("b", "一 ？", "一。", split="test"))
    assert compare_rows((), head)["in_train_and_held_out"] == {"base": 0, "head": 1}


# words


def test_chinese_is_compared_by_characters_and_english_by_words():
    assert edited_words("停在三点十七分。", "停在四点十七分。") == [
        ("=", "停在"),
        ("-", "三"),
        ("+", "四"),
        ("=", "点十七分。"),
    ]
    assert edited_words("the clock stopped", "the clocks stopped") == [
        ("=", "the "),
        ("-", "clock"),
        ("+", "clocks"),
        ("=", " stopped"),
    ]
    assert edited_words("certainty: 0.85", "certainty: 0.97") == [("=", "certainty: "), ("-", "0.85"), ("+", "0.97")]


def test_the_pieces_of_an_edit_are_the_two_texts():
    old, new = "他把灯一盏一盏地关上，最后只剩下挂钟。", "她把所有的灯一盏盏关上，只剩下墙上的挂钟还亮。"
    pieces = edited_words(old, new)
    assert "".join(text for sign, text in pieces if sign != "+") == old
    assert "".join(text for sign, text in pieces if sign != "-") == new


def test_texts_that_share_only_chance_replace_each_other():
    assert edited_words("等他肯告诉我，", "接手谕那夜，你前脚出门") == [
        ("-", "等他肯告诉我，"),
        ("+", "接手谕那夜，你前脚出门"),
    ]


def test_one_character_that_both_have_between_two_changes_is_chance():
    assert edited_words("甲乙的丙丁丁", "戊己的庚丁丁") == [("-", "甲乙的丙"), ("+", "戊己的庚"), ("=", "丁丁")]


def test_only_the_messages_that_differ_are_shown():
    before = conversation("1", ("user", "铁九", "几更了？"), ("assistant", "沈更生", "三更。"))
    after = conversation("1", ("user", "铁九", "几更了？"), ("assistant", "沈更生", "三更差一刻。"))
    assert edited_lines(before, after) == [[("=", "assistant 沈更生: 三更"), ("+", "差一刻"), ("=", "。")]]


# reports


def gates(**passed):
    found = {
        f"qa.suite.{n}": {"passed": p, "severity": "critical", "observed": 1, "limit": 2} for n, p in passed.items()
    }
    return {"gates": {"passed": all(passed.values()), "gates": found}}


def test_gates_that_flipped_are_named_with_what_they_observed():
    base, head = (
        version(reports=gates(volume=True, length=False)),
        version(reports=gates(volume=False, length=True, new=True)),
    )
    found = compare(base, head)["gates"]
    assert [gate["name"] for gate in found["broken"]] == ["qa.suite.volume"]
    assert [gate["name"] for gate in found["mended"]] == ["qa.suite.length"]
    assert found["new"] == ["qa.suite.new"]
    assert found["passed"] == [False, False]


def test_a_loosened_limit_is_told_even_where_the_gate_holds():
    base, head = version(reports=gates(volume=True)), version(reports=gates(volume=True))
    head.reports["gates"]["gates"]["qa.suite.volume"]["limit"] = 1
    assert compare(base, head)["gates"]["limits"][0]["limit"] == [2, 1]


def evaluation(value, low, high):
    figures = {"style_score": value, "style_score_low": low, "style_score_high": high, "style_score_n": 40.0}
    return {"evaluation": {"models": {"dpo": figures}}}


@pytest.mark.parametrize(("low", "high", "is_noise"), [(0.55, 0.85, True), (0.75, 0.95, False), (0.05, 0.25, False)])
def test_a_figure_is_noise_where_the_intervals_overlap(low, high, is_noise):
    base, head = version(reports=evaluation(0.5, 0.3, 0.7)), version(reports=evaluation(0.8, low, high))
    assert compare(base, head)["evaluation"]["metrics"][0]["is_noise"] is is_noise


def several(value, deviation, seeds, n=40.0):
    numbers = {"style_score": value, "style_score_low": 0.0, "style_score_high": 1.0, "style_score_n": n}
    return {"evaluation": {"models": {"dpo": numbers | {"style_score_seeds": deviation}}, "seeds": seeds}}


@pytest.mark.parametrize(("after", "is_noise"), [(0.55, True), (0.57, True), (0.58, False), (0.42, False)])
def test_a_change_of_seeds_is_noise_where_welchs_interval_holds_0(after, is_noise):
    # deviation 0.05 and five seeds a side: 2.306 * sqrt(2 * 0.05**2 / 5) = 0.0729
    base, head = version(reports=several(0.5, 0.05, 5)), version(reports=several(after, 0.05, 5))
    row = compare(base, head)["evaluation"]["metrics"][0]
    assert (row["is_noise"], row["judged"]) == (is_noise, "seeds")
    change, low, high = row["change"]
    assert change == pytest.approx(after - 0.5)
    assert (low, high) == pytest.approx((change - 0.0729, change + 0.0729), abs=1e-4)


def test_fewer_seeds_tell_less():
    base, head = version(reports=several(0.5, 0.05, 5)), version(reports=several(0.58, 0.05, 2))
    assert compare(base, head)["evaluation"]["metrics"][0]["is_noise"]


def test_the_comment_says_how_a_figure_changed_and_of_whose_noise():
    base, head = version(reports=several(0.5, 0.05, 5)), version(reports=several(0.6, 0.05, 5, n=41.0))
    text = as_markdown(compare(base, head))
    assert "| `+0.1` |" in text or "+0.1 \\[+0.02708, +0.1729\\]" in text
    assert "**more than noise** of the seeds; 40 → 41 items" in text
    assert "1 of 1 figures differ by more than noise" in text


def shown(result):
    return [str(part).strip() for part in renderables(result)]


def test_the_terminal_says_a_change_with_its_intervals():
    base, head = version(reports=several(0.5, 0.05, 5)), version(reports=several(0.6, 0.05, 5))
    line = "dpo: style_score: 0.5 [0, 1] → 0.6 [0, 1], +0.1 [+0.02708, +0.1729]: more than noise of the seeds"
    assert line in shown(compare(base, head))


def test_figures_come_in_the_reports_order_and_only_those_that_moved():
    def figures(**values):
        models = {"base": values, "dpo": {name: value + 0.2 for name, value in values.items()}}
        return version(reports={"evaluation": {"models": models}})

    base = figures(distinct_1=0.4, preference_accuracy=0.5, style_score=0.3, style_score_low=0.2)
    head = figures(distinct_1=0.5, preference_accuracy=0.6, style_score=0.3, style_score_low=0.1)
    moved = moved_figures(compare(base, head))
    assert [(row["model"], row["metric"]) for row in moved] == [
        ("base", "preference_accuracy"),
        ("dpo", "preference_accuracy"),
        ("base", "distinct_1"),
        ("dpo", "distinct_1"),
    ]


def test_a_stage_that_asked_nobody_has_no_price():
    spent = {"replies": 3, "money": 1.0, "currency": "CNY"}
    nothing = {"replies": 0, "money": 0.0, "currency": "CNY"}
    base, head = version(reports={"cost/qa": spent}), version(reports={"cost/qa": spent, "cost/evaluate": nothing})
    assert compare(base, head)["price"]["changed"] == []


def test_price_and_reasons_of_stages_are_compared():
    def reports(money, count):
        cost = {"currency": "CNY", "money": money, "replies": 3}
        return {"cost/qa": cost, "coverage/qa": {"ok": 2, "reasons": {"refused": count}}}

    found = compare(version(reports=reports(1.0, 1)), version(reports=reports(1.5, 3)))
    assert found["price"]["changed"] == [{"stage": "qa", "what": "money", "before": 1.0, "after": 1.5}]
    assert found["stages"] == [{"stage": "qa", "what": "reasons: refused", "before": 1, "after": 3}]


def test_parameters_and_files_that_changed_are_named():
    base = version(params={"clean": {"min_characters": 6}}, inputs={"cast.yaml": "1", "prompts/qa.v2.yaml": "2"})
    head = version(params={"clean": {"min_characters": 8}}, inputs={"cast.yaml": "9", "src/new.py": "3"})
    found = compare(base, head)
    assert found["params"] == {"clean.min_characters": [6, 8]}
    assert found["inputs"] == {"cast.yaml": "changed", "prompts/qa.v2.yaml": "gone", "src/new.py": "new"}


def test_a_long_text_among_the_parameters_is_compared_word_by_word():
    persona = "你是沈更生，二十六岁的钟表匠，也是不昼城的打更人，分不清两个世界。你说话快、疯、自相矛盾。"
    sides = [version(params={"character": {"persona": text}}) for text in (persona, persona.replace("快", "慢"))]
    pieces = compare(*sides)["texts"]["character.persona"]
    assert [piece for piece in pieces if piece[0] != "="] == [["-", "快"], ["+", "慢"]]
    assert "你说话<del>快</del><ins>慢</ins>、疯、自相矛盾。" in as_markdown(compare(*sides))


# versions, with real git and DVC


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Two commits: in the second, the limit of clean is four characters, and one answer is worded anew."""
    folder = make_repository(tmp_path_factory.mktemp("history") / "repository")
    set_least(folder, 4)
    rows = [json.loads(row) for row in (folder / "source.jsonl").read_text(encoding="utf-8").splitlines()]
    rows[0] |= {"record_id": "a2", "answer": "沈更生敲的三更钟。"}
    write_source(folder, *rows)
    dvc(folder, "repro", "validate")
    commit(folder, "second")
    return folder


@pytest.fixture
def repository(history, tmp_path):
    """A copy of the history with its cache, to change."""
    return Path(shutil.copytree(history, tmp_path / "repository", symlinks=True))


@pytest.fixture
def without_cache(repository):
    shutil.rmtree(repository / ".dvc" / "cache")
    return repository


def outcome(result):
    counts = result["datasets"]["qa_v2"]["counts"]
    return {name: counts[name] for name in ("same", "changed", "dropped", "added", "removed")}


EXPECTED = {"same": 1, "changed": 1, "dropped": 1, "added": 0, "removed": 0}


def test_two_revisions_are_read_from_dvc(repository):
    result = diff(repository, "HEAD~1", "HEAD", quiet)
    assert outcome(result) == EXPECTED
    assert result["params"] == {"clean.min_characters": [2, 4]}
    assert result["inputs"] == {"source.jsonl": "changed"}
    assert result["datasets"]["qa_v2"]["changed"][0]["edits"] == [
        [["=", "answer: 沈更生敲的"], ["+", "三更"], ["=", "钟。"]]
    ]
    assert result["base"]["notes"] == result["head"]["notes"] == []


def test_a_revision_is_compared_with_the_working_tree_by_default(repository):
    assert outcome(diff(repository, "HEAD~1", None, quiet)) == EXPECTED


def test_rows_that_dvc_lost_are_made_again_once_and_the_same(without_cache):
    said = []
    first = diff(without_cache, "HEAD~1", "HEAD", said.append)
    assert outcome(first) == EXPECTED
    assert len(said) == 2
    shutil.rmtree(without_cache / ".dvc" / "cache", ignore_errors=True)
    assert diff(without_cache, "HEAD~1", "HEAD", quiet) == first
    assert first["base"]["notes"] == []


def test_making_rows_again_leaves_the_working_tree_and_the_list_of_trees_alone(without_cache):
    before = run(["git", "status", "--short"], without_cache).stdout
    diff(without_cache, "HEAD~1", "HEAD", lambda message: None)
    assert run(["git", "status", "--short"], without_cache).stdout == before
    assert run(["git", "worktree", "list"], without_cache).stdout.count("\n") == 1
    assert [path.name for path in (without_cache / ".dvc" / "tmp" / "huaben-diff").glob("tree-*")] == []


def test_a_damaged_copy_of_dvc_is_not_believed(repository):
    for path in (repository / ".dvc" / "cache" / "files").rglob("*"):
        if path.is_file() and not path.name.endswith(".dir"):
            path.chmod(0o644)
            path.write_bytes(path.read_bytes().replace(b"plot", b"plod"))
    said = []
    result = diff(repository, "HEAD~1", "HEAD", said.append)
    assert len(said) == 2
    assert "plod" not in json.dumps(result)
    assert outcome(result) == EXPECTED


def test_a_revision_whose_lock_is_older_than_its_files_is_made_again_and_says_so(repository):
    set_least(repository, 8)
    commit(repository, "third, without a run")
    said = []
    result = diff(repository, "HEAD~1", "HEAD", said.append)
    assert result["datasets"]["qa_v2"]["counts"]["dropped"] == 0
    assert result["datasets"]["qa_v2"]["rows"]["head"]["all"] == 2
    assert result["head"]["notes"] == ["HEAD: its dvc.lock is older than its files; clean had not run again"]
    assert said


def test_making_rows_again_sees_no_key_asks_nobody_and_reaches_no_store(without_cache, monkeypatch, tmp_path):
    script = (without_cache / "stage.py").read_text(encoding="utf-8")
    seen = '[os.environ.get("MY_KEY"), os.path.exists(os.environ["HUABEN_STORE"]), open("params.yaml").read()]'
    script = script.replace('"observed": count', f'"observed": {seen}').replace("import json", "import os, json", 1)
    (without_cache / "stage.py").write_text(script, encoding="utf-8")
    params = "clean:\n  min_characters: 2\nllm:\n  api_key_env: MY_KEY\n  provider: openai\n"
    (without_cache / "params.yaml").write_text(params, encoding="utf-8")
    commit(without_cache, "third")
    (tmp_path / "store").write_text("paid replies", encoding="utf-8")
    monkeypatch.setenv("HUABEN_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MY_KEY", "sk-secret")
    result = diff(without_cache, "HEAD~1", "HEAD", lambda message: None)
    reports = (without_cache / ".dvc" / "tmp" / "huaben-diff").glob("*/reports/gates.json")
    gates = [json.loads(path.read_text(encoding="utf-8"))["gates"]["qa_v2.suite.volume"] for path in reports]
    ((key, is_store_there, text),) = [gate["observed"] for gate in gates if isinstance(gate["observed"], list)]
    assert (key, is_store_there) == (None, False)
    assert "provider: recorded" in text
    assert result["params"]["llm.provider"] == [None, "openai"]


def test_a_repository_in_a_folder_of_gits_is_compared(history, tmp_path):
    run(["git", "init", "--quiet"], tmp_path)
    inner = Path(shutil.copytree(history, tmp_path / "inner", ignore=shutil.ignore_patterns(".git")))
    run(["git", "-C", str(inner), "add", "--all"], tmp_path)
    commit(tmp_path, "as a folder")
    set_least(inner, 8)
    dvc(inner, "repro", "validate")
    commit(tmp_path, "eight")
    shutil.rmtree(inner / ".dvc" / "cache")
    assert outcome(diff(inner, "HEAD~1", "HEAD", lambda message: None))["dropped"] == 0


def test_a_gate_that_fails_in_the_rebuilt_revision_is_a_result(repository):
    set_least(repository, 10)
    dvc(repository, "repro", "validate", check=False)
    commit(repository, "third, which fails its gate")
    result = diff(repository, "HEAD~1", "HEAD", lambda message: None)
    assert [gate["name"] for gate in result["gates"]["broken"]] == ["qa_v2.suite.volume"]
    assert result["datasets"]["qa_v2"]["counts"]["dropped"] == 1


def test_a_revision_that_cannot_be_made_again_says_what_it_lacks(without_cache):
    (without_cache / "stage.py").write_text("raise SystemExit('huaben: the replies are missing')\n", encoding="utf-8")
    commit(without_cache, "third, which does not run")
    result = diff(without_cache, "HEAD", "HEAD~1", lambda message: None)
    assert result["datasets"] is None
    assert "HEAD: it has no rows to compare; `dvc repro validate` failed there: " in result["base"]["notes"][-1]
    assert "the replies are missing" in result["base"]["notes"][-1]
    assert result["gates"]["broken"] == []


def test_edits_that_the_working_tree_has_not_run_yet_are_said(repository):
    set_least(repository, 8)
    result = diff(repository, "HEAD", None, quiet)
    assert result["head"]["notes"] == [
        "the working tree has edits that its rows do not show yet: `dvc repro validate` would run clean again"
    ]


def test_rows_left_from_another_revision_are_said(repository):
    run(["git", "checkout", "--quiet", "HEAD~1"], repository)
    result = diff(repository, "main", None, quiet)
    assert "is not what dvc.lock names; run `dvc checkout` or `dvc repro`" in result["head"]["notes"][0]


def test_two_folders_of_repositories_are_compared(history, tmp_path):
    old = Path(shutil.copytree(history, tmp_path / "old", symlinks=True))
    run(["git", "checkout", "--quiet", "HEAD~1"], old)
    dvc(old, "checkout", "--quiet")
    assert outcome(diff(tmp_path, str(old), str(history), quiet)) == EXPECTED


def full(row):
    """A row with every column that a release declares."""
    provenance = {"prompt": None, "model": None, "written_by": None, **row["provenance"]}
    return {**row, "evidence": None, "provenance": provenance}


@pytest.fixture
def releases(tmp_path):
    rows = [full(qa("a", "一？", "一。")), full(qa("b", "二？", "二。"))]
    for name, found in (("old", rows), ("new", [rows[0], full(qa("b", "二？", "二二。"))])):
        write_parquet(tmp_path / name / "qa_v2" / "train-00000-of-00001.parquet", "qa_v2", found)
        write_checksums(tmp_path / name)
    return tmp_path


def test_two_releases_are_compared_by_their_rows(releases):
    result = diff(releases, str(releases / "old"), str(releases / "new"), quiet)
    assert outcome(result) == {"same": 1, "changed": 1, "dropped": 0, "added": 0, "removed": 0}
    assert result["gates"] is None
    assert "is a release: it holds no dropped rows, reasons, gates, price or evaluation" in result["head"]["notes"][0]


def test_a_release_that_was_tampered_with_is_said(releases):
    (releases / "new" / "README.md").write_text("new", encoding="utf-8")
    result = diff(releases, str(releases / "old"), str(releases / "new"), quiet)
    assert result["head"]["notes"][1].endswith("is not as it was published: README.md")


# bad usage


def refusal(root, *names):
    with pytest.raises(InputError) as refused:
        diff(root, *names, quiet)
    return str(refused.value)


def test_an_unknown_name_is_refused(repository):
    assert refusal(repository, "nope", None) == (
        "'nope': neither a revision of this repository nor a folder; `git log` names revisions"
    )
    assert "neither a revision" in refusal(repository, "--output=x", None)
    assert "an empty name" in refusal(repository, " ", None)


def test_a_folder_that_holds_no_version_is_refused(repository, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "neither a release (SHA256SUMS) nor a dataset repository" in refusal(
        repository, str(tmp_path / "empty"), None
    )


def test_outside_a_repository_a_revision_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "no git repository here" in refusal(tmp_path, "main", None)


def test_a_shallow_clone_is_told_what_to_fetch(history, tmp_path):
    run(["git", "clone", "--quiet", "--depth=1", f"file://{history}", str(tmp_path / "shallow")], tmp_path)
    assert "`fetch-depth: 0`" in refusal(tmp_path / "shallow", "HEAD~1", None)


def test_a_name_that_is_a_folder_and_a_revision_is_refused(repository, monkeypatch):
    monkeypatch.chdir(repository)
    run(["git", "branch", "dataset"], repository)
    write_parquet(
        repository / "dataset" / "qa_v2" / "train-00000-of-00001.parquet", "qa_v2", [full(qa("a", "一？", "一。"))]
    )
    write_checksums(repository / "dataset")
    assert "is a folder and a revision; write ./dataset or refs/heads/dataset" in refusal(repository, "dataset", None)
    assert diff(repository, "./dataset", "HEAD", quiet)["base"]["name"] == "./dataset"


def test_a_revision_older_than_the_pipeline_is_refused(repository):
    run(["git", "checkout", "--quiet", "--orphan", "before"], repository)
    run(["git", "rm", "--quiet", "--cached", "dvc.yaml", "dvc.lock"], repository)
    (repository / "dvc.yaml").rename(repository / "kept.yaml")
    commit(repository, "before there was a pipeline")
    assert "has no dvc.yaml here; it is older than the pipeline" in refusal(repository, "before", "main")


def test_rows_of_an_older_layout_are_refused_with_the_way_out(repository):
    write_source(repository, {"id": 1, "answer": "一一一一。"}, {"id": 2, "answer": "二二二二。"})
    dvc(repository, "repro", "validate")
    commit(repository, "rows without record_id")
    found = refusal(repository, "HEAD", "HEAD~1")
    assert "has no record_id or no provenance: it is of an older layout" in found
    assert "compare with a later revision" in found


# the command


def invoke(folder, monkeypatch, *arguments):
    monkeypatch.chdir(folder)
    return CliRunner().invoke(cli, ["diff", *arguments])


def test_the_same_revision_is_no_change(repository, monkeypatch):
    done = invoke(repository, monkeypatch, "HEAD", "main")
    assert done.exit_code == 0
    assert "no change: both are one commit" in done.output


def test_the_terminal_marks_changes_also_without_colours(repository, monkeypatch):
    done = invoke(repository, monkeypatch, "HEAD~1")
    assert done.exit_code == 0
    assert "answer: 沈更生敲的{+三更+}钟。" in done.output
    assert "1 rows: kept → clean: short" in done.output


def test_json_and_markdown_are_the_same_bytes_on_every_run(repository):
    outputs = set()
    for seed in ("1", "2"):
        command = ["huaben", "diff", "HEAD~1", "--markdown", f"{seed}.md", "--json", f"{seed}.json"]
        run(command, repository, PYTHONHASHSEED=seed, TZ="Asia/Shanghai", LC_ALL="C")
        outputs.add(((repository / f"{seed}.md").read_bytes(), (repository / f"{seed}.json").read_bytes()))
    assert len(outputs) == 1
    assert json.loads(outputs.pop()[1])["params"] == {"clean.min_characters": [2, 4]}


def test_one_dash_is_standard_output_and_nothing_else_is_printed(repository, monkeypatch):
    done = invoke(repository, monkeypatch, "HEAD~1", "--json", "-")
    assert json.loads(done.stdout)["head"]["name"] == "the working tree"


def test_two_dashes_are_refused(repository, monkeypatch):
    done = invoke(repository, monkeypatch, "HEAD~1", "--json", "-", "--markdown", "-")
    assert isinstance(done.exception, InputError)


def test_without_rows_the_rest_is_reported_and_the_exit_code_is_one(repository, monkeypatch):
    shutil.rmtree(repository / "data")
    done = invoke(repository, monkeypatch, "HEAD~1", "--markdown", "diff.md")
    assert done.exception.exit_code == 1
    assert "not compared, as a side has none" in (repository / "diff.md").read_text(encoding="utf-8")
