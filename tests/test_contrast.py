"""Pairs by contrast: the hero's line against what a sober character says to similar words."""

from huaben.coverage import Coverage
from huaben.extract.contrast import by_contrast, leaning
from pairing import HERO, MAD, SOBER, conversation, texts


def pairs(conversations, params):
    coverage = Coverage("preference")
    return list(by_contrast(conversations, params, coverage)), coverage


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
    assert coverage.reasons == {"no sober reply of a fitting length to similar words": 1}


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


def test_pairs_that_lean_to_one_side_go_the_most_unequal_first():
    lengths = [(20, 10), (20, 19), None, (20, 15), (9, 10), (9, 10), (30, 11), (20, 12)]
    assert leaning(lengths) == {6}
    assert leaning([(10, 20)] * 5 + [(10, 10)] * 8) == {4}
    assert leaning([(20, 10)] * 3) == set()
