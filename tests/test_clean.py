"""Cleaning, step by step in the order of DESIGN.md section 3.1, and what holds of every text."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huaben.files import read_json, read_jsonl, write_jsonl
from huaben.params import Clean
from huaben.records import DATASETS, QA, Aspect, Conversation, Line, Message, Piece, Preference, Provenance, Summary
from huaben.refine.clean import clean, clean_conversation
from huaben.refine.stages import run_clean

PARAMS = Clean(min_characters=6, greetings=["更生", "说话", "你还好吧"], seed=7)
SOURCE = Provenance(novel="small", chapter=1, chapter_id="c1")
LONG = "钟停了，是水敲的。"


def talk(*said, record_id="r1"):
    """Return a conversation: `u:` is said by the user, `a:` by the character; message i has the span (i, i + 1)."""
    roles = {"u": "user", "a": "assistant", "s": "system"}
    messages = tuple(
        Message(role=roles[one[0]], content=one[2:], speaker="ab"["ua".find(one[0])], spans=((i, i + 1),))
        for i, one in enumerate(said)
    )
    return Conversation(
        record_id=record_id, split="train", character="b", scene=1, messages=messages, provenance=SOURCE
    )


def cleaned(*said, joiner="", params=PARAMS):
    """Return the messages that are left in the form of `talk`, or the reason why none is."""
    outcome = clean_conversation(talk(*said), params, joiner)
    return outcome if isinstance(outcome, str) else [f"{m.role[0]}:{m.content}" for m in outcome.messages]


# 1 strip


def test_blanks_at_the_ends_of_a_message_go():
    assert cleaned("u: \n你说。\u3000", f"a:\t{LONG} ") == ["u:你说。", f"a:{LONG}"]


def test_a_human_message_of_blanks_is_none():
    assert cleaned("u:你说。", "u: \u3000", f"a:{LONG}", "u:\n", f"a:{LONG}") == ["u:你说。", f"a:{LONG}{LONG}"]


# 2 merge


def test_consecutive_messages_of_one_side_become_one_and_keep_their_spans():
    outcome = clean_conversation(talk("u:一。", "u:二。", "a:钟停了。", "a:是水敲的。"), PARAMS, "")
    assert [(m.content, m.spans) for m in outcome.messages] == [
        ("一。二。", ((0, 1), (1, 2))),
        ("钟停了。是水敲的。", ((2, 3), (3, 4))),
    ]


def test_english_pieces_are_joined_by_a_blank():
    assert cleaned("u:Who?", "u: Me.", "a:It was the ", "a: ", "a:water.", joiner=" ") == [
        "u:Who? Me.",
        "a:It was the water.",
    ]


def test_a_message_merged_from_two_people_names_neither():
    two = talk("u:一。", "u:二。", f"a:{LONG}")
    other = two.messages[1].model_copy(update={"speaker": "c"})
    outcome = clean_conversation(
        two.model_copy(update={"messages": (two.messages[0], other, two.messages[2])}), PARAMS, ""
    )
    assert [m.speaker for m in outcome.messages] == [None, "b"]


def test_short_pieces_count_together_as_merging_comes_first():
    assert cleaned("u:谁？", "a:我没敲。", "a:水敲的。") == ["u:谁？", "a:我没敲。水敲的。"]


# 3 drop short replies, with what they answer


@pytest.mark.parametrize(
    ("reply", "stays"),
    [
        ("钟停了是水", False),
        ("钟停了是水敲", True),
        ("钟，停！了。是——水……", False),
        ("三点17分。", False),
        ("三点17分到", True),
        ("abcdef", True),
        ("      ", False),
        ("", False),
        ("……", False),
        ("………………", False),
        ("👍👍👍👍👍👍👍", False),
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", False),
        ("①②③④⑤⑥", True),
    ],
)
def test_letters_and_digits_are_counted_and_nothing_else(reply, stays):
    assert cleaned("u:先说。", f"a:{LONG}", "u:谁？", f"a:{reply}") == (
        ["u:先说。", f"a:{LONG}", "u:谁？", f"a:{reply}"] if stays else ["u:先说。", f"a:{LONG}"]
    )


def test_a_short_reply_takes_all_the_messages_that_it_answers():
    assert cleaned("u:一？", "u:二？", "a:嗯。", "u:三？", f"a:{LONG}") == ["u:三？", f"a:{LONG}"]


@pytest.mark.parametrize("reply", ["", " ", "\u3000\n"])
def test_an_empty_reply_takes_the_message_that_it_answers(reply):
    assert cleaned("u:一？", f"a:{reply}", "u:二？", f"a:{LONG}") == ["u:二？", f"a:{LONG}"]


def test_a_short_human_message_stays():
    assert cleaned("u:嗯", f"a:{LONG}") == ["u:嗯", f"a:{LONG}"]


def test_the_limit_is_a_parameter():
    lenient = PARAMS.model_copy(update={"min_characters": 1})
    assert cleaned("u:谁？", "a:嗯。", params=lenient) == ["u:谁？", "a:嗯。"]


# 4 merge again


def test_replies_between_which_everything_was_dropped_are_merged_again():
    assert cleaned("u:谁？", f"a:{LONG}", "u: ", "a: ", f"a:{LONG}") == ["u:谁？", f"a:{LONG}{LONG}"]


# 5 greet


def test_a_character_who_opens_is_greeted():
    outcome = clean_conversation(talk(f"a:{LONG}", "u:谁？", f"a:{LONG}"), PARAMS, "")
    greeting = outcome.messages[0]
    assert (greeting.role, greeting.origin, greeting.spans, greeting.speaker) == ("user", "greeting", (), None)
    assert greeting.content in PARAMS.greetings
    assert [m.role for m in outcome.messages] == ["user", "assistant", "user", "assistant"]


def test_a_character_left_opening_by_a_dropped_reply_is_greeted():
    assert cleaned("a:嗯。", f"a:{LONG}")[0][2:] in PARAMS.greetings
    assert cleaned("u:谁？", "a:嗯。", "u: ", f"a:{LONG}")[0] == "u:谁？"


def test_the_greeting_is_drawn_by_seed_and_record():
    def greetings(seed):
        params = PARAMS.model_copy(update={"seed": seed})
        talks = [talk(f"a:{LONG}", record_id=f"r{i}") for i in range(30)]
        return [clean_conversation(t, params, "").messages[0].content for t in talks]

    assert greetings(7) == greetings(7)
    assert greetings(7) != greetings(8)
    assert set(greetings(7)) == set(PARAMS.greetings)


# 6 trailing human messages, 7 what is left empty or one-sided


def test_human_messages_that_nobody_answers_go():
    assert cleaned("u:谁？", f"a:{LONG}", "u:真的？", "u:喂？") == ["u:谁？", f"a:{LONG}"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (["u:谁？"], "no reply"),
        (["u:谁？", "u:喂？"], "no reply"),
        (["u:谁？", "a: "], "no reply"),
        (["u: "], "no reply"),
        (["u:谁？", "a:嗯。"], "every reply under 6 characters"),
        (["u:谁？", "a:嗯。", "u:真的？"], "every reply under 6 characters"),
        (["a:嗯。"], "every reply under 6 characters"),
        (["s:你是沈更生。", "u:谁？", f"a:{LONG}"], "a system message"),
    ],
)
def test_what_is_left_empty_or_one_sided_is_dropped_with_its_reason(said, reason):
    assert cleaned(*said) == reason


def test_the_record_itself_is_not_changed():
    record = talk("u: 谁？ ", "u:喂？", f"a:{LONG}")
    before = record.model_dump_json()
    clean_conversation(record, PARAMS, "")
    assert record.model_dump_json() == before


# the other datasets

ids = count()


def qa(question="谁敲的钟？", answer="水"):
    return QA(
        record_id=f"q{next(ids)}",
        split="train",
        angle="plot",
        question=question,
        answer=answer,
        evidence=None,
        provenance=SOURCE,
    )


def summary(*texts):
    aspects = tuple(Aspect(aspect=str(i), text=text) for i, text in enumerate(texts))
    return Summary(
        record_id=f"s{next(ids)}",
        split="train",
        title="停钟",
        summary="\n".join(texts),
        aspects=aspects,
        provenance=SOURCE,
    )


def pair(chosen=LONG, rejected="我没有敲过钟。"):
    def side(role, text):
        return (Message(role=role, content=text),)

    return Preference(
        record_id=f"p{next(ids)}",
        split="train",
        way="contrast",
        prompt=side("user", "谁？"),
        chosen=side("assistant", chosen),
        rejected=side("assistant", rejected),
        provenance=SOURCE,
    )


def line(text):
    return Line(
        record_id=f"l{next(ids)}",
        split="train",
        chapter=1,
        start=0,
        end=len(text),
        text=text,
        kind="speech",
        depth=0,
        scene=1,
        provenance=SOURCE,
    )


def piece(text):
    return Piece(record_id=f"t{next(ids)}", split="train", text=text, provenance=SOURCE)


@pytest.mark.parametrize(
    ("dataset", "record", "reason"),
    [
        ("qa_v1", qa(answer="水"), None),
        ("qa_v2", qa(answer="……"), "no answer"),
        ("qa_v2", qa(answer=""), "no answer"),
        ("summary_qa_v1", qa(question="？？"), "no question"),
        ("summary_v2", summary("钟停了", "医患", "不安"), None),
        ("summary_v2", summary("钟停了", " ", "不安"), "a side of the summary is empty"),
        ("summary_v1", summary("……"), "a side of the summary is empty"),
        ("preference", pair(), None),
        ("preference", pair("钟停了是水"), "a side under 6 characters"),
        ("preference", pair(rejected="没有。"), "a side under 6 characters"),
        ("preference", pair(LONG, f" {LONG}\n"), "chosen and rejected are the same"),
        ("pretrain", piece("钟"), None),
        ("pretrain", piece("……\n——"), "no words"),
        ("dialogue_raw", talk("a:嗯。"), None),
        ("dialogue", talk("a:嗯。"), "every reply under 6 characters"),
    ],
)
def test_each_dataset_has_its_own_rule(dataset, record, reason):
    sifted = clean(dataset, [record], PARAMS, "")
    assert [row["reason"] for row in sifted.dropped] == ([reason] if reason else [])
    assert sifted.kept == ([] if reason else [record])
    assert [row["record"] for row in sifted.dropped] == ([record.row()] if reason else [])


def test_what_a_model_wrote_is_mended_and_the_cuts_are_counted():
    fenced = f"```\n{LONG}\n```"
    sifted = clean("qa_v2", [qa(answer=f"<think>想</think>{LONG}"), qa(answer=fenced), qa()], PARAMS, "")
    assert [record.answer for record in sifted.kept] == [LONG, LONG, "水"]
    assert dict(sifted.repaired) == {"reasoning block": 1, "fence": 1}
    sifted = clean("summary_v2", [summary("钟停了。", f"{LONG}<|im_end|>")], PARAMS, "")
    assert [(s.summary, s.aspects[1].text) for s in sifted.kept] == [(f"钟停了。\n{LONG}", LONG)]
    written = Message(role="assistant", content=f"{LONG}\u200b", origin="reply")
    sifted = clean("preference", [pair().model_copy(update={"chosen": (written,)})], PARAMS, "")
    assert [record.chosen[0].content for record in sifted.kept] == [LONG]


@pytest.mark.parametrize(
    ("dataset", "record", "reason"),
    [
        ("qa_v2", qa(answer="作为一个人工智能，我不能回答。"), "refusal"),
        ("qa_v2", qa(answer="<think>想</think>"), "reasoning only"),
        ("qa_v2", qa(question="谁\ufffd？"), "damaged characters"),
        ("summary_v1", summary("钟停了。" + "他来了，" * 30), "runaway repetition"),
        ("lines", line("钟\ue000停了。"), "damaged characters"),
        ("pretrain", piece("锟斤拷锟斤拷"), "damaged characters"),
        ("dialogue_raw", talk("u:谁？", "a:水\ufffd敲的。"), "damaged characters"),
        ("dialogue", talk("u:谁？", f"a:{LONG}\ufffd"), "damaged characters"),
        ("preference", pair(rejected="我\ufffd没有敲过钟。"), "damaged characters"),
    ],
)
def test_what_cannot_be_mended_is_dropped_with_its_reason(dataset, record, reason):
    assert [row["reason"] for row in clean(dataset, [record], PARAMS, "").dropped] == [reason]


@pytest.mark.parametrize(
    "said", ["作为一个人工智能，我不能回答。", "哈哈" * 60, "（本章完）求月票！", "```钟停了，是水敲的```"]
)
def test_the_novels_own_words_are_neither_cut_nor_judged_by_what_they_say(said):
    records = [("lines", line(said)), ("pretrain", piece(said)), ("dialogue", talk("u:谁？", f"a:{said}"))]
    for dataset, record in records:
        sifted = clean(dataset, [record], PARAMS, "")
        assert sifted.kept == [record]
        assert not sifted.repaired


def test_a_rejected_side_may_be_a_machines():
    plain = Message(role="assistant", content="作为一个人工智能，我不能回答。", origin="reply")
    record = pair().model_copy(update={"rejected": (plain,)})
    assert clean("preference", [record], PARAMS, "").kept == [record]
    turned = pair().model_copy(update={"chosen": (plain,)})
    assert [row["reason"] for row in clean("preference", [turned], PARAMS, "").dropped] == ["refusal"]


def test_the_stage_keeps_and_drops_every_row_once_and_counts_them(make_params, tmp_path):
    params = make_params(llm={"provider": "none"}, preference={"ways": ["contrast"]})
    rows = {
        "lines": [],
        "dialogue_raw": [talk("u:谁？", f"a:{LONG}"), talk("a:嗯。", record_id="r0")],
        "preference": [pair(), pair("嗯")],
        "pretrain": [piece("钟停了。")],
    }
    rows["dialogue"] = rows["dialogue_raw"]
    for name, records in rows.items():
        write_jsonl(tmp_path / f"{name}.jsonl", (record.row() for record in records))
    sources = {name: tmp_path / f"{name}.jsonl" for name in rows}
    coverage = run_clean(sources, tmp_path / "out", tmp_path / "coverage.json", params, tmp_path / "reviews.jsonl")
    assert sorted(p.stem for p in (tmp_path / "out").glob("*.jsonl")) == sorted(rows)
    assert [row["record_id"] for row in read_jsonl(tmp_path / "out" / "dialogue_raw.jsonl")] == ["r0", "r1"]
    (dropped,) = read_jsonl(tmp_path / "out" / "dropped" / "dialogue.jsonl")
    assert (dropped["reason"], dropped["by"], dropped["record"]["record_id"]) == (
        "every reply under 6 characters",
        None,
        "r0",
    )
    metrics = read_json(tmp_path / "coverage.json")
    assert metrics["datasets"]["dialogue"] == {"input": 2, "kept": 1, "dropped": 1}
    assert metrics["datasets"]["preference"] == {"input": 2, "kept": 1, "dropped": 1}
    assert metrics["dropped"] == {
        "dialogue: every reply under 6 characters": 1,
        "preference: a side under 6 characters": 1,
    }
    reasons = (tmp_path / "out" / "reasons.md").read_text(encoding="utf-8")
    assert "### every reply under 6 characters: 1\n\n    r0 嗯。\n" in reasons
    assert coverage.reasons == {"lines: nothing left": 1, "no provider": 6}


# what holds of every text

TEXT = st.one_of(
    st.text(alphabet=" \u3000\n。……！嗯钟停水敲ab1👍\u200d\u0301", max_size=12),
    st.text(max_size=20),
    st.just(LONG),
)
SAID = st.lists(st.tuples(st.sampled_from("uuuaaa"), TEXT), min_size=1, max_size=9)
JOINERS = st.sampled_from(["", " "])


def conversation(said):
    return talk(*(f"{role}:{text}" for role, text in said))


@given(SAID, JOINERS)
def test_whatever_is_kept_alternates_and_every_reply_is_long_enough(said, joiner):
    outcome = clean_conversation(conversation(said), PARAMS, joiner)
    if isinstance(outcome, str):
        return
    roles = [m.role for m in outcome.messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert roles
    replies = [m.content for m in outcome.messages if m.role == "assistant"]
    assert all(sum(c.isalnum() for c in reply) >= 6 for reply in replies)
    assert all(m.content and m.content == m.content.strip() for m in outcome.messages)
    assert all((m.origin == "greeting") == (not m.spans) for m in outcome.messages)


@given(SAID, JOINERS)
def test_cleaning_what_was_cleaned_changes_nothing(said, joiner):
    once = clean_conversation(conversation(said), PARAMS, joiner)
    if not isinstance(once, str):
        assert clean_conversation(once, PARAMS, joiner) == once


@given(SAID, JOINERS)
def test_every_kept_word_stands_at_its_span_in_the_old_order(said, joiner):
    outcome = clean_conversation(conversation(said), PARAMS, joiner)
    if isinstance(outcome, str):
        return
    texts = [text.strip() for _, text in said]
    spoken = [m for m in outcome.messages if m.origin == "novel"]
    for message in spoken:
        assert message.content == joiner.join(texts[start] for start, _ in message.spans if texts[start])
        assert {said[start][0] for start, _ in message.spans} == {message.role[0]}
    order = [start for message in spoken for start, _ in message.spans]
    assert order == sorted(set(order))


@given(SAID)
def test_a_dropped_conversation_has_no_reply_that_is_long_enough(said):
    outcome = clean_conversation(conversation(said), PARAMS, "")
    if isinstance(outcome, str):
        assert not any(role == "a" and sum(c.isalnum() for c in text) >= 6 for role, text in said)


@given(st.lists(st.one_of(st.builds(pair, TEXT, TEXT), st.builds(qa, TEXT, TEXT), st.builds(piece, TEXT)), max_size=8))
def test_kept_and_dropped_are_the_input_whatever_the_texts(records):
    for dataset, kind in DATASETS.items():
        of_kind = [record for record in records if type(record) is kind]
        sifted = clean(dataset, of_kind, PARAMS, "")
        found = [r.record_id for r in sifted.kept] + [row["record"]["record_id"] for row in sifted.dropped]
        assert sorted(found) == sorted(record.record_id for record in of_kind)
        assert clean(dataset, sifted.kept, PARAMS, "").kept == sifted.kept


def test_a_row_that_a_person_marked_bad_is_dropped_from_its_dataset_alone(make_params, tmp_path):
    params = make_params(llm={"provider": "none"}, preference={"ways": []})
    rows = {"lines": [], "dialogue_raw": [talk("u:谁？", f"a:{LONG}", record_id="a" * 16)], "pretrain": []}
    rows["dialogue"] = rows["dialogue_raw"]
    for name, records in rows.items():
        write_jsonl(tmp_path / f"{name}.jsonl", (record.row() for record in records))
    bad = {"record_id": "a" * 16, "note": "他没有说过"}
    write_jsonl(
        tmp_path / "reviews.jsonl",
        [{"dataset": "dialogue", "verdict": "bad", **bad}, {"dataset": "dialogue_raw", "verdict": "good", **bad}],
    )
    sources = {name: tmp_path / f"{name}.jsonl" for name in rows}
    run_clean(sources, tmp_path / "out", tmp_path / "coverage.json", params, tmp_path / "reviews.jsonl")
    dropped = {name: list(read_jsonl(tmp_path / "out" / "dropped" / f"{name}.jsonl")) for name in rows}
    assert {name: [row["reason"] for row in found] for name, found in dropped.items() if found} == {
        "dialogue": ["reviewed as bad"]
    }
