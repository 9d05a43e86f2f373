"""Lines that a page's edge tore apart are joined; lines that the author ended stay as they are."""

import pytest

from huaben.novel.reading.wrapping import find_page, width
from huaben.novel.reading.wrapping import unwrap as unwrap_at

PROSE = (
    "我在年青时候也曾经做过许多梦，后来大半忘却了，但自己也并不以为可惜。所谓回忆者，虽说可以使人欢欣，有时也不免使人寂寞。"
    * 6
)
ENGLISH = "The clock had stopped at seventeen minutes past three, and nobody in the house could say when. " * 12


def unwrap(lines):
    return unwrap_at(lines, find_page(lines))


def wrapped(text, columns, indent=""):
    """Cut a text into lines as a page of so many columns does."""
    lines, line = [], indent
    for token in text.split(" ") if text.isascii() else text:
        gap = " " if text.isascii() and line.strip() else ""
        if width(line + gap + token) > columns:
            lines.append(line)
            line = token
        else:
            line += gap + token
    return [*lines, line]


@pytest.mark.parametrize("columns", [60, 72, 84])
def test_prose_of_one_width_is_one_paragraph_again(columns):
    joined, joints = unwrap(wrapped(PROSE, columns, "　　"))
    assert joined == [f"　　{PROSE}"]
    assert joints >= 5


def test_english_words_are_joined_by_a_blank():
    joined, _ = unwrap(wrapped(ENGLISH.strip(), 70))
    assert joined == [ENGLISH.strip()]


def test_blank_lines_and_indents_part_paragraphs():
    lines = [*wrapped(PROSE, 72, "　　"), "", *wrapped(PROSE, 72, "　　"), *wrapped(PROSE, 72, "　　")]
    assert unwrap(lines)[0] == [f"　　{PROSE}", "", f"　　{PROSE}", f"　　{PROSE}"]


def test_a_blank_line_under_every_line_parts_nothing():
    spaced = [part for line in wrapped(PROSE, 84) for part in (f"    {line}", "")]
    assert unwrap(spaced)[0] == [f"    {PROSE}", ""]


def test_a_short_line_ends_its_paragraph():
    lines = [*wrapped(PROSE, 72), "“好。”", "他走了。", *wrapped(PROSE, 72)]
    joined, _ = unwrap(lines)
    assert joined[-3:] == ["“好。”", "他走了。", PROSE]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["他走了。"] * 50,
        [PROSE] * 20,
        ["床前明月光，疑是地上霜。举头望明月，低头思故乡。一二三四五"] * 30 + [PROSE],
        ["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"] * 20,
        [PROSE[:n] + "。" for n in range(40, 200)],
        ["一" * 36 + "。"] * 40,
        wrapped(PROSE[:150], 72),
    ],
)
def test_lines_that_nothing_proves_to_be_torn_stay(lines):
    assert unwrap(lines) == (lines, 0)


def test_columns_are_two_for_a_chinese_character_and_one_for_a_letter():
    assert [width("钟停"), width("Qi"), width("　“Ｑ"), width("")] == [4, 2, 6, 0]


def test_a_short_chapter_is_joined_at_the_page_of_the_others_unless_it_is_wider():
    short = wrapped(PROSE[:100], 72)
    assert find_page(short) == 0
    assert unwrap_at(short, 72)[0] == [PROSE[:100]]
    assert unwrap_at([PROSE, "他走了。"], 72) == ([PROSE, "他走了。"], 0)
