"""Quotations that are verse: sung, recited or written up, in clauses of equal length."""

import re

CUE = re.compile(r"(?:(?:唱|吟|歌|诗|詩|哼)[^。！？”]{0,12}|念(?:道|诗|着)?)[：:，,]?\s*$")
SET_OFF = re.compile(r"(?:唱|吟|哼|诗|詩|歌|曲|词)[^”\n]{0,40}[：:]\s*$")
"""A song may be described before it begins on a line of its own."""
SUNG = re.compile(r"(?:唱|吟|哼)(?:到|着|起)?$")
NOT_SUNG = re.compile(r"唱[^，。]{0,3}[喏诺]|沉吟|哼[哼的]*道|作念")
"""唱了个喏 is a greeting, 沉吟 is thought, 哼道 is scorn."""
RECITAL = re.compile(
    r"(?:[题題签簽词詞偈颂頌]|一[绝絕]|大书|其[一二三四五六七八九十]|口[中里内]|[信随隨]口)[^。！？”，]{0,10}[：:]\s*$"
)
"""题壁曰, 其二曰, 信口说道: verse only if it is a quatrain."""
QUATRAIN = re.compile(r"(?:(?:\w{5}\W+){4}|(?:\w{7}\W+){4})(?:\w{5}\W+|\w{7}\W+)*(?:\w{5}|\w{7})?")
"""Four clauses of five or of seven characters, and maybe more."""
METRE = 0.7
"""Share of a verse's clauses that are as long as its first."""
RECITED = re.compile(r"念(?:道|着)?[：:，,]?\s*$")
RECITABLE = (5, 7)


def is_verse(content: str, before: str, is_word: bool, opens_paragraph: bool) -> bool:
    """Tell verse, by its cue and by clauses of equal length; what is sung may be a part of it."""
    if NOT_SUNG.search(before[-12:]):
        return False
    if (RECITAL.search(before) and QUATRAIN.fullmatch(content)) or (SUNG.search(before) and is_word):
        return True
    clauses = [len(c) for c in re.split(r"[，。；！？、…\n]+", content) if c]
    if not clauses or not 3 <= min(clauses) <= max(clauses) <= 8:
        return False
    is_regular = len(clauses) > 1 and clauses.count(clauses[0]) >= METRE * len(clauses)
    if not is_regular or (RECITED.search(before) and clauses[0] not in RECITABLE):
        return bool(SUNG.search(before.rstrip("：:道")))
    return bool(CUE.search(before) or (opens_paragraph and SET_OFF.search(before)))
