"""Texts that were decoded wrongly: beside what `text.find_damage` names, UTF-8 that was read as something else."""

import re

from huaben.text import find_damage

MISREAD = re.compile(
    "[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{2,}"
)
"""Two or more characters that stand for the bytes from 128 on in Windows-1252: Ã© is é in UTF-8, ä½ begins 你."""
GBK_SIGNS = re.compile("[锛銆鈥鐨鏄鍦鎴浣涓]")


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
