"""Titles without numbers, lists that name them, and lines that only look like headings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huaben.novel.reading.anomalies import Anomalies
from huaben.novel.reading.cutting import cut_sections

PROSE = "他走了，灯还亮着。"
TORN = "第二回忘记了那一年，总之是募集湖北水灾捐而谭叫天还没有死"


def cut(text):
    anomalies = Anomalies()
    sections = cut_sections(text.split("\n"), {}, anomalies)
    return [(s.volume, s.line, s.body) for s in sections], anomalies.notes


def test_titles_that_a_list_names_are_headings_and_the_list_is_none():
    listing = "目录\n\n雨夜....................YuYe\n雪夜....................XueYe\n风................Feng\n\n\n"
    stories, notes = cut(f"雨夜⑴\n\n{PROSE}1\n\n{listing}雪夜\n\n{PROSE}2\n\n    风[2]\n\n{PROSE}3")
    assert stories == [(None, "雨夜", f"{PROSE}1"), (None, "雪夜", f"{PROSE}2"), (None, "风", f"{PROSE}3")]
    assert notes == {"table_of_contents": ["4 lines that list the titles"]}


@pytest.mark.parametrize("head", ["目录", "目　录", "目錄", "Contents", "TABLE OF CONTENTS"])
def test_a_list_is_known_by_the_word_over_it(head):
    stories, _ = cut(f"{head}\n雨夜 1\n雪夜 12\n风 30\n\n\n雨夜\n{PROSE}1\n\n雪夜\n{PROSE}2\n\n风\n{PROSE}3")
    assert [line for _, line, _ in stories] == ["雨夜", "雪夜", "风"]


def test_a_list_whose_titles_are_not_in_the_text_is_text():
    text = f"目录\n雨夜\n雪夜\n风\n\n\n{PROSE}"
    assert cut(text)[0] == [(None, "", text)]


def centred(title):
    return f"\n\n{' ' * 20}{title}\n\n{PROSE}{title}\n"


def test_centred_titles_are_headings_where_there_are_no_others():
    stories, _ = cut("".join(map(centred, ("雨夜", "自序", "风"))))
    assert [(line, body) for _, line, body in stories] == [(t, f"{PROSE}{t}") for t in ("雨夜", "自序", "风")]


@pytest.mark.parametrize("line", ["一九二○年十月", "他走了。", "“好”", "长" * 30])
def test_a_centred_date_or_sentence_is_no_title(line):
    stories, _ = cut("".join(map(centred, ("雨夜", "雪夜", "风", line))))
    assert [title for _, title, _ in stories] == ["雨夜", "雪夜", "风"]


def test_two_centred_lines_prove_nothing_and_numbered_headings_come_first():
    assert len(cut("".join(map(centred, ("雨夜", "雪夜"))))[0]) == 1
    stories, _ = cut(f"第一章\n{PROSE}{''.join(map(centred, ('雨夜', '雪夜', '风')))}")
    assert [line for _, line, _ in stories] == ["第一章"]


def test_a_story_of_numbered_chapters_is_their_volume_until_the_next_story():
    listing = "目录\n雨夜\n雪夜\n风\n\n\n"
    body = f"雨夜\n\n{PROSE}0\n\n雪夜\n\n第一章 甲\n{PROSE}1\n第二章 乙\n{PROSE}2\n\n风\n\n{PROSE}3"
    assert cut(listing + body)[0] == [
        (None, "雨夜", f"{PROSE}0"),
        ("雪夜", "第一章 甲", f"{PROSE}1"),
        ("雪夜", "第二章 乙", f"{PROSE}2"),
        (None, "风", f"{PROSE}3"),
    ]


@pytest.mark.parametrize(
    "numerals",
    [
        ("一", "二", "三"),
        ("1", "2", "3"),
        ("1、雨", "2、雪", "3、风"),
        ("I", "II", "III"),
        ("一 雨", "二 雪", "三 风"),
    ],
)
def test_numerals_alone_are_headings_where_they_count_from_one(numerals):
    stories, _ = cut("\n".join(f"{n}\n{PROSE}{n}" for n in numerals))
    assert [line for _, line, _ in stories] == list(numerals)


@pytest.mark.parametrize("numerals", [("一", "二"), ("2", "3", "4"), ("1", "1", "1", "2", "3"), ("1。", "2。", "3。")])
def test_numerals_that_do_not_count_from_one_are_text(numerals):
    assert len(cut("\n".join(f"{n}\n{PROSE}" for n in numerals))[0]) == 1


def test_a_line_that_goes_on_with_a_torn_sentence_is_no_heading():
    above = "看戏是有味的而况在北京呢于是都兴致勃勃的跑到什么园戏文已经开场了"
    stories, _ = cut(f"第一章 雨\n{above}\n{above}\n{TORN}\n他走了。")
    assert [line for _, line, _ in stories] == ["第一章 雨"]


def test_a_heading_right_under_a_sentence_is_one():
    stories, _ = cut(f"第一章 雨\n{PROSE}\n{PROSE}\n第二章 雪\n{PROSE}")
    assert [line for _, line, _ in stories] == ["第一章 雨", "第二章 雪"]


@pytest.mark.parametrize(
    "text",
    [
        "目录\n" + "\n".join(f"雨{n}" for n in range(100_000)),
        "目录\n雨\n" * 50_000,
        "第一章\n" * 50_000 + PROSE,
        "一\n" * 100_000,
        f"{' ' * 20}雨\n\n\n" * 50_000,
        "卷一\n" * 50_000,
    ],
)
def test_a_hundred_thousand_lines_of_titles_are_read_in_linear_time(text):
    assert cut(text)[0]


@given(
    st.lists(
        st.sampled_from(
            [
                "",
                "　",
                "目录",
                "第一章",
                "第二章 雪",
                "第一卷",
                "楔子",
                "雨夜",
                "一",
                "2",
                PROSE,
                f"{' ' * 20}雨",
                "“好。",
                "长" * 36,
            ]
        ),
        max_size=30,
    )
)
def test_whatever_the_lines_no_prose_is_lost_unsaid(lines):
    sections, notes = cut("\n".join(lines))
    kept = sum(body.count(PROSE) for _, _, body in sections)
    cut_and_told = sum(text.count(PROSE) for text in notes.get("front_matter_cut", []))
    assert kept + cut_and_told == lines.count(PROSE)
