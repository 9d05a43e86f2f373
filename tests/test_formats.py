"""Records in the shapes that trainers read."""

from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from huaben.records import QA, Conversation, Message, Piece, Preference, Provenance, Summary
from huaben.release import formats
from huaben.shapes import alternates

PLACE = Provenance(novel="lianggengtian", chapter=3, chapter_id="c3")
HOSTILE = "<script>alert(1)</script> {{7*7}} ``` | \u202e =1+1 \\n \x00"


def record(kind, **values):
    return kind(record_id="0123456789abcdef", split="train", provenance=PLACE, **values)


def said(role, content, speaker=None):
    return Message(role=role, content=content, speaker=speaker)


def conversation(*messages):
    return record(Conversation, character="沈更生", scene=1, messages=messages)


def question(text="谁在敲钟？", answer="更夫。"):
    return record(QA, angle="plot", question=text, answer=answer, evidence=None)


TALK = conversation(
    said("user", "更生，几点了？", "周医生"), said("assistant", "三更了。", "沈更生"), said("user", "说话", None)
)


def test_a_conversation_becomes_sharegpt():
    assert formats.sharegpt(TALK) == {
        "conversations": [
            {"from": "human", "value": "更生，几点了？"},
            {"from": "gpt", "value": "三更了。"},
            {"from": "human", "value": "说话"},
        ],
        "chapter": 3,
    }


def test_names_go_before_human_messages_with_a_known_speaker_only():
    values = [turn["value"] for turn in formats.sharegpt(formats.with_names(TALK, "：", {}))["conversations"]]
    assert values == ["周医生：更生，几点了？", "三更了。", "说话"]


TOGETHER = Message(role="user", content="几点了？醒醒。该走了。", spans=((5, 9), (20, 23), (30, 34)))
VOICES = {(3, 5, 9): ("周医生", "几点了？"), (3, 20, 23): ("周医生", "醒醒。"), (3, 30, 34): ("老崔", "该走了。")}


def named(message, voices):
    return formats.with_names(conversation(message), "：", voices).messages[0].content


def test_words_of_several_become_a_line_for_each_speaker():
    assert named(TOGETHER, VOICES) == "周医生：几点了？醒醒。\n老崔：该走了。"
    assert named(TOGETHER, {**VOICES, (3, 20, 23): (None, "醒醒。")}) == "周医生：几点了？\n醒醒。\n老崔：该走了。"


def test_words_whose_speakers_cannot_be_told_stay_as_they_are():
    assert named(TOGETHER, {}) == TOGETHER.content
    assert named(TOGETHER, {**VOICES, (3, 30, 34): ("老崔", "走吧。")}) == TOGETHER.content
    assert named(TOGETHER.model_copy(update={"role": "assistant"}), VOICES) == TOGETHER.content


def test_a_question_becomes_sharegpt():
    assert formats.sharegpt_qa(question()) == {
        "conversations": [{"from": "human", "value": "谁在敲钟？"}, {"from": "gpt", "value": "更夫。"}],
        "chapter": 3,
    }


def test_a_question_becomes_alpaca():
    assert formats.alpaca(question()) == {"instruction": "谁在敲钟？", "input": "", "output": "更夫。"}


def test_llama_factory_takes_only_alternating_sides():
    human, gpt = said("user", "几点了？"), said("assistant", "三更。")
    kept = [(human, gpt), (human, gpt, human, gpt)]
    skipped = [(human,), (gpt, human), (human, gpt, human), (human, human), (human, said("assistant", " \n"))]
    assert [alternates(formats.sharegpt(conversation(*messages))) for messages in kept] == [True, True]
    assert [alternates(formats.sharegpt(conversation(*messages))) for messages in skipped] == [False] * 5
    assert not alternates({"conversations": []})


def preference(*prompt):
    chosen, rejected = said("assistant", "钟在水里走！"), said("assistant", "三点。")
    return record(Preference, way="prompts", prompt=prompt, chosen=(chosen,), rejected=(rejected,))


def test_a_pair_becomes_alpaca_with_the_persona_as_instruction():
    pair = preference(said("user", "几点了？", "周医生"))
    assert formats.alpaca_preference(pair, "你是沈更生。") == {
        "instruction": "你是沈更生。",
        "input": "几点了？",
        "chosen": "钟在水里走！",
        "rejected": "三点。",
    }


