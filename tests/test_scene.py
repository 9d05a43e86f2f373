"""A chapter as segments: sentences of narration, one quotation a turn, pronouns and titles resolved."""

import pytest

from huaben.novel.attribution.subjects import read_scene
from huaben.novel.people.names import Names
from huaben.novel.quotations.lines import find_lines
from huaben.params import CastMember

CAST = [
    CastMember(name="沈更生", aliases=["更生"], gender="male"),
    CastMember(name="梁明夷", gender="male"),
    CastMember(name="许知秋", gender="female"),
]


@pytest.fixture
def scene(make_chapter):
    """Return a function that reads a text as segments."""

    def scene(text):
        chapter = make_chapter(text)
        return read_scene(text, find_lines(chapter), Names(CAST))

    return scene


def test_narration_is_cut_into_sentences_and_quotations_stand_alone(scene):
    segments = scene("天亮了。灯灭了。沈更生说：“走。”\n雨停了。")
    assert [s.text.strip() for s in segments] == ["天亮了。", "灯灭了。", "沈更生说：", "“走。”", "雨停了。"]
    assert [s.lines for s in segments] == [(), (), (), (0,), ()]
    assert [s.paragraph for s in segments] == [0, 0, 0, 0, 1]


def test_the_parts_of_one_turn_are_one_segment(scene):
    segments = scene("“到了，”沈更生说，“又没到。”\n“谁？”")
    assert [(s.text.strip(), s.lines) for s in segments] == [
        ("“到了，”“又没到。”", (0, 1)),
        ("沈更生说，", ()),
        ("“谁？”", (2,)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "“一。”沈更生说。许知秋笑了。“二。”",
        "“一。”天亮了。一个老者说道，“二。”",
        "“一。”沈更生说，许知秋问：“二？”",
        "“一。”“二。”",
    ],
)
def test_where_a_second_person_may_begin_turns_stay_apart(text, scene):
    assert [s.lines for s in scene(text) if s.is_quotation] == [(0,), (1,)]


def test_speech_left_open_goes_on_in_the_next_paragraph(scene):
    assert [s.lines for s in scene("“第一段。\n“第二段。”\n“谁？”") if s.is_quotation] == [(0, 1), (2,)]


def test_speech_over_sentences_on_lines_of_their_own_is_one_quotation(scene):
    segments = scene("沈更生说：\n“不走。\n我等人。\n人来了再走。”\n许知秋不信。")
    assert [s.text.strip() for s in segments][1:] == ["“不走。\n我等人。\n人来了再走。”", "许知秋不信。"]


def test_narration_in_the_paragraph_of_a_quotation_is_its_cue(scene):
    before = scene("沈更生直起腰。“走。”")[0]
    after = scene("“走。”沈更生直起腰。")[1]
    apart = scene("沈更生直起腰。\n“走。”\n沈更生直起腰。")
    assert (before.cue.has_colon, after.cue.says_last) == (True, True)
    assert (apart[0].cue.has_colon, apart[2].cue.says_last) == (False, False)


def test_a_sentence_about_the_voice_cues_the_paragraph_that_follows(scene):
    assert scene("沈更生再开口的时候很平静。\n“走。”")[0].cue.has_colon
    assert not scene("沈更生没有开口。\n“走。”")[0].cue.has_colon


def test_who_just_spoke_is_not_whom_the_next_pronoun_means(scene):
    text = "梁明夷来了。沈更生说：“几点了？”\n他问：“你不知道？”\n他又说：“三点。”"
    assert [s.subject for s in scene(text) if s.cue] == ["梁明夷", "沈更生", "梁明夷", "梁明夷"]


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("沈更生看着许知秋。她说：", "许知秋"),
        ("沈更生看着许知秋。他说：", "沈更生"),
        ("沈更生走了。梁明夷来了。他说：", "梁明夷"),
        ("梁明夷走了。沈更生来了。他对沈更生说：", "梁明夷"),
        ("她说：", None),
    ],
)
def test_a_pronoun_means_the_last_subject_of_its_gender(text, subject, scene):
    found = [s for s in scene(text) if "说" in s.text][-1]
    assert (found.nearest if subject == "许知秋" else found.subject) == subject


def test_nobody_calls_himself(scene):
    segments = scene("梁明夷来了。沈更生来了。他说：“更生，走。”")
    assert segments[2].subject == "梁明夷"
    assert segments[3].called == {"沈更生": 2}


def test_a_name_that_is_only_talked_of_is_not_called(scene):
    assert scene("“我看见更生走了。”")[0].called == {"沈更生": 1}


def test_a_surname_with_a_title_is_the_one_person_nearby_who_has_it(scene):
    assert [m.name for m in scene("梁明夷来了。\n老梁说：“走。”\n梁医生笑了。")[1].mentions] == ["梁明夷"]
    assert scene("赵医生笑了。")[0].mentions == []
