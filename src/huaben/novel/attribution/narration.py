"""Named numbers about the narration beside a quotation, and what it says about a candidate."""

from huaben.novel.attribution.cues import KIN, TOLD
from huaben.novel.attribution.segments import Segment
from huaben.novel.attribution.surroundings import Surroundings

NAN = float("nan")
Row = dict[str, float]
GENDER_OF = {"他": "male", "她": "female", "他们": "male", "她们": "female", "他們": "male", "她們": "female"}


def agrees(person: str | None, name: str) -> float:
    """Return 1 for the same person, -1 for another, 0 for nobody."""
    return 0.0 if person is None else 1.0 if person == name else -1.0


def _same(meant: str | None, gender: str | None) -> float:
    return 0.0 if meant is None or gender is None else 1.0 if meant == gender else -1.0


def cue_row(label: str, segment: Segment | None) -> Row:
    """Return what a sentence of narration is like, whoever the candidate is."""
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


def beside_row(around: Surroundings, offset: int, name: str) -> Row:
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
        agrees(segment.nearest, name),
        agrees(segment.subject, name),
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


def farther_row(around: Surroundings, offset: int, name: str) -> Row:
    """Return how narration two or three segments away is about a candidate."""
    label = f"narration{offset}"
    segment = around.narration(offset)
    if segment is None or segment.cue is None:
        return {f"{label}.{key}": NAN for key in ("named", "subject", "pronoun_gender", "other_named")}
    return {
        f"{label}.named": float(segment.named == name),
        f"{label}.subject": agrees(segment.subject, name),
        f"{label}.pronoun_gender": _same(GENDER_OF.get(segment.cue.pronoun or ""), around.names.gender(name)),
        f"{label}.other_named": float(segment.named is not None and segment.named != name),
    }
