"""What a quotation is: speech, or a thought, a sound, an emphasis, a title, a letter, a verse.

It is decided by the words right before and after it, and by its form; where a quotation opens its paragraph and
the paragraph before ends with a colon, the words before that colon. Nothing said about it: speech.
"""

import re

from huaben.novel.quotations.sounds import is_sound
from huaben.novel.quotations.thoughts import is_thought
from huaben.novel.quotations.verses import is_verse
from huaben.novel.quotations.writings import is_carved, is_lettered, is_title, is_written
from huaben.records import QuotationKind

ENDS = "。！？…，；：—～、.!?,;:"
CALL = r"(?:[说說道问問答喊嚷曰唤骂应念]|念叨|嘟囔|(?<![名，])叫(?!$)|[大高惊驚喊呼齐齊连連哭哀狂怪急猛]叫)"
"""A plain 叫 before a word gives its name: 这叫“白虎洗脸”."""
QUOTE_CUE = re.compile(
    rf"(?:[：:]|{CALL}(?:[了着过]|[一两几]?[声句聲]|[你我他她]们?)*，?|[一那这][声句聲](?:话|是)?，?|一句是|口令，)\s*$"
)
REACH = 60
"""Characters before a quotation in which its cue stands; the longest cue has about 50."""
LONGEST_WORD = 12
"""Emphasis and titles are words and names, not sentences."""


def classify(text: str, opened: int, start: int, end: int, depth: int) -> QuotationKind:
    """Return the kind of the quotation `text[start:end]`, whose opening mark stands at `opened`."""
    content = text[start:end].strip()
    before = _before(text, opened)
    after = text[end + 1 : end + 30].split("\n")[0]
    introduced = bool(QUOTE_CUE.search(before))
    is_word = len(content) <= LONGEST_WORD and content[-1:] not in ENDS
    if not introduced and is_sound(content, after):
        return "sound"
    if is_written(before, after, introduced):
        return "title" if is_word and not is_lettered(before) else "letter"
    if is_verse(content, before, is_word, opens_paragraph=not text[opened - 1 : opened].strip()):
        return "verse"
    if depth == 0 and is_thought(before, after):
        return "thought"
    if is_word and (not introduced or is_carved(before)) and (before or after):
        return "title" if is_title(content, before, after) else "emphasis"
    return "speech"


def _before(text: str, opened: int) -> str:
    """Return what stands before a quotation, in its paragraph or before the colon that ends the one before."""
    paragraphs = text[max(0, opened - REACH) : opened].rsplit("\n", 1)
    if len(paragraphs) > 1 and not paragraphs[1].strip() and paragraphs[0].rstrip()[-1:] in ("：", ":"):
        return paragraphs[0].rstrip().rsplit("\n", 1)[-1]
    return paragraphs[-1]
