"""Chapters → pieces of plain text for continued pretraining, cut at line ends."""

from collections.abc import Iterable, Iterator

from huaben.records import Chapter, Piece, Provenance, Span, make_id


def cut_pieces(chapters: Iterable[Chapter], size: int) -> Iterator[Piece]:
    """Yield pieces of about `size` characters: whole lines, in order, none across a chapter's end."""
    for chapter in chapters:
        for start, end in _spans(chapter.text, size):
            text = chapter.text[start:end]
            yield Piece(
                record_id=make_id("pretrain", chapter.chapter_id, start, end),
                split=chapter.split,
                text=text,
                provenance=Provenance(
                    novel=chapter.novel, chapter=chapter.index, chapter_id=chapter.chapter_id, spans=((start, end),)
                ),
            )


def _spans(text: str, size: int) -> Iterator[Span]:
    start = 0
    while start < len(text):
        end = text.find("\n", start + size - 1)
        if end < 0 or len(text) - end < size // 2:
            end = len(text)
        if text[start:end].strip():
            yield start, end
        start = end + 1
