"""Near duplicates, exactly: every pair that brute force finds, and who removes whom."""

import random
from itertools import combinations, count

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from huaben.files import read_json, read_jsonl, write_jsonl
from huaben.records import QA, Aspect, Conversation, Line, Message, Piece, Preference, Provenance, Summary
from huaben.refine.dedupe import CHUNK, deduplicate, find_duplicates, find_reorderings, text_of
from huaben.refine.stages import run_dedupe

THRESHOLDS = (0.8, 0.85, 0.9, 0.95)
SOURCE = Provenance(novel="small", chapter=1, chapter_id="c1")


def brute(texts, threshold):
    """Compare every pair, one by one."""
    scored = (
        (i, j, fuzz.ratio(texts[i], texts[j]) / 100)
        for i, j in combinations(range(len(texts)), 2)
        if texts[i] and texts[j]
    )
    return [(i, j, similarity) for i, j, similarity in scored if similarity >= threshold]


def found(texts, threshold):
    return [(int(i), int(j), float(s)) for i, j, s in zip(*find_duplicates(texts, threshold), strict=True)]


ADVERSARIAL = ["a", "b", "aa", "ab", "ba", "aaa", "aab", "aba", "a" * 9, "a" * 10, "ab" * 5, "ba" * 5, "a" * 9 + "b"]
"""Short and repetitive strings, many of whose similarities are thresholds to the last bit."""
ADVERSARIAL += ["好" * n for n in range(1, 22)] + ["好" * n + "坏" for n in range(20)]
ADVERSARIAL += ["", "", " ", "\n", "👍", "𠮷"]
STRINGS = st.lists(
    st.one_of(
        st.text(alphabet="ab", max_size=12),
        st.text(alphabet="钟停水敲。 ", max_size=24),
        st.text(max_size=8),
        st.builds(lambda unit, times: unit * times, st.text(min_size=1, max_size=3), st.integers(0, 30)),
    ),
    max_size=14,
)


@pytest.mark.parametrize("threshold", (*THRESHOLDS, 0.0, 0.5, 2 / 3, 1.0, 1.1))
def test_short_and_repetitive_strings_give_what_brute_force_gives(threshold):
    assert found(ADVERSARIAL, threshold) == brute(ADVERSARIAL, threshold)


@given(STRINGS, st.sampled_from(THRESHOLDS))
@example(["", "", ""], 0.8)
@example(["aaaa", "aaaaab"], 0.8)
@example(["a" * 19, "a" * 21], 0.95)
@example(["\ud800", "\ud800"], 0.9)
def test_any_strings_give_what_brute_force_gives(texts, threshold):
    assert found(texts, threshold) == brute(texts, threshold)


LONGER = st.lists(st.text(alphabet="ab好", min_size=60, max_size=90), min_size=2, max_size=6)
SPLITS = st.sampled_from(["train", "validation", "test"])


@given(LONGER, st.sampled_from(THRESHOLDS))
def test_longer_strings_give_what_brute_force_gives(texts, threshold):
    texts = [*texts, texts[0][:-3], texts[1] + "好好", texts[0][::-1]]
    assert found(texts, threshold) == brute(texts, threshold)


@pytest.mark.parametrize("n_rows", [CHUNK, CHUNK + 1, CHUNK + 150])
def test_more_rows_than_are_compared_at_a_time_give_what_brute_force_gives(n_rows):
    chance = random.Random(7)
    texts = ["".join(chance.choices("钟停水敲", k=5)) for _ in range(n_rows)]
    assert len(found(texts, 0.9)) > 100
    assert found(texts, 0.9) == brute(texts, 0.9)


def test_a_similarity_of_exactly_the_threshold_is_in():
    assert found(["aaaa", "aaaaab"], 0.8) == [(0, 1, 0.8)]
    assert found(["a" * 9, "a" * 11], 0.9) == [(0, 1, 0.9)]
    assert found(["a" * 19, "a" * 21], 0.95) == [(0, 1, 0.95)]
    assert found(["a" * 19, "a" * 21], np.nextafter(0.95, 1)) == []


