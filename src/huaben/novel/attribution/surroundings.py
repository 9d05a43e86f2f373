"""What is around a quotation: who is seen before and after it, how far away, how often; its candidates.

Input: a chapter's resolved segments and the place of a quotation. Output: its surroundings within reach.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from huaben.novel.attribution.segments import Segment
from huaben.novel.people.names import Names

REACH = 12
"""Segments on either side of a quotation in which its candidates are mentioned."""
NEAR = 5


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
