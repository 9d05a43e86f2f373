"""What every room asks of a text: how many letters it has, and whether it is damaged or is no prose at all.

Pure functions over one string. `find_damage` and `find_residue` name the first fault they find, so that
a filter can give it as its reason and a gate can count it.
"""

import re

DAMAGE = {
    "replacement_character": re.compile("\ufffd"),
    "lone_surrogate": re.compile("[\ud800-\udfff]"),
    "mojibake": re.compile("锟斤拷|锟斤|烫烫烫|屯屯屯|ï¿½|â€[œ™“”]"),
    "private_use": re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]"),
    "control_character": re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]"),
}
"""Traces of a wrong decoding: U+FFFD read as GB18030 is 锟斤拷, fresh memory 烫烫烫 or 屯屯屯."""

RESIDUE = {
    "code_fence": re.compile("```"),
    "think_tag": re.compile(r"</?think(?:ing)?>", re.IGNORECASE),
    "chat_token": re.compile(r"<\|[a-zA-Z_]{1,40}\|>"),
    "html_tag": re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,20}(?:\s[^<>]{0,300})?/?>"),
    "html_entity": re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});"),
    "json": re.compile(r'\A\s*(?:\[\s*)?[\[{]\s*"'),
    "refusal": re.compile(
        r"作为(?:一个|一名|一款)?(?:AI|人工智能)(?:语言模型|助手|模型)|\bas an AI (?:language model|assistant)",
        re.IGNORECASE,
    ),
}
"""What a model or a web page leaves around a text, and no writer of prose writes."""

BLANK = "____"
"""What stands in a statement with a blank where the answer's core goes."""


def count_letters(text: str) -> int:
    """Return how many characters of `text` are letters or digits (Unicode categories L and N).

    That is what Python's `isalnum` tells of a character; a test holds it against all of Unicode.
    """
    return sum(map(str.isalnum, text))


def find_damage(text: str) -> str | None:
    """Return the name of the first trace of a wrong decoding in `text`, or None when it is sound."""
    return _first(DAMAGE, text)


def find_residue(text: str) -> str | None:
    """Return the name of the first piece of markup, JSON or assistant talk in `text`, or None when there is none."""
    return _first(RESIDUE, text)


def has_one_blank(text: str) -> bool:
    """Tell whether `text` is a statement with just one blank, of just that length."""
    return BLANK in text and text.count(BLANK[0]) == len(BLANK)


def printable(text: str) -> str:
    """Return a text on one line in which everything that a terminal would obey or not show is written out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text.replace("\n", "⏎"))


def _first(patterns: dict[str, re.Pattern[str]], text: str) -> str | None:
    return next((name for name, pattern in patterns.items() if pattern.search(text)), None)
