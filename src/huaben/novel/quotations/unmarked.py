"""Speech without quotation marks: after a bare cue (曰：, 说：), or after a dash that opens the paragraph.

Nothing marks where it ends. It is taken to the end of its sentence; in the old language (曰) over the next one as
well, where that says I or you, or goes on with an argument, and cues nobody else.
"""

import re
from collections.abc import Iterator

from huaben.novel.quotations.marks import Quotation

CUE = re.compile(r"[曰云道说說]\s*[：:]\s*")
SENTENCE = re.compile(r"[^。！？]*[。！？]?")
CLASSICAL = "曰云"
PERSON = "(?:[吾我尔爾汝妾卿]|君(?![子臣王]))"
ARGUES = r"[况況凡倘傥儻若苟夫故今请請愿願勿毋盍但]|且(?!.且)|如(?![是期言数數其])|何(?!其)|幸(?!而)"
TELLS = "[又因复復]?[问問]|[俄忽乃遂会會方盖蓋遽]"
"""How a sentence begins that tells on."""
GOES_ON = re.compile(f"(?!{TELLS})(?:{ARGUES}|[^。！？]*{PERSON})")
"""Of the sentences after speech that it takes as speech, about nine in ten are (80 read in a book of anecdotes)."""
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
    """Yield speech from a cue and its colon to where it seems to end, in a paragraph without marks."""
    while cue := CUE.search(text, start, end):
        start = _sentence_end(text, cue.end(), end)
        while cue[0][0] in CLASSICAL and GOES_ON.match(text, start, end):
            stop = _sentence_end(text, start, end)
            if CUE.search(text, start, stop):
                break
            start = stop
        yield Quotation(cue.end(), cue.end(), start, 0)


def _sentence_end(text: str, start: int, end: int) -> int:
    sentence = SENTENCE.match(text, start, end)
    return sentence.end() if sentence else end


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
