"""Plain text for pretraining: whole lines, in order, nothing lost and nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huaben.novel.pieces import cut_pieces
from huaben.records import Chapter


def chapter(text, index=1):
    return Chapter(
        chapter_id=f"c{index}",
        index=index,
        number=index,
        kind="chapter",
        volume=None,
        heading="",
        title="",
        novel="small",
        split="validation",
        text=text,
    )


def texts(text, size):
    return [piece.text for piece in cut_pieces([chapter(text)], size)]


@pytest.mark.parametrize(
    ("text", "size", "pieces"),
    [
        ("", 10, []),
        ("一", 10, ["一"]),
        ("一二三\n四五六\n七八九", 3, ["一二三", "四五六", "七八九"]),
        ("一二三\n四五六\n七八九", 5, ["一二三\n四五六", "七八九"]),
        ("一二三\n四五六\n七", 6, ["一二三\n四五六\n七"]),
        ("一二三四五六七八九十\n一", 2, ["一二三四五六七八九十", "一"]),
        ("一二三四五六七八九十" * 10, 10, ["一二三四五六七八九十" * 10]),
        ("一二\n\n\n\n\n三四", 2, ["一二", "三四"]),
    ],
)
def test_pieces_are_cut_at_line_ends_near_the_size(text, size, pieces):
    assert texts(text, size) == pieces


@given(st.text(alphabet="一二。\n　", max_size=200), st.integers(1, 50))
def test_pieces_cover_every_letter_once_and_are_spans_of_the_chapter(text, size):
    pieces = list(cut_pieces([chapter(text)], size))
    assert "".join("".join(p.text.split()) for p in pieces) == "".join(text.split())
    assert [p.text for p in pieces] == [text[start:end] for p in pieces for start, end in p.provenance.spans]
    assert all(text[end : end + 1] in ("\n", "") for p in pieces for _, end in p.provenance.spans)


def test_no_piece_crosses_a_chapters_end_and_each_has_its_split_and_id():
    first, second = cut_pieces([chapter("一\n二", 1), chapter("一\n二", 2)], 1000)
    assert (first.text, first.split, first.provenance.chapter) == ("一\n二", "validation", 1)
    assert (second.text, second.provenance.chapter, second.provenance.spans) == ("一\n二", 2, ((0, 3),))
    assert first.record_id != second.record_id


def test_20_000_blank_lines_make_no_piece_of_their_own():
    assert [text.strip() for text in texts("一" + "\n" * 20_000 + "二", 100)] == ["一", "二"]


def test_ten_million_characters_without_a_line_end_are_one_piece():
    assert [len(text) for text in texts("一" * 10_000_000, 2000)] == [10_000_000]
