"""Filters of single texts: a text in, a reason to drop it out; None keeps.

`text_fault` judges any text, `reply_fault` an answer to a prompt: what a prompt asks for is no defect. Both
see a text after `repair.py` has cut what can be cut. One regular expression screens every text; the filters
themselves look only at what it lets through, and at what no expression can tell.
"""

import json
import re
from typing import NamedTuple

from huaben.refine.loops import runs_away
from huaben.refine.phrases import (
    ASKS_CODE,
    ASKS_WATERMARK,
    ASKS_WHETHER,
    ASKS_WORDS,
    EMPTY_WORDS,
    LEAK,
    MAYBE_NONE,
    NARRATION,
    REFUSAL,
    UNFILLED,
    WATERMARK,
    WRAPPED,
)
from huaben.refine.repair import THINK
from huaben.refine.screen import is_plain
from huaben.refine.scripts import changes_language, mixes_variants
from huaben.text import find_damage

LETTER = re.compile(r"[^\W_]")
"""A letter or digit, as `text.count_letters` counts them."""
MISREAD = re.compile(
    "[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{2,}"
)
"""Two or more characters that stand for the bytes from 128 on in Windows-1252: Ã© is é in UTF-8, ä½ begins 你."""
GBK_SIGNS = re.compile("[锛銆鈥鐨鏄鍦鎴浣涓]")
TEMPLATE = re.compile(
    r"<\|[a-zA-Z_]{1,40}\|>|<｜[^｜\n]{1,30}｜>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
)
ELEMENT = re.compile(
    r"</?(?:a|img|script|style|table|t[rdh]|tbody|thead|ul|ol|li|iframe|input|select|option|form|button|video|audio|svg|"
    r"link|meta|body|html|head|pre|code|p|div|span|br|b|i|u|em|strong|font|h[1-6])(?:[\s/][^<>]{0,300})?>",
    re.IGNORECASE,
)
KEYS = frozenset(
    "speaker line role name dialogue dialog emotion reply response answer content text output message messages "
    "conversations from value question summary qa mood 回复 台词 对话 内容 回答 说话人 角色 人物 问题 答案".split()
)
JSON_START = re.compile(r"\A\s*(?:\w{1,12}\s*[：:]\s*)?[\[{]+\s*[\"'](\w{1,30})[\"']\s*:")
JSON_PIECE = re.compile(r"\A\s*\"\w{1,30}\"\s*:\s*\"|\"\s*\}[\s,}\]]*\Z|[\"”]\s*,\s*\"\w{1,30}\"\s*:\s*[\"{\[\d]")
LOOKED_AT = 4_000
"""Characters of a reply that are compared with the system's message."""
SHARED = 24
"""Characters of a system message that a reply repeats only by copying it."""
DANGLING = re.compile(
    r"(?:[（(“「『《、]|[：:]|(?:还有|第[一二三四五六七八九]|因为|所以|而且|但是|如果|比如|例如)[，,]|"
    r"(?:然后再?|因为|所以|而且|但是|如果|就是|以及|他就把|[到把被让给和与或就在从向对]|[一两几这那][个条道位张座只件])|"
    r"\b(?:the|and|of|to|that|a|an|in|with|for|but|or|should|would|had|was|is|my|his|her|their|who|which|because|if))\Z"
)
"""Ends after which something must come. A comma is none: in novels 他说 often follows it, outside the quotation."""
FINISHED = frozenset("。！？!?…”」』.)）~～*")
OPENERS = "（(“「『《、"
MIN_CUT = 24
"""Characters; a shorter reply may well end anywhere."""
MIN_ECHO = 10
LONGEST_EMPTY = 60
BRACKETS = frozenset(" \n（([【<{")
LONGEST_NARRATION = 200
QUOTE = re.compile('[“「"]')
AROUND = " \t\n\u3000（）()[]【】<>《》{}“”\"'。.，,…*_-"
ENDER = re.compile(r"[。！？!?；]|\. ")
PERMITS_ECHO = re.compile(r"改|纠|校对|复述|重复|跟我|润色|\b(?:repeat|correct|fix|proofread|echo)\b", re.IGNORECASE)


class Exchange(NamedTuple):
    """What a reply answers: the last message, all that was said before it, and the system's message."""

    asked: str
    before: str
    system: str = ""
    is_talk: bool = True
    """A conversation, and no question with its answer: there a narrator has no place."""


def is_damaged(text: str) -> bool:
    """Tell whether a text was decoded wrongly: U+FFFD, 锟斤拷, private use, half a pair, UTF-8 misread."""
    return find_damage(text) is not None or _is_misread_as_latin(text) or _is_misread_as_gbk(text)


def _is_misread_as_latin(text: str) -> bool:
    """Tell whether UTF-8 was read as Windows-1252: as bytes again, pieces of the text are two letters in UTF-8."""
    return sum(_letters_of_utf8(piece) for piece in MISREAD.findall(text)) >= 2


def _letters_of_utf8(piece: str) -> int:
    try:
        return len(piece.encode("cp1252").decode("utf-8"))
    except UnicodeError:
        return 0


