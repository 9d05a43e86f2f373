"""Named numbers about a quotation and one of its candidates, for the ranker.

Input: the surroundings of a quotation. Output: a row of numbers for each candidate (everybody mentioned within
reach). A number is about the cue beside it, recency, turns, who is called, or the quotation's own words; none is
about which novel, which name or which word. (Features after He et al., ACL 2013; Muzny et al., EACL 2017; Chen et
al., "A Chinese Dataset for Identifying Speakers in Novels", Interspeech 2019.)
"""

from collections.abc import Iterator, Sequence

from huaben.novel.attribution.cues import TOLD
from huaben.novel.attribution.narration import NAN, Row, agrees, beside_row, cue_row, farther_row
from huaben.novel.attribution.segments import Segment
from huaben.novel.attribution.surroundings import VIEWS, Surroundings

FAR = 30.0
"""The distance to what is not within reach."""
LAST_RANK = 9.0


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
            row.update(beside_row(around, offset, name))
        for offset in (-3, -2, 2, 3):
            row.update(farther_row(around, offset, name))
        for d in (-1, 1):
            row[f"turn{d}.tells"] = _told(around, d, name)
        for d, speaker in turns:
            row[f"turn{d}.is_cued"] = agrees(speaker, name)
        for side, run in runs:
            row[f"run_{side}.says_it_is"] = (
                0.0 if run is None else agrees(run[0], name) * (1 if run[1] % 2 == 0 else -1)
            )
        yield row


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
        row.update(cue_row(f"narration{offset}", around.narration(offset)))
    for offset in (-3, -2, 2, 3):
        near = 0 <= around.at + offset < len(around.segments) and around.low <= around.at + offset < around.high
        segment = around.narration(offset)
        row[f"narration{offset}.is_quotation"] = float(segment is None) if near else NAN
        row[f"narration{offset}.colon"] = float(segment.cue.has_colon) if segment and segment.cue else NAN
    for side, d in (("before", -1), ("after", 1)):
        run = _run(around, d)
        row[f"run_{side}.length"] = FAR if run is None else float(run[1])
    return row


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
