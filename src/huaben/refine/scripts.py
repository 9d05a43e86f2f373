"""Which script a text is in, and whether simplified and traditional characters are mixed in it.

OpenCC says which characters have another form; a character that the other side's own standard holds as well
(GB 2312 has 後 and 於, Big5 has 后 and 里) tells nothing and is left out.
"""

import re
from functools import cache

from huaben.refine.phrases import ASKS_LANGUAGE
from huaben.refine.screen import STRANGE_SCRIPTS

HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
STRANGE = [re.compile(f"[{script}]") for script in STRANGE_SCRIPTS]
ANY_STRANGE = re.compile(f"[{''.join(STRANGE_SCRIPTS)}]")
LATIN = re.compile("[A-Za-z]")
LATIN_RUN = re.compile(r"(?:[A-Za-z\u00c0-\u024f'’]{1,30}[ ,.]{1,3}){6}")
LAST_COMMON = b"\xc6\x7e"
"""End of Big5's first level; rarer ones, such as 駔 in an old novel, stand in simplified texts as well."""
STANDARD_IN_NAMES = "昇"
"""The traditional form of 升, yet a standard character of its own in names, as in 毕昇 (通用规范汉字表, 2013)."""
MIN_STRANGE = 4
"""Letters; の on a shop's sign is no change of language."""
MIN_WORDS = 8
MIN_HAN = 8


def changes_language(reply: str, prompt: str) -> bool:
    """Tell whether a reply is, or goes over, into a script that its prompt is not in and does not ask for."""
    if ANY_STRANGE.search(reply):
        for script in STRANGE:
            if len(script.findall(reply)) >= MIN_STRANGE and not script.search(prompt):
                return not ASKS_LANGUAGE.search(prompt)
    is_han = HAN.search(reply) is not None
    if is_han and not (LATIN.search(reply) and LATIN_RUN.search(reply)) and HAN.search(prompt):
        return False
    han, asked_han = len(HAN.findall(reply)), len(HAN.findall(prompt))
    words, asked_words = len(LATIN_WORD.findall(reply)), len(LATIN_WORD.findall(prompt))
    leaves_han = asked_han >= 3 and asked_han > asked_words and words >= MIN_WORDS and words > han
    leaves_latin = asked_han == 0 and asked_words >= 3 and han >= MIN_HAN and han > words
    return (leaves_han or leaves_latin) and not ASKS_LANGUAGE.search(prompt)


@cache
def variants() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the classes of characters that only simplified and only traditional texts have."""
    import opencc

    han = "".join(map(chr, [*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]))
    to_simplified, to_traditional = (opencc.OpenCC(way).convert("\n".join(han)).split("\n") for way in ("t2s", "s2t"))
    traditional = "".join(c for c, s in zip(han, to_simplified, strict=True) if c != s and _is_common(c))
    simplified = "".join(c for c, t in zip(han, to_traditional, strict=True) if c != t and not _has("big5", c))
    return re.compile(f"[{simplified}]"), re.compile(f"[{traditional}]")


def _is_common(character: str) -> bool:
    """Tell whether a traditional character is one of Big5's 5,401 common ones, and none of a simplified text's."""
    if character in STANDARD_IN_NAMES or _has("gb2312", character):
        return False
    return _has("big5", character) and character.encode("big5") <= LAST_COMMON


def _has(codec: str, character: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def variant_of(text: str) -> str | None:
    """Return `traditional` or `simplified`, whichever a text's characters show first, or None where none does."""
    simplified, traditional = variants()
    if traditional.search(text):
        return "traditional"
    return "simplified" if simplified.search(text) else None


def mixes_variants(reply: str, prompt: str) -> bool:
    """Tell whether a reply has characters of both kinds, or of another kind than its prompt."""
    simplified, traditional = variants()
    if not traditional.search(reply):
        return False
    is_mixed = simplified.search(reply) or (simplified.search(prompt) and not traditional.search(prompt))
    return bool(is_mixed) and not ASKS_LANGUAGE.search(prompt)
