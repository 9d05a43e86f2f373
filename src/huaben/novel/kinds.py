"""What a quotation is: speech, or a thought, a sound, an emphasis, a title, a letter, a verse.

It is decided by the words right before and after it, and by its form; where a quotation opens its paragraph and
the paragraph before ends with a colon, the words before that colon. Nothing said about it: speech.
"""

import re

from huaben.records import QuotationKind

ENDS = "。！？…，；：—～、.!?,;:"
SOUNDS = (
    "当咚哗嗒滴叮砰轰啪呜嘀咔嚓哐铛嘭喀吱呀嘎哒梆噗扑哧通嗡呼嘶咣啷沙哎唉吭铮锵叽喳汪喵咕噜轱辘笃扭咯哇嘣噔噌嗖唰"
    "嗤隆喔咩哞嘟噼叭啦"
)
SOUND = re.compile(rf"[{SOUNDS}][{SOUNDS}—…，。！、 ]*")
SOUND_AFTER = re.compile(r"(?:的|地)?(?:一|两|几)[声响下聲響]|地")
ECHO = re.compile(r"(.{1,2})[，、—]?\1([，、—]?\1)*[—…]*")
"""吱扭吱扭, 咯咯: a word that only repeats itself."""
TAG_AFTER = re.compile(r"[^，。！？“”‘’\n]{0,8}(?:说|道|问|答|应|說|問|應)")
THOUGHT_CUE = re.compile(
    r"(?:心想|暗想|想道|心道|心[说說]|[寻尋自]思|忖|暗道|琢磨|想|[转轉]念|念[头頭]|(?<![手掌背])心[里裡裏中下][^。]{0,6})"
    r"[^。！？”]{0,6}[：:，,]?\s*$"
)
THOUGHT_AFTER = re.compile(
    r"(?![^，。]{0,4}想了)[^，。！？“”\n]{0,4}(?:心想|想道|暗想|暗道|[寻尋]思|琢磨|心里想|想)[着道]?[，。]"
    r"|\s*(?:\w+ ){0,2}(?:thought|wondered)\b"
)
ALOUD = re.compile(r"(?:(?<![心暗肚])(?<!心[里裡裏中下])(?<!自己)[说說]|[问問喊]|[笑答回喝叫]道)[：:，,]?\s*$")
"""想罢带笑说: he has thought, and now he speaks."""
PONDERED = re.compile(r"想了(?:[一又半]?想|[一好很半老][^。，]{0,4})")
"""想了想, and then he speaks."""
LETTER_CUE = re.compile(
    r"(?:[写寫](?:[着著了下上道]|的是)?|[抄批刻题](?:[着著了下上]|的是)|信上|信里|信中|纸条|字条|手谕|告示|布告|批语|落款|注着|登记|印着"
    r"|[一两几]行(?:小?字|是))[^。！？”，]{0,12}[：:，,]?\s*$|[一两几]行[：:]\s*$"
)
SAYS = re.compile(r"(?:[说說喊问問]|叫声|(?<![写寫书題题])道)[：:]\s*$")
WRITTEN = re.compile(r"(?:[他她我你它]|上[面头]?)[还又]?(?:写|寫)(?:道|着|著)?$")
VERSE_CUE = re.compile(r"(?:(?:唱|吟|歌|诗|詩|哼)[^。！？”]{0,12}|念(?:道|诗|着)?)[：:，,]?\s*$")
VERSE_SET_OFF = re.compile(r"(?:唱|吟|哼|诗|詩|歌|曲|词)[^”\n]{0,40}[：:]\s*$")
"""A song may be described before it begins on a line of its own."""
SUNG = re.compile(r"(?:唱|吟|哼)(?:到|着|起)?$")
NOT_SUNG = re.compile(r"唱[^，。]{0,3}[喏诺]|沉吟|哼[哼的]*道|作念")
"""唱了个喏 is a greeting, 沉吟 is thought, 哼道 is scorn."""
METRE = 0.7
"""Share of a verse's clauses that are as long as its first."""
RECITED = re.compile(r"念(?:道|着)?[：:，,]?\s*$")
RECITABLE = (5, 7)
NUMBER = "[一二三四五六七八九十两]"
WORD_AFTER = re.compile(rf"(?:{NUMBER}个)?大?字")
TITLE_AFTER = re.compile(r"(?:的|[这那]?一?[个块家间本栏张])?(?:招牌|牌子|匾|店|铺|栏|书|本子|册子|大酒店|号)")
SIGN_BEFORE = re.compile(r"(?:招牌|牌子|匾|门楣|门[上口]|墙[上头]|碑|幌子|楼顶|封面)[^。！？”]{0,20}$")
TITLE_BEFORE = re.compile(
    r"(?:招牌|牌子|匾额?|店名|书名|题名|名叫|题为|题曰|刻着|写着|号称|随身)[^。！？”]{0,6}$"
    r"|\b(?:called|named|entitled|titled)\s*$"
)
CARVED = re.compile(rf"(?:刻着|刻的是|题着|{NUMBER}个大?字)[：:]\s*$")
HOUSE = re.compile(r".{2,}(?:[行店铺楼馆堂斋阁轩社局厂]|公司|书院|日报|杂志|月刊|(?<!第)[一二三四五六七八九十]号)")
"""The name of a shop, a house, a paper, a ship."""
MOVE = re.compile(r"(?:招|式|步|脚|手|掌|拳|剑|一个)[^，。！？；]{0,4}$")
"""Before the name of a blow, which may end as that of a house does."""
CALL = r"(?:[说說道问問答喊嚷曰唤骂应念]|念叨|嘟囔|(?<![名，])叫)"
QUOTE_CUE = re.compile(
    rf"(?:[：:]|{CALL}(?:[了着过]|[一两几]?[声句聲]|[你我他她]们?)*，?|[一那这][声句聲](?:话|是)?，?|一句是|口令，)\s*$"
)
REACH = 60
"""Characters before a quotation in which its cue stands; the longest cue above has about 50."""
LONGEST_WORD = 12
"""Emphasis and titles are words and names, not sentences."""


