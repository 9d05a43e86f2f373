"""Quotation marks that a printer turned round or left out, told by what stands beside them.

Only for a style of marks that does not balance in its paragraph: where it does, each mark is what it looks like.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

Mark = tuple[str, int]
"""A quotation mark, and where it stands."""
ENDS = "。！？…"
CUE = re.compile(r"[：:]\s*$")
TOLD_LAST = re.compile(rf".*[{ENDS}](?=[^{ENDS}你]+[：:]\s*$)", re.DOTALL)
"""Up to a last sentence that only cues what comes; with 你 in it, it is said itself (我问你：)."""


def turned(text: str, marks: Sequence[Mark], end: int, pairs: Mapping[str, str]) -> list[Mark]:
    """Return the marks of a paragraph that ends at `end`, those turned that stand the wrong way round."""
    counts = Counter(mark for mark, _ in marks)
    right = list(marks)
    for opening, closing in pairs.items():
        if opening == closing or counts[opening] == counts[closing]:
            continue
        places = [k for k, (mark, _) in enumerate(marks) if mark in (opening, closing)]
        before = ""
        for k, following in zip(places, [*places[1:], len(marks)], strict=True):
            mark, i = marks[k]
            after, stop = marks[following] if following < len(marks) else ("", end)
            if mark == opening == before and after != closing and _closes(text, i, stop):
                mark = closing
            elif mark == closing == after and before != opening and CUE.search(text, max(0, i - 2), i):
                mark = opening
            before = mark
            right[k] = mark, i
    return right


def _closes(text: str, i: int, stop: int) -> bool:
    """Tell whether an opening mark stands between the end of a speech and the cue of the next (好！“他又道：)."""
    return text[i - 1] in ENDS and bool(CUE.search(text, i, stop))


def spoken_end(text: str, start: int, end: int) -> int:
    """Return where speech ends whose closing mark is missing before another's opening mark at `end`."""
    told = TOLD_LAST.match(text, start, end)
    return told.end() if told else end