def test_empty_strings_are_no_pairs_and_blanks_are_compared_as_given():
    assert found(["", "", "钟"], 0.8) == []
    assert found([" ", " ", "  "], 0.9) == [(0, 1, 1.0)]
    assert found(["钟停了。", "钟停了"], 1.0) == []


@pytest.mark.parametrize("texts", [[], ["钟"], [""], ["", "钟", ""]])
def test_without_two_texts_there_is_no_pair(texts):
    pairs = find_duplicates(texts, 0.8)
    assert [len(column) for column in pairs] == [0, 0, 0]
    assert (pairs.i.dtype, pairs.similarity.dtype) == (np.dtype(np.int64), np.dtype(np.float64))


def test_the_pairs_come_as_named_arrays_in_order():
    pairs = find_duplicates(["钟停了吗", "", "水敲的钟", "水敲的钟", "钟停了吗"], 0.9)
    assert (pairs.i.tolist(), pairs.j.tolist(), pairs.similarity.tolist()) == ([0, 2], [4, 3], [1.0, 1.0])


# reorderings


def test_clauses_in_another_order_are_a_reordering():
    texts = ["钟停了，水敲的。你听！", "你听！钟停了，水敲的。", "灯灭了，碗还热着。"]
    pairs = find_reorderings(texts, 0.95)
    assert (pairs.i.tolist(), pairs.j.tolist(), pairs.similarity.tolist()) == ([0], [1], [1.0])


def test_what_is_a_duplicate_as_it_stands_is_no_reordering():
    assert find_reorderings(["钟停了，水敲的。", "钟停了，水敲的。"], 0.9).i.tolist() == []


def test_texts_of_marks_alone_are_no_reorderings():
    assert find_reorderings(["。，！", "！，。", "", " "], 0.8).i.tolist() == []


# who removes whom

ids = count()


def piece(text, record_id=None, split="train"):
    return Piece(record_id=record_id or f"t{next(ids):03}", split=split, text=text, provenance=SOURCE)


def pair(prompt, chosen, record_id, split="train"):
    def side(role, text):
        return (Message(role=role, content=text),)

    return Preference(
        record_id=record_id,
        split=split,
        way="contrast",
        prompt=side("user", prompt),
        chosen=side("assistant", chosen),
        rejected=side("assistant", "我没有敲过钟。"),
        provenance=SOURCE,
    )


def outcome(records, threshold=0.9):
    """Return the ids kept, and (dropped, reason, by) of the others."""
    sifted = deduplicate(records, threshold)
    dropped = [(row["record"]["record_id"], row["reason"], row["by"]) for row in sifted.dropped]
    return [record.record_id for record in sifted.kept], sorted(dropped)


def test_of_equal_texts_the_first_by_id_stays_and_the_others_name_it():
    records = [piece("钟停了，是水敲的。", "c"), piece("钟停了，是水敲的。", "a"), piece("钟停了，是水敲的", "b")]
    assert outcome([*records, piece("九十年没亮过天了。", "d")]) == (
        ["a", "d"],
        [("b", "near duplicate", "a"), ("c", "exact duplicate", "a")],
    )


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
    assert outcome(records) == (
        ["b", "d"],
        [("a", "prompt of a held-out pair", "b"), ("c", "prompt of a held-out pair", "b")],
    )


def test_pairs_of_one_split_may_share_a_prompt():
    records = [
        pair("你昨晚敲钟了吗？", "我没敲，是水敲的，水会敲钟，你听，它在钟里头。", "a"),
        pair("你昨晚敲钟了吗？", "三更差一刻，两边都准，要哪一边？都得加钱。", "b"),
    ]
    assert outcome(records) == (["a", "b"], [])


def test_who_removed_a_record_always_stays():
    """`b` goes by its prompt; what is like `b` alone goes by nobody."""
    tail = "我没敲，是水敲的，水会敲钟，你听，它在钟里头，它一直在钟里头。"
    records = [
        pair("钟一二三四五六七八九十", "三更差一刻，两边都准，要哪一边？都得加钱，加两份。", "a", "test"),
        pair("钟一二三四五六七八九", tail, "b"),
        pair("钟一二三四五六七", tail, "c"),
    ]
    kept, dropped = outcome(records)
    assert kept == ["a", "c"]
    assert dropped == [("b", "prompt of a held-out pair", "a")]


