"""Named numbers about a quotation and one of its candidates, for the ranker.

Input: a chapter's resolved segments and the place of a quotation. Output: its candidates (everybody mentioned
within reach) and a row of numbers for each. A number is about the cue beside it, recency, turns, who is called,
or the quotation's own words; none is about which novel, which name or which word. (Features after He et al.,
ACL 2013; Muzny et al., EACL 2017; Chen et al., "A Chinese Dataset for Identifying Speakers in Novels",
Interspeech 2019.)
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from huaben.novel.cues import KIN, TOLD
from huaben.novel.names import Names
from huaben.novel.segments import Segment

REACH = 12
"""Segments on either side of a quotation in which its candidates are mentioned."""
NEAR = 5
FAR = 30.0
"""The distance to what is not within reach."""
LAST_RANK = 9.0
NAN = float("nan")
Row = dict[str, float]
GENDER_OF = {"他": "male", "她": "female", "他们": "male", "她们": "female", "他們": "male", "她們": "female"}


def _mentioned(segment: Segment) -> Sequence[str]:
    return () if segment.is_quotation else [m.name for m in segment.mentions]


def _named(segment: Segment) -> Sequence[str]:
    return (segment.named,) if segment.named else ()


def _subject(segment: Segment) -> Sequence[str]:
    return (segment.subject,) if segment.subject else ()


def _cued(segment: Segment) -> Sequence[str]:
    return (segment.subject,) if segment.subject and segment.cue and segment.cue.has_colon else ()


def _spoken_of(segment: Segment) -> Sequence[str]:
    return list(segment.called)


VIEWS: dict[str, Callable[[Segment], Sequence[str]]] = {
    "mentioned": _mentioned,
    "named": _named,
    "subject": _subject,
    "cued": _cued,
    "spoken_of": _spoken_of,
}
"""Ways to look at who is in a segment."""


@dataclass(frozen=True)
class View:
    """Who is seen around a quotation in one way: distance and rank before and after, counts within reach."""

    before: dict[str, tuple[float, float]]
    after: dict[str, tuple[float, float]]
    counts: Counter[str]
    near: Counter[str]


class Surroundings:
    """A quotation (the segment `at`) with what is within reach of it."""

    def __init__(
        self, segments: Sequence[Segment], at: int, quotations: Sequence[int], order: int, names: Names
    ) -> None:
        self.segments, self.at, self.names = segments, at, names
        self.low, self.high = max(0, at - REACH), min(len(segments), at + REACH + 1)
        self.quotations, self.order = quotations, order
        self.views = {name: self._view(look) for name, look in VIEWS.items()}
        seen: set[str] = set()
        for view in self.views.values():
            seen.update(view.counts)
        self.candidates = sorted(seen)

    def _view(self, look: Callable[[Segment], Sequence[str]]) -> View:
        within = [look(self.segments[i]) for i in range(self.low, self.high)]
        at = self.at - self.low
        return View(
            _ranked(reversed(within[:at])),
            _ranked(within[at + 1 :]),
            Counter(name for people in within for name in people),
            Counter(name for people in within[max(0, at - NEAR) : at + NEAR + 1] for name in people),
        )

    def narration(self, offset: int) -> Segment | None:
        """Return the segment at a distance, if it is narration within reach."""
        i = self.at + offset
        return self.segments[i] if self.low <= i < self.high and self.segments[i].cue else None

    def quotation(self, offset: int) -> int | None:
        """Return the place of a neighbouring quotation within reach."""
        j = self.order + offset
        if not 0 <= j < len(self.quotations) or not self.low <= self.quotations[j] < self.high:
            return None
        return self.quotations[j]


def _ranked(segments: Iterable[Sequence[str]]) -> dict[str, tuple[float, float]]:
    seen: dict[str, tuple[float, float]] = {}
    for distance, people in enumerate(segments, 1):
        for name in reversed(people):
            if name not in seen:
                seen[name] = (float(distance), float(len(seen)))
    return seen


def rows_of(around: Surroundings) -> Iterator[Row]:
    """Yield the row of each candidate, in the order of `around.candidates`."""
    shared = _shared(around)
    turns = [(d, _turn(around, d)) for d in (-2, -1, 0, 1, 2)]
    runs = [("before", _run(around, -1)), ("after", _run(around, 1))]
    for name in around.candidates:
        row = dict(shared)
        for view in VIEWS:
            row.update(_seen(around, view, name))
        row.update(_persons(around, name))
        for offset in (-1, 1):
            row.update(_beside(around, offset, name))
        for offset in (-3, -2, 2, 3):
            row.update(_farther(around, offset, name))
        for d in (-1, 1):
            row[f"turn{d}.tells"] = _told(around, d, name)
        for d, speaker in turns:
            row[f"turn{d}.is_cued"] = _agrees(speaker, name)
        for side, run in runs:
            row[f"run_{side}.says_it_is"] = (
                0.0 if run is None else _agrees(run[0], name) * (1 if run[1] % 2 == 0 else -1)
            )
        yield row


def _agrees(person: str | None, name: str) -> float:
    return 0.0 if person is None else 1.0 if person == name else -1.0


def _shared(around: Surroundings) -> Row:
    """Return what is the same for all candidates: the quotation's words and its neighbours."""
    text = around.segments[around.at].text
    said = text.rstrip('”」』’"')
    row = {
        "candidates": float(len(around.candidates)),
        "said.length": float(min(len(text), 200)),
        "said.asks": float(said.endswith(("？", "?"))),
        "said.goes_on": float(said[-1:] in "，：,:"),
        "said.has_i": float("我" in text),
        "said.has_you": float("你" in text or "您" in text),
    }
    for d in (-2, -1, 1, 2):
        j = around.quotation(d)
        row[f"turn{d}.gap"] = FAR if j is None else float(abs(j - around.at))
    for d in (-1, 1):
        j = around.quotation(d)
        row[f"turn{d}.asks"] = 0.0 if j is None else float(around.segments[j].text.rstrip('”」』’"').endswith("？"))
    for offset in (-1, 1):
        row.update(_cue_row(f"narration{offset}", around.narration(offset)))
    for offset in (-3, -2, 2, 3):
        near = 0 <= around.at + offset < len(around.segments) and around.low <= around.at + offset < around.high
        segment = around.narration(offset)
        row[f"narration{offset}.is_quotation"] = float(segment is None) if near else NAN
        row[f"narration{offset}.colon"] = float(segment.cue.has_colon) if segment and segment.cue else NAN
    for side, d in (("before", -1), ("after", 1)):
        run = _run(around, d)
        row[f"run_{side}.length"] = FAR if run is None else float(run[1])
    return row


