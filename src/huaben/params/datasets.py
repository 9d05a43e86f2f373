"""Sections about the datasets: what is asked for, what is kept, what a release holds."""

from typing import Annotated, Literal

from pydantic import Field

from huaben.params.section import Count, Section, Share, Threshold, Version

Compared = Annotated[
    str, Field(pattern=r"^(dialogue|dialogue_raw|(summary|summary_qa|qa)_v[12]|preference|pretrain)$")
]
"""A dataset whose records have a text to compare: all but `lines`."""
Wordings = Literal[0] | Annotated[int, Field(ge=3, le=20)]
"""None, or at least one to train on beside the two that only the exam asks."""


class SummaryParams(Section):
    """Which versions are asked for, and how their questions are worded."""

    versions: list[Version]
    questions: list[str]
    """Templates over a summary; `$title` stands for the chapter's heading."""
    seed: int


class QAParams(Section):
    """Which versions are asked for, and which words a row may not contain."""

    versions: list[Version]
    refused_phrases: list[str]
    wordings: Wordings
    """How many other wordings of each question of version 2, the last of them a statement with a blank; 0: none."""


class PreferenceParams(Section):
    """How the pairs are made."""

    ways: list[Literal["prompts", "grounded", "contrast"]]
    prompts: str | None
    """A text file (a prompt a line), a `.jsonl` file, a folder for `load_dataset`, or `hub:owner/name@revision`."""
    names: list[str]
    """What the hero is called, beside `character.name`: no prompt from outside may say it."""
    breaking: list[str]
    """Words of prompts from outside that call the hero out of the role on purpose; one of them is enough."""
    min_breaking: Share
    """The least share of such prompts among those from outside."""
    sober: list[str]
    """The characters whose lines `contrast` rejects; empty: everybody but the hero."""
    test_share: Share
    validation_share: Share
    """Shares of the prompts from outside; what is of the novel is split by chapter."""
    min_similarity: Share
    """Of what the two lines of a contrast pair answer."""
    max_similarity: Threshold
    """Sides so similar are no pair."""
    max_length_ratio: Annotated[float, Field(ge=1)]
    """One side may be so many times as long as the other."""
    seed: int


class Clean(Section):
    """What a reply must be, and what is said to a character who opens."""

    min_characters: Count
    greetings: Annotated[list[str], Field(min_length=1)]
    seed: int


class ShortQuestion(Section):
    """What a short question must have in common with another, of another chapter, to be the same one."""

    characters: Annotated[int, Field(ge=0)]
    """A question is short below so many characters, marks and blanks not counted."""
    threshold: Threshold


class Dedupe(Section):
    """What counts as the same."""

    thresholds: dict[Compared, Threshold]
    """Similarity from which two records of a dataset are duplicates; a dataset not named is left alone."""
    repeats: list[Compared]
    """Datasets that keep a copy from another chapter or scene of the same split."""
    short_question: ShortQuestion


class Validate(Section):
    """How much may fail for good."""

    max_failures: dict[str, Share]
    """Share of a stage's units that may fail for good; a stage not named: none."""


class Publish(Section):
    """How the exported files look."""

    speaker_names: bool
    """Put `name：` before the human messages of the exported conversations."""
    window_characters: Count
    """A longer conversation is exported in windows of at most so many characters, cut between exchanges."""
    text: Literal["full", "withhold"]
    """Whether the release holds the novel's own text, or spans and hashes that an owner of the book can fill."""
