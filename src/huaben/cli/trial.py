"""What rules alone make of a novel, in memory: conversations of the hero and pairs by contrast."""

from collections.abc import Sequence
from dataclasses import dataclass

from huaben.coverage import Coverage
from huaben.extract.attribution import certain
from huaben.extract.contrast import by_contrast
from huaben.extract.dialogue import conversations
from huaben.novel.attribution.speakers import decide_speakers
from huaben.novel.people.names import Names, found_names
from huaben.novel.quotations.lines import find_lines
from huaben.params import CastMember, Params
from huaben.records import Chapter, Conversation
from huaben.refine.clean import clean


@dataclass(frozen=True)
class Trial:
    """How many clean conversations and pairs there would be."""

    conversations: int
    pairs: int


def try_rules(chapters: Sequence[Chapter], cast: Sequence[CastMember], params: Params) -> Trial:
    """Run the stages that need no model, without writing anything."""
    found = by_rules(chapters, cast, params)
    pairs = by_contrast(found, params, Coverage("preference"))
    kept = [
        clean(name, records, params.clean, "").kept for name, records in (("dialogue", found), ("preference", pairs))
    ]
    return Trial(len(kept[0]), len(kept[1]))


def by_rules(chapters: Sequence[Chapter], cast: Sequence[CastMember], params: Params) -> list[Conversation]:
    """Return the conversations of the lines whose speakers the rules alone decide."""
    names = Names(cast, found_names(chapters, cast))
    lines = [line for chapter in chapters for line in decide_speakers(chapter, find_lines(chapter), names)]
    lines = [certain(line, params.speakers.min_certainty) for line in lines]
    return list(conversations(chapters, lines, params.dialogue))
