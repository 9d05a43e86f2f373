"""Runaway repetition: a model that says the same over and over until its limit.

After the repetition rules of Gopher (Rae et al. 2021, table A1), made for characters and short replies: what
is measured is the share of a text that repeats itself. A novel's 哈哈哈哈 or 救命！救命！救命！ is far below.
"""

import re
import zlib
from collections import Counter

MIN_LENGTH = 40
"""Characters; a shorter text repeats itself for effect."""
SHORT = 400
MAX_DISTINCT = 0.3
"""Distinct characters in a character of a short text; prose has 0.5 to 0.9, a loop of 20 characters under 0.3."""
MAX_PACKED = 0.25
"""Bytes after zlib in a byte of a long text; prose has 0.4 to 0.7."""
LOOKED_AT = 4_000
"""Characters of the beginning and of the end in which loops are looked for."""
LOOP = re.compile(r"(.{1,40}?)\1{5,}", re.DOTALL)
MIN_SHARE = 0.5
CLAUSE = re.compile(r"[，。！？；：、,.!?;:\n]+")
MIN_CLAUSES = 8
MIN_TIMES = 3


def runs_away(text: str) -> bool:
    """Tell whether half of a text is one piece again and again, or clauses that stand there three times."""
    size = len(text)
    if size < MIN_LENGTH or (len(set(text[:SHORT])) > MAX_DISTINCT * min(size, SHORT) and size <= SHORT):
        return False
    if size > SHORT:
        head = text[-LOOKED_AT:].encode("utf-8", "surrogatepass")
        if len(zlib.compress(head, 1)) > MAX_PACKED * len(head):
            return False
    looked_at = text if size <= 2 * LOOKED_AT else text[-LOOKED_AT:]
    return _loops(looked_at) or _repeats_clauses(looked_at)


def _loops(text: str) -> bool:
    covered = sum(len(m[0]) for m in LOOP.finditer(text) if any(map(str.isalnum, m[1])))
    return covered >= MIN_SHARE * len(text)


def _repeats_clauses(text: str) -> bool:
    clauses = [clause.strip() for clause in CLAUSE.split(text) if len(clause.strip()) > 1]
    if len(clauses) < MIN_CLAUSES:
        return False
    counts = Counter(clauses)
    repeated = sum(len(clause) * count for clause, count in counts.items() if count >= MIN_TIMES)
    return repeated >= MIN_SHARE * sum(map(len, clauses))
