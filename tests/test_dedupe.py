"""Which record of near duplicates stays, and which removed which."""

from itertools import combinations, count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from huaben.files import read_json, read_jsonl, write_jsonl
from huaben.records import QA, Aspect, Conversation, Line, Message, Piece, Preference, Provenance, Summary
from huaben.refine.dedupe import deduplicate, text_of
from huaben.refine.stages import run_dedupe

THRESHOLDS = (0.8, 0.85, 0.9, 0.95)
SOURCE = Provenance(novel="small", chapter=1, chapter_id="c1")
SPLITS = st.sampled_from(["train", "validation", "test"])


def brute(texts, threshold):
    """Compare every pair, one by one."""
    scored = (
        (i, j, fuzz.ratio(texts[i], texts[j]) / 100)
        for i, j in combinations(range(len(texts)), 2)
        if texts[i] and texts[j]
    )
    return [(i, j, similarity) for i, j, similarity in scored if similarity >= threshold]


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
