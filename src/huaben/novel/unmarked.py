"""Speech without quotation marks: after a bare cue (曰：, 说：), or after a dash that opens the paragraph."""

import re
from collections.abc import Iterator

from huaben.novel.marks import Quotation

CUE = re.compile(r"[曰云道说說]\s*[：:]\s*")
SENTENCE_END = re.compile(r"[。！？]")
DASH = re.compile(r"[ \t　]*(?:[—―─–]{1,2}|-{1,2}(?=\s))\s*(?=[^\s—―─–-])")
"""Opens a paragraph of speech; a hyphen only with a blank, a row of dashes is a rule."""
TOLD = re.compile(
    r"(?<=[。！？…!?,.])\s*(?:[—–]{1,2}\s*)?("
    r"[^。！？，：；—]{1,8}(?:说|道|问|答|喊|叫|笑|說|問)(?:道)?[。，；]"
    r"|(?:(?:he|she|I|they|we|[A-Z]\w+)\s+(?:said|asked|replied|cried|answered|whispered|shouted|added)"
    r"|(?:said|asked|replied|cried|answered|whispered|shouted|added)\s+(?:he|she|I|they|the|[A-Z]\w+))\b[^.!?—–]*[.!?]?)"
    r"\s*(?:[—–]{1,2}\s*)?"
)
"""What is told inside or after such speech: — You came, — he said. — Sit down."""


def after_cues(text: str, start: int, end: int) -> Iterator[Quotation]:
    """Yield speech from a cue and its colon to the end of the sentence, in a paragraph without marks."""
    while cue := CUE.search(text, start, end):
        stop = SENTENCE_END.search(text, cue.end(), end)
        start = stop.end() if stop else end
        yield Quotation(cue.end(), cue.end(), start, 0)


def after_dash(text: str, start: int, end: int) -> Iterator[Quotation]:
    """Yield the speech of a paragraph that a dash opens, without what is told of it between."""
    opening = DASH.match(text, start, end)
    if not opening:
        return
    place = opening.end()
    for told in [*TOLD.finditer(text, place, end), None]:
        stop = told.start() if told else end
        if text[place:stop].strip():
            yield Quotation(place, place, place + len(text[place:stop].rstrip()), 0)
        place = told.end() if told else end