def classify(text: str, opened: int, start: int, end: int, depth: int) -> QuotationKind:
    """Return the kind of the quotation `text[start:end]`, whose opening mark stands at `opened`."""
    content = text[start:end].strip()
    before = _before(text, opened)
    after = text[end + 1 : end + 30].split("\n")[0]
    introduced = bool(QUOTE_CUE.search(before))
    if not introduced and _is_sound(content, after):
        return "sound"
    if _is_written(content, before, after, introduced):
        return "title" if _is_a_word(content) and not WRITTEN.search(before) else "letter"
    if _is_verse(content, before, opens_paragraph=not text[opened - 1 : opened].strip()):
        return "verse"
    if depth == 0 and _is_thought(before, after):
        return "thought"
    if _is_a_word(content) and (not introduced or CARVED.search(before)) and (before or after):
        return "title" if _is_title(content, before, after) else "emphasis"
    return "speech"


def _before(text: str, opened: int) -> str:
    """Return what stands before a quotation, in its paragraph or before the colon that ends the one before."""
    paragraphs = text[max(0, opened - REACH) : opened].rsplit("\n", 1)
    if len(paragraphs) > 1 and not paragraphs[1].strip() and paragraphs[0].rstrip()[-1:] in ("：", ":"):
        return paragraphs[0].rstrip().rsplit("\n", 1)[-1]
    return paragraphs[-1]


def _is_a_word(content: str) -> bool:
    return len(content) <= LONGEST_WORD and content[-1:] not in ENDS


def _is_sound(content: str, after: str) -> bool:
    if TAG_AFTER.match(after):
        return False
    is_echo = ECHO.fullmatch(content) and (len(content) > 3 or SOUND_AFTER.match(after))
    is_struck = len(content) == 1 and SOUND_AFTER.match(after) and not after.startswith(("一下", "两下"))
    return bool(SOUND.fullmatch(content) or is_echo or is_struck)


def _is_thought(before: str, after: str) -> bool:
    if before.strip() and before[-1] not in "。；！？":
        return bool(THOUGHT_CUE.search(before)) and not (PONDERED.search(before[-16:]) or ALOUD.search(before))
    return bool(THOUGHT_AFTER.match(after))


def _is_written(content: str, before: str, after: str, introduced: bool) -> bool:
    if WORD_AFTER.match(after) or SAYS.search(before):
        return False
    return bool((LETTER_CUE.search(before) and introduced and before[-1:] in "：:，,") or WRITTEN.search(before))


def _is_verse(content: str, before: str, opens_paragraph: bool) -> bool:
    """Tell verse, by its cue and by clauses of equal length; what is sung may be a part of it."""
    if NOT_SUNG.search(before[-12:]):
        return False
    if SUNG.search(before) and _is_a_word(content):
        return True
    clauses = [len(c) for c in re.split(r"[，。；！？、…\n]+", content) if c]
    if not clauses or not 3 <= min(clauses) <= max(clauses) <= 8:
        return False
    is_regular = len(clauses) > 1 and clauses.count(clauses[0]) >= METRE * len(clauses)
    if not is_regular or (RECITED.search(before) and clauses[0] not in RECITABLE):
        return bool(SUNG.search(before.rstrip("：:道")))
    return bool(VERSE_CUE.search(before) or (opens_paragraph and VERSE_SET_OFF.search(before)))


def _is_title(content: str, before: str, after: str) -> bool:
    if WORD_AFTER.match(after):
        return bool(SIGN_BEFORE.search(before))
    return bool(
        TITLE_AFTER.match(after)
        or TITLE_BEFORE.search(before)
        or CARVED.search(before)
        or (HOUSE.fullmatch(content) and not MOVE.search(before))
    )
