"""Pairs from prompts that the model answers twice: in the role and plainly."""

from huaben.coverage import Coverage
from huaben.extract.prompted import from_prompts, questions, split_of
from pairing import HERO, texts


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


def test_validation_is_taken_from_what_is_not_test(make_params):
    prompts = [f"第{i}个问题是什么？" for i in range(300)]
    without, with_ = (
        make_params(preference={"test_share": 0.2, "validation_share": v}).preference for v in (0.0, 0.1)
    )
    before = {prompt: split_of(prompt, without) for prompt in prompts}
    after = {prompt: split_of(prompt, with_) for prompt in prompts}
    assert [p for p in prompts if before[p] == "test"] == [p for p in prompts if after[p] == "test"]
    assert set(before.values()) == {"train", "test"}
    assert 15 < list(after.values()).count("validation") < 45