def test_a_record_without_words_to_compare_stays():
    assert outcome([piece("", "a"), piece("", "b")]) == (["a", "b"], [])


@given(
    st.lists(st.tuples(st.text(alphabet="ab好", max_size=8), SPLITS), max_size=9),
    st.sampled_from(THRESHOLDS),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_input_changes_nothing_and_nothing_is_lost(texts, threshold, chance):
    records = [pair(text or "?", text * 2 or "?", f"r{i}", split) for i, (text, split) in enumerate(texts)]
    kept, dropped = outcome(records, threshold)
    chance.shuffle(records)
    assert outcome(records, threshold) == (kept, dropped)
    assert sorted([*kept, *(one for one, _, _ in dropped)]) == sorted(r.record_id for r in records)
    assert {by for _, _, by in dropped} <= set(kept)
    staying = {r.record_id: r for r in records if r.record_id in kept}
    texts_kept = [text_of(r) for r in staying.values()]
    assert brute(texts_kept, threshold) == []
    for one, two in combinations(staying.values(), 2):
        alike = fuzz.ratio(one.prompt[0].content, two.prompt[0].content) / 100 >= threshold
        assert one.split == two.split or not alike


# what is compared


def test_each_kind_of_record_is_compared_by_its_words():
    message = Message(role="user", content="谁？")
    reply = Message(role="assistant", content="水。")
    fields = {"record_id": "x", "split": "train", "provenance": SOURCE}
    aspects = (Aspect(aspect="plot", text="钟停了。"),)
    assert text_of(Conversation(character="b", scene=1, messages=(message, reply), **fields)) == "谁？\n水。"
    assert text_of(QA(angle="plot", question="谁？", answer="水。", evidence=None, **fields)) == "谁？\n水。"
    assert text_of(Summary(title="停钟", summary="钟停了。", aspects=aspects, **fields)) == "钟停了。"
    assert text_of(pair("谁？", "水敲的。", "x")) == "谁？\n水敲的。"
    assert text_of(piece("钟停了。")) == "钟停了。"


def test_lines_are_not_compared():
    fields = {"start": 0, "end": 1, "text": "钟", "kind": "speech", "depth": 0, "scene": 1, "provenance": SOURCE}
    with pytest.raises(TypeError, match="Line"):
        text_of(Line(record_id="x", split="train", chapter=1, **fields))


def test_the_stage_deduplicates_what_has_a_threshold_and_passes_on_the_rest(make_params, tmp_path):
    params = make_params(
        llm={"provider": "none"},
        preference={"ways": ["contrast"]},
        dedupe={"thresholds": {"pretrain": 0.9}},
    )
    twins = [piece("钟停了，是水敲的。", "b", "test"), piece("钟停了，是水敲的。", "a")]
    pairs = [pair("谁？", "我没敲，是水敲的。", "p"), pair("谁？", "我没敲，是水敲的。", "q")]
    rows = {"lines": [], "dialogue_raw": [], "dialogue": [], "preference": pairs, "pretrain": twins}
    for name, records in rows.items():
        write_jsonl(tmp_path / "in" / f"{name}.jsonl", (record.row() for record in records))
    run_dedupe(tmp_path / "in", tmp_path / "out", tmp_path / "coverage.json", params)
    assert [row["record_id"] for row in read_jsonl(tmp_path / "out" / "preference.jsonl")] == ["p", "q"]
    assert [row["record_id"] for row in read_jsonl(tmp_path / "out" / "pretrain.jsonl")] == ["b"]
    (dropped,) = read_jsonl(tmp_path / "out" / "dropped" / "pretrain.jsonl")
    assert (dropped["reason"], dropped["by"], dropped["record"]["record_id"]) == ("exact duplicate", "b", "a")
    metrics = read_json(tmp_path / "coverage.json")
    assert metrics["datasets"]["pretrain"] == {"input": 2, "kept": 1, "dropped": 1}
    assert metrics["dropped"] == {"pretrain: exact duplicate": 1}
