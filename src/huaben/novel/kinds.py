"""What a quotation is: speech, or a thought, a sound, an emphasis, a title, a letter, a verse."""

import re

from huaben.records import QuotationKind

ENDS = "。！？…，；：—～、.!?,;:"
SOUNDS = "当咚哗嗒滴叮砰轰啪呜嘀咔嚓哐铛嘭喀吱呀嘎哒梆噗扑哧通嗡呼嘶咣啷沙哎唉吭嚓铮锵叽喳汪喵咕噜轱辘"
SOUND = re.compile(rf"[{SOUNDS}][{SOUNDS}—…，。！、 ]*")
THOUGHT_CUE = re.compile(
    r"(?:心想|暗想|想道|心道|心[说說]|[寻尋]思|思忖|暗道|琢磨|想|念[头頭]|心[里裡裏][^。]{0,6})[^。！？”]{0,6}[：:，,]?\s*$"
)
LETTER_CUE = re.compile(
    r"(?:写着|写道|写的是|信上|信里|信中|纸条|字条|手谕|告示|布告|批语|落款|注着|登记|印着|题着)[^。！？”]{0,12}[：:，,]?\s*$"
)
VERSE_CUE = re.compile(r"(?:唱|吟|歌|诗|念)[^。！？”]{0,12}[：:，,]?\s*$")
TITLE_AFTER = re.compile(
    r"(?:[一二三四五六七八九十两]个(?:大)?字|的?(?:招牌|牌子|匾|店|铺|栏|书|本子|册子|大酒店|号))"
)
TITLE_BEFORE = re.compile(
    r"(?:招牌|牌子|匾额?|店名|书名|题名|叫做?|名叫|题为|题曰|刻着|写着|号称|随身)[^。！？”]{0,6}$"
)
QUOTE_CUE = re.compile(r"(?:[：:]|(?:[说說道问問答喊嚷曰]|(?<!名)叫)，?)\s*$")
REACH = 60
"""Characters before a quotation in which its cue stands; the longest cue above has about 30."""
LONGEST_WORD = 12
"""Emphasis and titles are words and names, not sentences."""


def classify(text: str, opened: int, start: int, end: int, depth: int) -> QuotationKind:
    """Return the kind of the quotation `text[start:end]`, whose opening mark stands at `opened`."""
    content = text[start:end].strip()
    before = text[max(0, opened - REACH) : opened].split("\n")[-1]
    after = text[end + 1 : end + 12].split("\n")[0]
    introduced = bool(QUOTE_CUE.search(before))
    if SOUND.fullmatch(content) and not introduced:
        return "sound"
    if LETTER_CUE.search(before) and introduced:
        return "title" if len(content) <= LONGEST_WORD and content[-1:] not in ENDS else "letter"
    if VERSE_CUE.search(before) and _is_verse(content):
        return "verse"
    if depth == 0 and THOUGHT_CUE.search(before):
        return "thought"
    if _is_a_word(content) and not introduced and (before or after):
        is_title = TITLE_AFTER.match(after) or TITLE_BEFORE.search(before)
        return "title" if is_title else "emphasis"
    return "speech"


def _is_a_word(content: str) -> bool:
    return len(content) <= LONGEST_WORD and content[-1:] not in ENDS


def _is_verse(content: str) -> bool:
    clauses = [c for c in re.split(r"[，。；！？、\n]", content) if c]
    return len(clauses) >= 3 and max(map(len, clauses)) <= 8