def test_the_messages_of_a_longer_prompt_become_named_lines():
    pair = preference(
        said("user", "几点了？", "周医生"), said("assistant", "嘘。", "沈更生"), said("user", "你听见什么？")
    )
    assert formats.alpaca_preference(pair, "")["input"] == "周医生：几点了？\n沈更生：嘘。\n你听见什么？"


def test_a_summary_keeps_its_text_and_chapter():
    summary = record(Summary, title="雨", summary="下雨了。", aspects=())
    assert formats.chapter_summary(summary) == {"summary": "下雨了。", "chapter": 3}


def test_a_piece_becomes_text():
    assert formats.pretrain(record(Piece, text="雨下了一夜。")) == {"text": "雨下了一夜。"}


def test_messages_have_roles_and_contents_only():
    assert formats.messages(conversation(said("user", "几点了？", "周医生"), said("assistant", "三更。"))) == {
        "messages": [{"role": "user", "content": "几点了？"}, {"role": "assistant", "content": "三更。"}]
    }


ASKED, ANSWERED = {"role": "user", "content": "谁在敲钟？"}, {"role": "assistant", "content": "更夫。"}


def test_a_question_becomes_messages_or_a_prompt_with_its_completion():
    assert formats.messages_qa(question()) == {"messages": [ASKED, ANSWERED]}
    assert formats.prompt_completion(question()) == {"prompt": [ASKED], "completion": [ANSWERED]}


def test_a_pair_becomes_what_each_trainer_documents():
    pair = preference(said("user", "几点了？", "周医生"))
    asked, chosen = {"role": "user", "content": "几点了？"}, {"role": "assistant", "content": "钟在水里走！"}
    rejected = {"role": "assistant", "content": "三点。"}
    assert formats.trl_preference(pair) == {"prompt": [asked], "chosen": [chosen], "rejected": [rejected]}
    assert formats.axolotl_preference(pair) == {"messages": [asked], "chosen": chosen, "rejected": rejected}
    assert formats.swift_preference(pair) == {"messages": [asked, chosen], "rejected_response": "三点。"}
    assert formats.openai_preference(pair) == {
        "input": {"messages": [asked]},
        "preferred_output": [chosen],
        "non_preferred_output": [rejected],
    }


def contents(conversations):
    return [[message.content for message in conversation.messages] for conversation in conversations]


def exchanges(*lengths):
    """A conversation whose messages have these lengths, user first."""
    sides = ("user", "assistant")
    return conversation(*(said(sides[i % 2], chr(97 + i) * length) for i, length in enumerate(lengths)))


def test_a_conversation_that_fits_is_one_window():
    assert formats.windows(exchanges(2, 3, 2, 3), 10) == [exchanges(2, 3, 2, 3)]


def test_a_longer_conversation_is_cut_between_exchanges():
    assert contents(formats.windows(exchanges(2, 3, 2, 3, 1, 1), 9)) == [["aa", "bbb"], ["cc", "ddd", "e", "f"]]


def test_an_exchange_that_is_too_long_is_a_window_by_itself_and_whole():
    assert contents(formats.windows(exchanges(1, 1, 2, 9, 1, 1), 5)) == [["a", "b"], ["cc", "ddddddddd"], ["e", "f"]]


@given(lengths=lists(tuples(integers(0, 30), integers(0, 30)), min_size=1, max_size=12), limit=integers(1, 60))
def test_windows_hold_every_message_once_in_order_and_keep_their_bound(lengths, limit):
    talk = exchanges(*(length for exchange in lengths for length in exchange))
    cut = formats.windows(talk, limit)
    assert tuple(message for window in cut for message in window.messages) == talk.messages
    for window in cut:
        assert alternates(
            {"conversations": [{**turn, "value": "x"} for turn in formats.sharegpt(window)["conversations"]]}
        )
        assert len(window.messages) == 2 or sum(len(message.content) for message in window.messages) <= limit


def test_hostile_text_is_not_touched():
    assert formats.alpaca(question(HOSTILE, HOSTILE)) == {"instruction": HOSTILE, "input": "", "output": HOSTILE}
    assert formats.pretrain(record(Piece, text=HOSTILE)) == {"text": HOSTILE}
    assert formats.sharegpt(conversation(said("user", HOSTILE)))["conversations"][0]["value"] == HOSTILE