def _cue_row(label: str, segment: Segment | None) -> Row:
    keys = (
        "colon", "comma", "length", "says_last", "says", "people", "described", "they", "role",
        "asks", "answers", "reacts",
    )  # fmt: skip
    if segment is None or segment.cue is None:
        return {f"{label}.{key}": NAN for key in keys}
    cue = segment.cue
    values = (
        cue.has_colon,
        cue.ends_in_comma,
        min(cue.length, 80),
        cue.says_last,
        cue.says,
        len({m.name for m in segment.mentions}),
        cue.is_described,
        cue.pronoun is not None and len(cue.pronoun) == 2,
        cue.subject is not None and cue.subject.is_role,
        cue.asks,
        cue.answers,
        cue.reacts,
    )
    return {f"{label}.{key}": float(value) for key, value in zip(keys, values, strict=True)}


def _seen(around: Surroundings, view: str, name: str) -> Row:
    """Return recency and frequency of a candidate in one view."""
    seen = around.views[view]
    distance_before, rank_before = seen.before.get(name, (FAR, LAST_RANK))
    distance_after, rank_after = seen.after.get(name, (FAR, LAST_RANK))
    count, total = seen.counts[name], sum(seen.counts.values())
    return {
        f"{view}.before": distance_before,
        f"{view}.rank_before": rank_before,
        f"{view}.after": distance_after,
        f"{view}.rank_after": rank_after,
        f"{view}.count": float(count),
        f"{view}.near": float(seen.near[name]),
        f"{view}.share": count / max(1, total),
        f"{view}.more_frequent": float(sum(c > count for c in seen.counts.values())),
    }


def _persons(around: Surroundings, name: str) -> Row:
    """Return gender, and how quotation and neighbours call a candidate."""
    gender = around.names.gender(name)
    same = sum(around.names.gender(other) == gender for other in around.candidates) - 1 if gender else 0
    row = {
        "same_gender": float(same),
        "said.calls": float(around.segments[around.at].called.get(name, 0)),
        "said.names_self": float(_after(around, name, "我")),
        "said.names_you": float(_after(around, name, "你")),
    }
    for d in (-2, -1, 1, 2):
        j = around.quotation(d)
        row[f"turn{d}.calls"] = -1.0 if j is None else float(around.segments[j].called.get(name, 0))
    return row


def _after(around: Surroundings, name: str, word: str) -> bool:
    """Tell whether the quotation says 我甲 or 你甲."""
    segment = around.segments[around.at]
    return any(m.name == name and segment.text[m.start - 1 : m.start] == word for m in segment.mentions)


