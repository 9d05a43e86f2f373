"""Sections about the novel: what it is called, how its text is read, whose conversations are made."""

from typing import Literal

from huaben.params.section import Count, Section, Share, Slug


class Novel(Section):
    """What the novel is called, and whether it may be passed on."""

    slug: Slug
    title: str
    author: str
    language: Literal["zh", "en"]
    license: str | None
    """An SPDX id such as cc0-1.0; null: not ours to license."""

    @property
    def joiner(self) -> str:
        """What stands between pieces of text that are put together: nothing in Chinese, a space in English."""
        return "" if self.language == "zh" else " "


class Character(Section):
    """The hero of the conversations and of the preference pairs."""

    name: str
    slug: Slug
    persona: str
    """How the character speaks, in a few sentences: what a model is told when it answers in the role."""


class Chapters(Section):
    """How the text is cut, and which chapters are held out."""

    ads: list[str]
    """Regular expressions; a line that matches one from end to end is cut."""
    test: list[Count]
    validation: list[Count]
    """Chapters by their place in reading order; all others are train."""
    min_characters: Count
    max_characters: Count
    piece_characters: Count


ANY_NOVEL = Chapters(ads=[], test=[], validation=[], min_characters=1, max_characters=10**9, piece_characters=2000)
"""How a file is read of which nothing is known yet."""


class Speakers(Section):
    """When a rule is sure enough."""

    min_certainty: Share


class Dialogue(Section):
    """Whose conversations are made."""

    characters: list[str]
    thoughts: bool