def _is_misread_as_gbk(text: str) -> bool:
    """Tell whether UTF-8 was read as GBK: written as GBK again, most of it is UTF-8, which no Chinese text is."""
    if len(GBK_SIGNS.findall(text)) < 2:
        return False
    back = text.encode("gb18030", "ignore").decode("utf-8", "replace")
    return back.count("\ufffd") * 4 < len(back)


def text_fault(text: str) -> str | None:
    """Return why a text of any kind is dropped, or None to keep it."""
    if not is_plain(text) and is_damaged(text):
        return "damaged characters"
    return None


def plain_fault(text: str) -> str | None:
    """Return why plain text for pretraining is dropped, or None to keep it."""
    if not LETTER.search(text):
        return "no words"
    if fault := text_fault(text):
        return fault
    return "runaway repetition" if runs_away(text) else None


def reply_fault(text: str, exchange: Exchange) -> str | None:
    """Return why an answer to a prompt is dropped, or None to keep it."""
    if not LETTER.search(text):
        return "no words"
    if not is_plain(text) and (fault := _fault_of_marks(text, exchange) or _fault_of_words(text, exchange)):
        return fault
    return _fault_of_form(text, exchange)


def _fault_of_marks(text: str, exchange: Exchange) -> str | None:
    """Return the fault of a reply that has characters or marks which no prose has, or None."""
    if is_damaged(text):
        return "damaged characters"
    if THINK.search(text):
        return "reasoning only"
    if UNFILLED.search(text):
        return "placeholder"
    if ASKS_CODE.search(exchange.before):
        return "fence never closed" if text.count("```") % 2 else None
    if TEMPLATE.search(text):
        return "chat template"
    if text.count("```") % 2:
        return "fence never closed"
    if "`" in text:
        return None
    if _is_json_residue(text):
        return "JSON residue"
    return "HTML" if ELEMENT.search(text) else None


def _fault_of_words(text: str, exchange: Exchange) -> str | None:
    """Return the fault of a reply that is a machine's or a site's talk, or None."""
    if REFUSAL.search(text):
        return "refusal"
    if not ASKS_CODE.search(exchange.before) and LEAK.search(text):
        return "prompt leakage"
    if WATERMARK.search(text) and not ASKS_WATERMARK.search(exchange.before):
        return "watermark"
    return None


def _fault_of_form(text: str, exchange: Exchange) -> str | None:
    """Return the fault of a reply as a whole, beside its prompt, or None."""
    if len(text) <= LONGEST_EMPTY and _is_empty(text, exchange.asked):
        return "placeholder"
    if exchange.system and _copies(text, exchange.system):
        return "prompt leakage"
    if _echoes(text, exchange.asked):
        return "reply equals the prompt"
    if changes_language(text, exchange.before):
        return "another language"
    if mixes_variants(text, exchange.before):
        return "simplified and traditional"
    if (
        exchange.is_talk
        and len(text) <= LONGEST_NARRATION
        and QUOTE.search(text)
        and not ASKS_WORDS.search(exchange.asked)
        and NARRATION.search(text)
    ):
        return "narration in a line"
    if runs_away(text):
        return "runaway repetition"
    return "half a sentence" if is_half(text) else None


def _is_empty(text: str, asked: str) -> bool:
    """Tell whether a short reply only says that there is none."""
    if text[0] in BRACKETS and WRAPPED.search(text.strip()):
        return True
    word = text.strip(AROUND).lower()
    return word in EMPTY_WORDS and not (word in MAYBE_NONE and ASKS_WHETHER.search(asked))


def _copies(text: str, system: str) -> bool:
    """Tell whether a reply repeats a stretch of the system's message."""
    if len(system) < SHARED or len(text) < SHARED:
        return False
    last = min(len(text), LOOKED_AT) - SHARED
    return any(text[i : i + SHARED] in system for i in range(last + 1))


def _is_json_residue(text: str) -> bool:
    """Tell whether a reply is the answer of a program: an object with the keys of an extraction, or a piece of one."""
    if found := JSON_START.search(text):
        start = min(i for i in (text.find("{"), text.find("[")) if i >= 0)
        return found[1].lower() in KEYS or not _is_json(text[start:])
    return bool(JSON_PIECE.search(text))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _echoes(text: str, asked: str) -> bool:
    """Tell whether a reply says its prompt again; a short one may, and one that was told to."""
    if abs(len(text) - len(asked)) > 8 or len(asked) < MIN_ECHO:
        return False
    first, first_asked = LETTER.search(text), LETTER.search(asked)
    if not first or not first_asked or first[0] != first_asked[0]:
        return False
    is_same = text == asked or "".join(LETTER.findall(text)) == "".join(LETTER.findall(asked))
    return is_same and not PERMITS_ECHO.search(asked)


def is_half(text: str) -> bool:
    """Tell whether a reply of several clauses breaks off: at an opening mark, a comma or a word that needs another."""
    if len(text) < MIN_CUT or text[-1] in FINISHED:
        return False
    end = text.rstrip()[-12:]
    if not DANGLING.search(end):
        return False
    return end[-1] in OPENERS or (bool(ENDER.search(text)) and "`" not in text)
