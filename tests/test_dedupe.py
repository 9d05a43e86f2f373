"""Which record of near duplicates stays, and which removed which."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from alike import ANSWER, QUESTION, outcome, pair, piece, qa, source, talk
from huaben.files import read_json, read_jsonl, write_jsonl
from huaben.records import QA, Aspect, Conversation, Line, Message, Summary
from huaben.refine.compared import bare, text_of
from huaben.refine.stages import run_dedupe

THRESHOLDS = (0.8, 0.85, 0.9, 0.95)
SPLITS = st.sampled_from(["train", "validation", "test"])

# who removes whom


def test_of_equal_texts_the_first_by_id_stays_and_the_others_name_it():
    records = [piece("钟停了，是水敲的。", "c"), piece("钟停了，是水敲的。", "a"), piece("钟停了，它是水敲的", "b")]
    assert outcome([*records, piece("九十年没亮过天了。", "d")], 0.85) == (
        ["b", "d"],
        [("a", "near duplicate", "b"), ("c", "near duplicate", "b")],
    )
    assert outcome([records[0], records[1]]) == (["a"], [("c", "exact duplicate", "a")])


def test_width_case_marks_and_blanks_make_no_other_text_but_a_point_in_a_number_does():
    assert bare("Ａ钟 停了——“1.5”更！\n") == "a钟停了1.5更"
    assert outcome([piece("钟停了，在 3 点", "a"), piece("钟停了！在３点……", "b")]) == (
        ["a"],
        [("b", "exact duplicate", "a")],
    )
    assert outcome([piece("加价1.5成", "a"), piece("加价15成", "b")], 0.95) == (["a", "b"], [])


def test_a_question_with_evidence_stays_before_one_without_and_then_the_longer_reply():
    bare_one = qa(QUESTION, ANSWER + "对。", "a", evidence=None)
    short = qa(QUESTION, ANSWER, "b")
    longer = qa(QUESTION, ANSWER + "对", "c")
    assert outcome([bare_one, short, longer], 0.95, "qa_v2") == (
        ["c"],
        [("a", "exact duplicate", "c"), ("b", "near duplicate", "c")],
    )


def test_a_held_out_record_stays_whatever_the_worth_of_the_one_in_train():
    train = qa(QUESTION, ANSWER + "对", "a")
    test = qa(QUESTION, ANSWER, "b", "test", 2, evidence=None)
    assert outcome([train, test], 0.95, "qa_v2") == (["b"], [("a", "near duplicate", "b")])


@pytest.mark.parametrize(
    ("one", "two", "kept"),
    [
        ("train", "test", "two"),
        ("train", "validation", "two"),
        ("validation", "test", "two"),
        ("test", "train", "one"),
        ("train", "train", "one"),
    ],
)
def test_a_copy_of_a_held_out_record_goes_from_train(one, two, kept):
    records = [piece("钟停了，是水敲的。", "one", one), piece("钟停了，是水敲的。", "two", two)]
    other = "two" if kept == "one" else "one"
    assert outcome(records) == ([kept], [(other, "exact duplicate", kept)])


def test_a_chain_is_not_followed_a_record_goes_only_by_one_that_stays():
    chain = [piece("a" * 20, "1"), piece("a" * 18 + "bb", "2"), piece("a" * 16 + "bbbb", "3")]
    assert outcome(chain) == (["1", "3"], [("2", "near duplicate", "1")])


def test_a_train_pair_with_a_held_out_prompt_goes_whatever_its_answers():
    records = [
        pair("你昨晚敲钟了吗？", "我没敲，是水敲的，水会敲钟，你听，它在钟里头。", "a"),
        pair("你昨晚敲钟了吗？", "三更差一刻，两边都准，要哪一边？都得加钱。", "b", "test"),
        pair("你昨晚敲钟了吗？", "别端水，水一端就停，停了就回不去，你别端。", "c"),
        pair("九十年没亮过天了？", "天在锅里，锅在灶上，灶在城门外头烧着呢。", "d", "validation"),
    ]
    assert outcome(records, dataset="preference") == (
        ["b", "d"],
        [("a", "prompt of a held-out pair", "b"), ("c", "prompt of a held-out pair", "b")],
    )


def test_pairs_of_one_split_may_share_a_prompt():
    records = [
        pair("你昨晚敲钟了吗？", "我没敲，是水敲的，水会敲钟，你听，它在钟里头。", "a"),
        pair("你昨晚敲钟了吗？", "三更差一刻，两边都准，要哪一边？都得加钱。", "b"),
    ]
    assert outcome(records, dataset="preference") == (["a", "b"], [])


def test_one_line_may_stand_against_its_rewrite_and_against_a_sober_character_but_in_one_split():
    sober = pair("你昨晚敲钟了吗？", "我没敲，是水敲的，水会敲钟，你听，它在钟里头。", "a")
    rewritten = sober.model_copy(update={"record_id": "b", "way": "grounded"})
    again = rewritten.model_copy(update={"record_id": "c"})
    assert outcome([sober, rewritten, again], dataset="preference") == (["a", "b"], [("c", "exact duplicate", "b")])
    held_out = sober.model_copy(update={"record_id": "d", "split": "test"})
    assert outcome([rewritten, held_out], dataset="preference")[0] == ["d"]


def test_who_removed_a_record_always_stays():
    """`b` goes by its prompt; what is like `b` alone goes by nobody."""
    tail = "我没敲，是水敲的，水会敲钟，你听，它在钟里头，它一直在钟里头。"
    records = [
        pair("钟一二三四五六七八九十", "三更差一刻，两边都准，要哪一边？都得加钱，加两份。", "a", "test"),
        pair("钟一二三四五六七八九", tail, "b"),
        pair("钟一二三四五六七", tail, "c"),
    ]
    kept, dropped = outcome(records, dataset="preference")
    assert kept == ["a", "c"]
    assert dropped == [("b", "prompt of a held-out pair", "a")]


def test_a_record_without_words_to_compare_stays():
    assert outcome([piece("", "a"), piece("", "b")]) == (["a", "b"], [])


@given(
    st.lists(st.tuples(st.text(alphabet="ab好。", max_size=8), SPLITS, st.integers(1, 2)), max_size=9),
    st.sampled_from(THRESHOLDS),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_input_changes_nothing_and_nothing_is_lost(texts, threshold, repeats, chance):
    records = [pair(t or "?", t * 2 or "?", f"r{i}", split, chapter) for i, (t, split, chapter) in enumerate(texts)]
    rules = {"threshold": threshold, "dataset": "preference", "repeats": ["preference"] if repeats else []}
    guards = [talk("好a", "好a好a", "g1", "test"), talk("bb", "bbbb", "g2", "validation")]
    kept, dropped = outcome(records, **rules, held_out={"dialogue": guards})
    chance.shuffle(records)
    assert outcome(records, **rules, held_out={"dialogue": guards[::-1]}) == (kept, dropped)
    assert sorted([*kept, *(one for one, _, _ in dropped)]) == sorted(r.record_id for r in records)
    assert {by for _, _, by in dropped} <= {*kept, "g1", "g2"}
    staying = [record for record in records if record.record_id in kept]
    for one, two in combinations(staying, 2):
        if one.split != two.split:
            assert not alike(text_of(one), text_of(two), threshold)
            assert not alike(one.prompt[0].content, two.prompt[0].content, max(threshold, 0.9))
        elif not repeats or one.provenance.chapter == two.provenance.chapter:
            assert not alike(text_of(one), text_of(two), threshold)
    for one in staying:
        assert one.split != "train" or not any(alike(text_of(one), text_of(guard), threshold) for guard in guards)


def alike(a, b, threshold):
    a, b = bare(a), bare(b)
    return bool(a and b) and fuzz.ratio(a, b) / 100 >= threshold


# what is compared


def test_each_kind_of_record_is_compared_by_its_words():
    message = Message(role="user", content="谁？")
    reply = Message(role="assistant", content="水。")
    fields = {"record_id": "x", "split": "train", "provenance": source(1)}
    aspects = (Aspect(aspect="plot", text="钟停了。"),)
    assert text_of(Conversation(character="b", scene=1, messages=(message, reply), **fields)) == "谁？\n水。"
    assert text_of(QA(angle="plot", question="谁？", answer="水。", evidence=None, **fields)) == "谁？\n水。"
    assert text_of(Summary(title="停钟", summary="钟停了。", aspects=aspects, **fields)) == "钟停了。"
    assert text_of(pair("谁？", "水敲的。", "x")) == "谁？\n水敲的。"
    assert text_of(piece("钟停了。")) == "钟停了。"


def test_lines_are_not_compared():
    fields = {"start": 0, "end": 1, "text": "钟", "kind": "speech", "depth": 0, "scene": 1, "provenance": source(1)}
    with pytest.raises(TypeError, match="Line"):
        text_of(Line(record_id="x", split="train", chapter=1, **fields))


def test_the_stage_deduplicates_what_has_a_threshold_and_passes_on_the_rest(make_params, tmp_path):
    params = make_params(
        llm={"provider": "none"},
        preference={"ways": ["contrast"]},
        dedupe={"thresholds": {"pretrain": 0.9, "preference": 0.9}},
    )
    twins = [piece("钟停了，是水敲的。", "b", "test"), piece("钟停了，是水敲的。", "a")]
    talks = [talk("谁？", "我没敲，是水敲的。", "q", "test", 2), talk("谁？", "我没敲，是水敲的。", "r", "test", 3)]
    pairs = [pair("谁？", "我没敲，是水敲的。", "p"), pair("谁？", "三更差一刻，两边都准。", "s")]
    rows = {"lines": [], "dialogue_raw": [], "dialogue": talks, "preference": pairs, "pretrain": twins}
    for name, records in rows.items():
        write_jsonl(tmp_path / "in" / f"{name}.jsonl", (record.row() for record in records))
    run_dedupe(tmp_path / "in", tmp_path / "out", tmp_path / "coverage.json", params)
    assert [row["record_id"] for row in read_jsonl(tmp_path / "out" / "dialogue.jsonl")] == ["q", "r"]
    assert [row["record_id"] for row in read_jsonl(tmp_path / "out" / "preference.jsonl")] == ["s"]
    (pair_row,) = read_jsonl(tmp_path / "out" / "dropped" / "preference.jsonl")
    assert (pair_row["reason"], pair_row["by"]) == ("near copy of a held-out record of dialogue", "q")
    assert [row["record_id"] for row in read_jsonl(tmp_path / "out" / "pretrain.jsonl")] == ["b"]
    (dropped,) = read_jsonl(tmp_path / "out" / "dropped" / "pretrain.jsonl")
    assert (dropped["reason"], dropped["by"], dropped["record"]["record_id"]) == ("exact duplicate", "b", "a")
    metrics = read_json(tmp_path / "coverage.json")
    assert metrics["datasets"]["pretrain"] == {"input": 2, "kept": 1, "dropped": 1}
    assert metrics["dropped"] == {
        "preference: near copy of a held-out record of dialogue": 1,
        "pretrain: exact duplicate": 1,
    }
