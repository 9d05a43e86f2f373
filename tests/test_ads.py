"""What a site added to a novel is suggested from the text itself, as patterns that would cut it."""

import pytest

from huaben.novel.reading.ads import keep_lines, note_ads
from huaben.novel.reading.anomalies import Anomalies


def suggested(text, make_chapter):
    anomalies = Anomalies()
    note_ads([make_chapter(text)], anomalies)
    return anomalies.notes


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("本章未完，点击下一页继续阅读(1/3)", r"本章未完，点击下一页继续阅读\(\d+/\d+\)"),
        ("天才一秒记住 www.example.com", r"天才一秒记住 www\.example\.com"),
        ("更多好书请上 https://example.com/7", r"更多好书请上 https://example\.com/\d+"),
        ("请记住本站网址", "请记住本站网址"),
        ("求月票，求推荐票", "求月票，求推荐票"),
        ("某某小说网 无弹窗", "某某小说网 无弹窗"),
    ],
)
def test_a_line_with_a_mark_of_a_site_is_suggested_as_a_pattern_that_cuts_it(line, pattern, make_chapter):
    notes = suggested(f"他走了。\n{line}\n他又来了。\n{line}", make_chapter)
    assert notes == {"advertisements_suggested": [f"2 × {pattern}"]}
    assert keep_lines(["他走了。", f" {line} "], [pattern], Anomalies()) == [0]


def test_pages_that_are_counted_on_are_one_pattern(make_chapter):
    text = "\n".join(f"本章未完，点击下一页（{n}/9）" for n in range(1, 10))
    assert suggested(text, make_chapter) == {"advertisements_suggested": [r"9 × 本章未完，点击下一页（\d+/\d+）"]}


@pytest.mark.parametrize(
    "line", ["他走了。某某网www.example.com", "“看 www.example.com 吧”", "灯" * 130 + "www.example.com"]
)
def test_a_mark_inside_a_sentence_is_shown_and_never_suggested(line, make_chapter):
    notes = suggested(f"{line}\n他走了。", make_chapter)
    assert list(notes) == ["site_mark_inside_a_line"]


def test_a_line_that_comes_often_is_shown(make_chapter):
    assert suggested("且听下回分解，各位看官\n" * 5, make_chapter) == {"repeated_line": ["5 × 且听下回分解，各位看官"]}


@pytest.mark.parametrize("line", ["他说：“好，我这就走。”", "……", "好"])
def test_what_people_say_often_is_no_advertisement(line, make_chapter):
    assert suggested(f"{line}\n" * 50, make_chapter) == {}


@pytest.mark.parametrize(
    "text", ["他在 1997.12 月走了。", "他住在网吧", "他说下一页很好看。", "Mr.Smith left at 3.15."]
)
def test_prose_is_no_advertisement(text, make_chapter):
    assert suggested(text, make_chapter) == {}
