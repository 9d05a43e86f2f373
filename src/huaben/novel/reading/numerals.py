"""Numerals of headings: Chinese, Arabic, full-width, Roman, and English ones in words."""

NUMERAL = r"[〇零一二三四五六七八九十百千万萬两兩廿卅\d]+"
WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
COUNT = rf"(?:[0-9]+|[IVXLC]+|(?i:{'|'.join(WORDS)})|(?i:the (?:{'|'.join(ORDINALS)})))"
DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000, "萬": 10000}
ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def to_number(numeral: str) -> int:
    """Read a Chinese, Arabic, full-width or Roman numeral, or an English one in words: 一百二十 → 120."""
    word = numeral.lower().removeprefix("the ")
    for words in (WORDS, ORDINALS):
        if word in words:
            return words.index(word) + 1
    if set(numeral) <= set(ROMAN):
        values = [ROMAN[c] for c in numeral]
        return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))
    numeral = numeral.replace("廿", "二十").replace("卅", "三十")
    total, digit = 0, 0
    for character in numeral:
        if unit := UNITS.get(character):
            total = (total + digit or 1) * unit if unit == 10000 else total + (digit or 1) * unit
            digit = 0
        else:
            digit = digit * 10 + (int(character) if character.isdecimal() else DIGITS[character])
    return total + digit
