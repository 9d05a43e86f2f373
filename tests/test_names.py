"""The cast's names in running text, and names that only the speech verbs give away."""

import pytest

from huaben.novel.people.names import Names, found_names
from huaben.params import CastMember

CAST = [CastMember(name="沈更生", aliases=["沈更", "更生", "沈师傅"]), CastMember(name="梁明夷", aliases=["梁医生"])]


def test_names_and_aliases_are_found_left_to_right_as_canonical_names():
    mentions = Names(CAST).find("梁医生看着更生，沈师傅没看梁明夷。")
    assert [(m.start, m.end, m.name) for m in mentions] == [
        (0, 3, "梁明夷"),
        (5, 7, "沈更生"),
        (8, 11, "沈更生"),
        (13, 16, "梁明夷"),
    ]


def test_the_longest_name_wins_and_none_overlap():
    assert [(m.start, m.end) for m in Names(CAST).find("沈更生和沈更")] == [(0, 3), (4, 6)]


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("沈更生", "沈更生"), (" 沈师傅 ", "沈更生"), ("梁医生", "梁明夷"), ("沈", None), ("", None), ("别人", None)],
)
def test_a_name_resolves_to_one_canonical_name_or_to_nobody(name, canonical):
    assert Names(CAST).resolve(name) == canonical


def test_without_a_cast_nobody_is_found():
    assert Names([]).find("沈更生说") == []
    assert Names([]).resolve("沈更生") is None


def test_a_name_with_signs_of_patterns_is_no_pattern():
    names = Names([CastMember(name="A.B*"), CastMember(name="(某人)")])
    assert [m.name for m in names.find("A.B*说，AxBB没说，(某人)也没说，某人不在")] == ["A.B*", "(某人)"]


def test_names_that_cue_speech_three_times_are_found(make_chapter):
    text = "许知秋说：“一。”\n许知秋问：“二？”\n“三。”许知秋说。\n方小满说：“四。”\n方小满说：“五。”"
    assert [m.name for m in found_names([make_chapter(text)], CAST)] == ["许知秋"]


def test_names_are_counted_over_all_chapters(make_chapter):
    chapters = [make_chapter("许知秋说：“好。”", index=i) for i in (1, 2, 3)]
    assert [m.name for m in found_names(chapters, [])] == ["许知秋"]


def test_traditional_cues_give_names_away_as_well(make_chapter):
    text = "許知秋說：「一。」\n許知秋問：「二？」\n「三。」許知秋說。"
    assert [m.name for m in found_names([make_chapter(text)], [])] == ["許知秋"]


def test_nobody_of_the_cast_is_found_a_second_time(make_chapter):
    text = "沈更生说：“一。”\n老沈更说：“二。”\n" * 4
    assert found_names([make_chapter(text)], CAST) == []


@pytest.mark.parametrize(
    "phrase", ["他又", "连忙", "忽然", "有人", "笑着", "低声", "自己", "这才", "众人们", "小声的"]
)
def test_what_stands_before_a_verb_as_a_name_does_is_none(phrase, make_chapter):
    assert found_names([make_chapter(f"{phrase}说：“好。”\n" * 5)], []) == []


def test_found_names_come_in_one_order(make_chapter):
    text = "许知秋说：“一。”\n方小满说：“一。”\n梁明夷说：“一。”\n" * 3
    assert [m.name for m in found_names([make_chapter(text)], [])] == sorted(["许知秋", "方小满", "梁明夷"])


PEOPLE = ("许知秋", "方小满", "梁明夷", "崔大勇", "庞满仓")


def test_an_adverb_that_cues_speech_often_is_no_name_as_nothing_is_done_to_it(make_chapter):
    text = "".join(f"{who}说：“一。”\n" for who in (*PEOPLE, "禁不住")) * 4
    text += "".join(f"有人见{who}来了。\n" for who in PEOPLE)
    assert [m.name for m in found_names([make_chapter(text)], [])] == sorted(PEOPLE)


def test_in_a_text_where_little_is_done_to_anybody_who_only_speaks_is_a_name(make_chapter):
    text = "".join(f"{who}说：“一。”\n" for who in PEOPLE) * 4 + "有人见许知秋来了。"
    assert [m.name for m in found_names([make_chapter(text)], [])] == sorted(PEOPLE)


def test_a_common_word_that_cues_speech_is_known_for_one(make_chapter):
    found = found_names([make_chapter("知县说：“一。”\n许知秋说：“二。”\n" * 3)], CAST)
    assert Names(CAST, found).common == {"知县"}
    assert Names([*CAST, *found]).common == frozenset()
