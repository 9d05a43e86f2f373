"""Named numbers about two neighbouring quotations, for the model that says whether one person speaks both.

Input: a chapter's resolved segments and the places of two quotations. Output: one row; none of its numbers is
about a candidate, so that it costs the same however many people there are.
"""

from collections.abc import Sequence

from huaben.novel.attribution.features import cued_speaker
from huaben.novel.attribution.narration import NAN, Row
from huaben.novel.attribution.segments import Segment

CLOSERS = '”」』’"'


def pair_row(segments: Sequence[Segment], a: int, b: int) -> Row:
    """Return the row of the neighbouring quotations at `a` and `b`."""
    between = segments[a + 1 : b]
    told = [s for s in between if s.cue]
    return {
        "segments": float(b - a - 1),
        "narrations": float(len(told)),
        "people": float(len({m.name for s in told for m in s.mentions})),
        **_edge("after_first", between[0] if between else None),
        **_edge("before_second", between[-1] if between else None),
        **_cues(segments, a, b),
        **_words("first", segments[a].text),
        **_words("second", segments[b].text),
        **_calls(segments, a, b),
    }


def _edge(label: str, segment: Segment | None) -> Row:
    keys = ("colon", "comma", "says_last", "length", "named", "pronoun", "described", "mentions")
    if segment is None or segment.cue is None:
        return {f"{label}.{key}": -1.0 for key in keys}
    cue = segment.cue
    by_pronoun = cue.named is None and cue.pronoun is not None
    values = (
        cue.has_colon,
        cue.ends_in_comma,
        cue.says_last,
        min(cue.length, 80),
        cue.named is not None,
        by_pronoun,
        cue.is_described,
        len(segment.mentions),
    )
    return {f"{label}.{key}": float(value) for key, value in zip(keys, values, strict=True)}


def _cues(segments: Sequence[Segment], a: int, b: int) -> Row:
    """Return whether the cues of the two, as far as there are any, mean one person."""
    first, second = _announced(segments, a), _announced(segments, b)
    after = segments[a + 1].subject if a + 1 < b and segments[a + 1].cue else None
    said_a, said_b = cued_speaker(segments, a), cued_speaker(segments, b)
    return {
        "announced_alike": _alike(first, second),
        "after_is_announced": _alike(after, second),
        "first_is_after": _alike(first, after),
        "cued_alike": _alike(said_a, said_b),
        "first_is_announced": float(a > 0 and bool((cue := segments[a - 1].cue) and cue.has_colon)),
    }


def _announced(segments: Sequence[Segment], at: int) -> str | None:
    cue = segments[at - 1].cue if at else None
    return segments[at - 1].subject if cue and cue.has_colon else None


def _alike(one: str | None, other: str | None) -> float:
    return 0.0 if one is None or other is None else 1.0 if one == other else -1.0


def _words(label: str, text: str) -> Row:
    said = text.rstrip(CLOSERS)
    return {
        f"{label}.length": float(min(len(text), 200)),
        f"{label}.asks": float(said.endswith(("？", "?"))),
        f"{label}.goes_on": float(said[-1:] in "，：、,"),
        f"{label}.has_i": float("我" in text),
        f"{label}.has_you": float("你" in text or "您" in text),
        f"{label}.is_closed": float(text[-1:] in CLOSERS),
    }


def _calls(segments: Sequence[Segment], a: int, b: int) -> Row:
    """Return whom the two call: who is called in one and cued in the other is spoken to, then speaks."""
    called_a = {name for name, degree in segments[a].called.items() if degree == 2}
    called_b = {name for name, degree in segments[b].called.items() if degree == 2}
    said_a, said_b = cued_speaker(segments, a), cued_speaker(segments, b)
    return {
        "first.calls": float(len(called_a)),
        "second.calls": float(len(called_b)),
        "call_alike": float(bool(called_a & called_b)) if called_a and called_b else NAN,
        "second_calls_first": float(said_a in called_b) if said_a and called_b else NAN,
        "first_calls_second": float(said_b in called_a) if said_b and called_a else NAN,
    }
