"""Preference pairs: from prompts that the model answers twice, and by contrast with sober characters."""

from itertools import count

import pytest

from huaben.coverage import Coverage
from huaben.errors import HuabenError, InputError
from huaben.extract.asking import Asked
from huaben.extract.preference import by_contrast, from_prompts, questions, read_prompts
from huaben.extract.stages import run_preference
from huaben.files import read_json, read_jsonl, write_jsonl
from huaben.records import Conversation, Message, Provenance

HERO = "沈更生"
ids = count()


def conversation(*said, chapter=1, split="train", character=HERO):
    """Return a conversation of (speaker, text) pairs."""
    messages = tuple(
        Message(
            role="assistant" if speaker == character else "user",
            content=text,
            speaker=speaker,
            spans=((10 * i, 10 * i + len(text)),),
        )
        for i, (speaker, text) in enumerate(said)
    )
    source = Provenance(novel="small", chapter=chapter, chapter_id=f"c{chapter}")
    return Conversation(
        record_id=f"r{next(ids)}", split=split, character=character, scene=1, messages=messages, provenance=source
    )


MAD = conversation(("梁明夷", "你昨晚敲钟了吗？"), (HERO, "我没敲，是水敲的。"))
SOBER = conversation((HERO, "你昨晚敲锣了吗？"), ("许知秋", "没有，我一直在值班。"), chapter=2)


def pairs(conversations, params):
    coverage = Coverage("preference")
    return list(by_contrast(conversations, params, coverage)), coverage


def texts(pair):
    return pair.prompt[0].content, pair.chosen[0].content, pair.rejected[0].content


# prompts