def _beside(around: Surroundings, offset: int, name: str) -> Row:
    """Return how the narration right before or after the quotation is about a candidate."""
    label = f"narration{offset}"
    keys = (
        "has", "named", "other_named", "subject", "other_subject", "nearest", "resolves_pronoun",
        "pronoun_gender", "subject_gender", "excluded", "place", "left", "right", "verb", "order", "told",
    )  # fmt: skip
    segment = around.narration(offset)
    if segment is None or segment.cue is None:
        return {f"{label}.{key}": NAN for key in keys}
    cue, gender = segment.cue, around.names.gender(name)
    own = [m for m in segment.mentions if m.name == name]
    token = cue.subject
    place, left, right, verb, order = _place(segment, name)
    values = (
        float(bool(own)),
        float(segment.named == name),
        float(segment.named is not None and segment.named != name),
        float(token is not None and token.name == name),
        float(token is not None and token.name is not None and token.name != name),
        _agrees(segment.nearest, name),
        _agrees(segment.subject, name),
        _same(GENDER_OF.get(cue.pronoun or ""), gender),
        _same(token.gender if token else None, gender),
        float(name in cue.objects),
        place,
        left,
        right,
        verb,
        order,
        float(any(m.start > 0 and segment.text[m.start - 1] in TOLD for m in own)),
    )
    return {f"{label}.{key}": value for key, value in zip(keys, values, strict=True)}


def _same(meant: str | None, gender: str | None) -> float:
    return 0.0 if meant is None or gender is None else 1.0 if meant == gender else -1.0


def _place(segment: Segment, name: str) -> tuple[float, float, float, float, float]:
    """Return where a candidate stands in a sentence: place, what is left and right of it, the verb, its order."""
    own = [m for m in segment.mentions if m.name == name]
    if not own:
        return -1.0, -1.0, -1.0, -99.0, -1.0
    first, text = own[0], segment.text
    before, after = text[first.start - 1 : first.start], text[first.end : first.end + 1]
    left = 1 if not before else 2 if before in "，。：；、" else 3 if before in TOLD else 4
    right = 2 if KIN.match(text, first.end) else 1 if after == "的" else 3 if after in "和与跟、" else 0
    verb = segment.cue.verb - own[-1].end if segment.cue and segment.cue.verb >= 0 else 99
    order = next(k for k, m in enumerate(segment.mentions) if m.name == name)
    return float(first.start), float(left), float(right), float(verb), float(order)


def _farther(around: Surroundings, offset: int, name: str) -> Row:
    """Return how narration two or three segments away is about a candidate."""
    label = f"narration{offset}"
    segment = around.narration(offset)
    if segment is None or segment.cue is None:
        return {f"{label}.{key}": NAN for key in ("named", "subject", "pronoun_gender", "other_named")}
    return {
        f"{label}.named": float(segment.named == name),
        f"{label}.subject": _agrees(segment.subject, name),
        f"{label}.pronoun_gender": _same(GENDER_OF.get(segment.cue.pronoun or ""), around.names.gender(name)),
        f"{label}.other_named": float(segment.named is not None and segment.named != name),
    }


def _turn(around: Surroundings, offset: int) -> str | None:
    """Return whom the cue of a neighbouring quotation (or of this one) means."""
    j = around.quotation(offset)
    return None if j is None else cued_speaker(around.segments, j)


def cued_speaker(segments: Sequence[Segment], at: int) -> str | None:
    """Return the subject of the cue before a quotation (`甲说：`), else of the short one after it (`甲说。`)."""
    before = segments[at - 1] if at > 0 else None
    if before and before.cue and before.cue.has_colon:
        return before.subject
    after = segments[at + 1] if at + 1 < len(segments) else None
    if after and after.cue and not after.cue.has_colon and after.cue.length < 40:
        return after.subject
    return None


def _told(around: Surroundings, offset: int, name: str) -> float:
    """Tell whether the cue of a neighbouring quotation says that it is said to a candidate (对甲说：)."""
    j = around.quotation(offset)
    if j is None:
        return NAN
    beside = [around.segments[i] for i in (j - 1, j + 1) if 0 <= i < len(around.segments) and i != around.at]
    return float(
        any(
            m.name == name and m.start > 0 and s.text[m.start - 1] in TOLD
            for s in beside
            if s.cue and s.cue.says
            for m in s.mentions
        )
    )


def _run(around: Surroundings, direction: int) -> tuple[str, int] | None:
    """Return the nearest cued speaker in a run of quotations in one direction, and how many turns away."""
    for turns in range(1, 7):
        j = around.quotation(direction * turns)
        i = around.quotation(direction * (turns - 1))
        if j is None or i is None or abs(j - i) > 2:
            return None
        if speaker := cued_speaker(around.segments, j):
            return speaker, turns
    return None