def test_a_file_of_prompts_has_one_a_line(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text(" 几点了？\n\n吃什么？\n几点了？\n", encoding="utf-8")
    assert read_prompts(path) == ["几点了？", "吃什么？"]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_a_file_without_prompts_is_refused(tmp_path, content):
    (tmp_path / "p.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"p\.txt"):
        read_prompts(tmp_path / "p.txt")
    with pytest.raises(InputError, match=r"preference\.prompts"):
        read_prompts(tmp_path / "absent.txt")


def test_only_the_chosen_side_is_asked_in_the_role(asked):
    ((chosen, rejected),) = questions(asked, ["几点了？"])
    assert [m["role"] for m in chosen.request.messages] == ["system", "user"]
    assert chosen.request.messages[0]["content"].startswith("你是沈更生。\n")
    assert [asks.request.messages[1]["content"].strip() for asks in (chosen, rejected)] == ["几点了？", "几点了？"]
    assert "沈更生" not in rejected.request.messages[0]["content"]
    assert (chosen.request.prompt_id, rejected.request.prompt_id) == ("chosen.v1", "rejected.v1")


def test_a_pair_needs_both_of_its_sides(asked, record):
    (one, two), (three, four), (five, _) = questions(asked, ["几点了？", "吃什么？", "下雨吗？"])
    record((one, " 几更了？ "), (two, "我看不到时间。"), (three, "馄饨。"), (four, "```\n```"), (five, "下的是夜。"))
    coverage, used = Coverage("preference"), []
    (pair,) = from_prompts(asked, ["几点了？", "吃什么？", "下雨吗？"], coverage, used)
    assert texts(pair) == ("几点了？", "几更了？", "我看不到时间。")
    assert [m.origin for m in (*pair.prompt, *pair.chosen, *pair.rejected)] == ["prompt", "reply", "reply"]
    assert (pair.chosen[0].speaker, pair.rejected[0].speaker) == (HERO, None)
    assert (pair.way, pair.provenance.chapter, pair.provenance.novel) == ("prompts", 0, "small")
    assert pair.provenance.prompt == "chosen.v1+rejected.v1"
    assert pair.provenance.reply_id == f"{one.request.key}+{two.request.key}"
    assert coverage.outcomes == {"ok": 4, "empty": 1, "failed": 1}
    assert (coverage.repaired, coverage.open_units) == ({"fence around the reply": 1}, 1)


def test_a_prompt_keeps_its_split_whatever_stands_beside_it(asked, record):
    prompts = [f"第{i}个问题是什么？" for i in range(60)]
    record(*((unit, "答。") for both in questions(asked, prompts) for unit in both))
    splits = {p.prompt[0].content: p.split for p in from_prompts(asked, prompts, Coverage("p"), [])}
    again = {p.prompt[0].content: p.split for p in from_prompts(asked, prompts[::-3], Coverage("p"), [])}
    assert set(splits.values()) == {"train", "test"}
    assert 15 < list(splits.values()).count("test") < 45
    assert again == {prompt: splits[prompt] for prompt in prompts[::-3]}


# contrast


def test_the_heros_line_stands_against_a_sober_answer_to_similar_words(make_params):
    (pair,), coverage = pairs([MAD, SOBER], make_params())
    assert texts(pair) == ("你昨晚敲钟了吗？", "我没敲，是水敲的。", "没有，我一直在值班。")
    assert (pair.way, pair.split, pair.provenance.chapter, pair.provenance.chapter_id) == (
        "contrast",
        "train",
        1,
        "c1",
    )
    assert [m.role for m in (*pair.prompt, *pair.chosen, *pair.rejected)] == ["user", "assistant", "assistant"]
    assert (pair.prompt[0].spans, pair.chosen[0].spans, pair.rejected[0].spans) == (((0, 8),), ((10, 19),), ())
    assert pair.provenance.spans == ((0, 8), (10, 19))
    assert [m.speaker for m in (*pair.chosen, *pair.rejected)] == [HERO, "许知秋"]
    assert (coverage.outcomes, coverage.open_units) == ({"ok": 1}, 0)


def test_words_that_are_not_similar_make_no_pair_and_are_counted(make_params):
    found, coverage = pairs([MAD, SOBER], make_params(preference={"min_similarity": 0.95}))
    assert found == []
    assert coverage.reasons == {"no similar words are answered by a sober character": 1}


def test_nothing_of_one_split_is_set_against_another(make_params):
    elsewhere = SOBER.model_copy(update={"split": "test"})
    found, coverage = pairs([MAD, elsewhere], make_params())
    assert (found, coverage.outcomes) == ([], {"empty": 1})
    both = [MAD, SOBER, MAD.model_copy(update={"split": "test"}), elsewhere]
    found, _ = pairs(both, make_params())
    assert [pair.split for pair in found] == ["train", "test"]


def test_a_sober_answer_is_used_once(make_params):
    twice = conversation(("梁明夷", "你昨晚敲钟了吗？"), (HERO, "钟自己敲的，我在听。"), chapter=3)
    found, coverage = pairs([MAD, twice, SOBER], make_params())
    assert [texts(pair)[2] for pair in found] == ["没有，我一直在值班。"]
    assert coverage.outcomes == {"ok": 1, "empty": 1}


def test_only_the_named_characters_are_sober(make_params):
    assert pairs([MAD, SOBER], make_params(preference={"sober": ["梁明夷"]}))[0] == []
    assert len(pairs([MAD, SOBER], make_params(preference={"sober": ["许知秋"]}))[0]) == 1


def test_a_speaker_does_not_answer_himself(make_params):
    alone = conversation((HERO, "你昨晚敲钟了吗？"), (HERO, "我没敲，是水敲的。"))
    found, coverage = pairs([alone, SOBER], make_params())
    assert (found, coverage.units) == ([], 0)


def test_the_conversations_of_other_characters_are_not_the_heros(make_params):
    others = MAD.model_copy(update={"character": "梁明夷"})
    assert pairs([others, SOBER], make_params())[1].units == 0


def test_the_stage_makes_both_kinds_of_pairs(make_params, asked, record, tmp_path):
    (tmp_path / "p.txt").write_text("几点了？\n", encoding="utf-8")
    write_jsonl(tmp_path / "d.jsonl", [MAD.row(), SOBER.row()])
    params = make_params(preference={"prompts": str(tmp_path / "p.txt")})
    run = Asked(params, asked.prompts, asked.recorded)
    record(*((unit, "几更了？") for both in questions(run, ["几点了？"]) for unit in both))
    coverage = run_preference(tmp_path / "d.jsonl", tmp_path / "out.jsonl", tmp_path / "r", run)
    assert sorted(row["way"] for row in read_jsonl(tmp_path / "out.jsonl")) == ["contrast", "prompts"]
    assert (coverage.rows, coverage.outcomes) == (2, {"ok": 3})
    assert read_json(tmp_path / "r/cost/preference.json")["hand_written"] == 2


def test_a_prompt_without_its_replies_fails_the_stage_but_contrast_is_written(make_params, asked, tmp_path):
    (tmp_path / "p.txt").write_text("几点了？\n", encoding="utf-8")
    write_jsonl(tmp_path / "d.jsonl", [MAD.row(), SOBER.row()])
    params = make_params(preference={"prompts": str(tmp_path / "p.txt")})
    run = Asked(params, asked.prompts, asked.recorded)
    with pytest.raises(HuabenError, match="huaben replies render"):
        run_preference(tmp_path / "d.jsonl", tmp_path / "out.jsonl", tmp_path / "r", run)
    assert [row["way"] for row in read_jsonl(tmp_path / "out.jsonl")] == ["contrast"]
