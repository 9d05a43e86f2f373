"""`params.yaml`, typed: one section a stage, unknown and missing keys refused with their place.

What changes no result (concurrency, budget, prices) lives in `llm` beside what does; `dvc.yaml`
names only the keys that decide a stage's output.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from huaben.errors import InputError
from huaben.yamlfile import load_yaml

T = TypeVar("T")
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Threshold = Annotated[float, Field(gt=0, le=1)]
Version = Literal["v1", "v2"]
Compared = Annotated[
    str, Field(pattern=r"^(dialogue|dialogue_raw|(summary|summary_qa|qa)_v[12]|preference|pretrain)$")
]
"""A dataset whose records have a text to compare: all but `lines`."""


class Section(BaseModel):
    """A section of params.yaml: exactly its keys, exactly their types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Novel(Section):
    """What the novel is called, and whether it may be passed on."""

    slug: Slug
    title: str
    author: str
    language: Literal["zh", "en"]
    license: str | None
    """An SPDX id such as cc0-1.0; null: not ours to license."""


class Character(Section):
    """The hero of the conversations and of the preference pairs."""

    name: str
    slug: Slug
    persona: str
    """How the character speaks, in a few sentences: what a model is told when it answers in the role."""


PresetName = Literal["deepseek", "openai", "vllm", "llamacpp", "ollama"]


class LLM(Section):
    """Who answers. What stands from `concurrency` on decides no answer."""

    provider: Literal["none", "openai", "recorded"]
    preset: PresetName
    """Whose manner the server has: how thinking is switched, whether it enforces a JSON schema."""
    model: str
    base_url: str
    api_key_env: str
    thinking: bool
    temperature: Annotated[float, Field(ge=0, le=2)]
    max_tokens: Count
    passage_characters: Annotated[int, Field(ge=500)]
    """A longer chapter is asked about in passages of at most so many characters."""
    concurrency: Annotated[int, Field(ge=1, le=2500)]
    timeout_s: Annotated[float, Field(gt=0)]
    max_money: Annotated[float, Field(ge=0)] | None
    """The most that may be spent on this novel in all; null: no cap."""
    price: "Price"


class Price(Section):
    """Money for a million tokens, by kind of token."""

    currency: str
    hit: Annotated[float, Field(ge=0)]
    miss: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]
    cache: Literal["units", "blocks", "none"]
    """What prompt prefixes the provider's cache hits (see `llm/expect.py`); only estimates need it."""
    peak: "Peak | None"


class Peak(Section):
    """Dearer hours on workdays."""

    factor: Annotated[float, Field(ge=1)]
    zone: str
    """A time zone such as Asia/Shanghai."""
    hours: list[Annotated[list[Annotated[float, Field(ge=0, le=24)]], Field(min_length=2, max_length=2)]]

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (OSError, KeyError, ValueError) as error:
            raise ValueError("a time zone such as Asia/Shanghai is expected") from error
        return zone


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


class PreferenceParams(Section):
    """How the pairs are made."""

    ways: list[Literal["prompts", "contrast"]]
    prompts: str | None
    """A file of prompts, one a line."""
    sober: list[str]
    """The characters whose lines `contrast` rejects; empty: everybody but the hero."""
    test_share: Share
    min_similarity: Share
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


class Train(Section):
    """The model and its three trainings."""

    base: str
    """`tiny`, a local folder or hub id, or `none`."""
    seed: int
    vocabulary: Count
    hidden: Count
    layers: Count
    heads: Count
    max_length: Count
    pretrain_epochs: Annotated[float, Field(gt=0)]
    pretrain_lr: Annotated[float, Field(gt=0)]
    sft_epochs: Annotated[float, Field(gt=0)]
    sft_lr: Annotated[float, Field(gt=0)]
    dpo_epochs: Annotated[float, Field(gt=0)]
    dpo_lr: Annotated[float, Field(gt=0)]
    dpo_beta: Annotated[float, Field(gt=0)]
    rehearsal: Annotated[float, Field(ge=0)]
    """Weight of the plain text's loss (novel and general) beside that of each batch of SFT and DPO; 0: none."""
    batch: Count


class Evaluate(Section):
    """How the models are measured."""

    seed: int
    bootstrap: Count
    max_new_tokens: Count
    temperature: Annotated[float, Field(ge=0, le=2)]
    """Of the sampled replies; 0 is greedy."""
    prompts: Count
    """How many held-out prompts are answered for style and for the sample conversations."""


class Report(Section):
    """How much the report shows."""

    samples: Count


class Params(Section):
    """The whole of params.yaml."""

    huaben: str | None = None
    """Version of huaben this repository was made for; set by `huaben init`."""
    novel: Novel
    character: Character
    llm: LLM
    chapters: Chapters
    speakers: Speakers
    dialogue: Dialogue
    summary: SummaryParams
    qa: QAParams
    preference: PreferenceParams
    clean: Clean
    dedupe: Dedupe
    validate_: Annotated[Validate, Field(alias="validate")]
    publish: Publish
    train: Train
    evaluate: Evaluate
    report: Report

    def made(self) -> list[str]:
        """Return the names of the datasets that this run makes, in the order of `records.DATASETS`."""
        return [name for name in self._wanted() if name not in self.skipped()]

    def skipped(self) -> list[str]:
        """Return the datasets that are wanted but need a model, when there is none."""
        if self.llm.provider != "none":
            return []
        needs_model = [name for name in self._wanted() if name.startswith(("summary", "qa"))]
        return needs_model + (["preference"] if self.preference.ways == ["prompts"] else [])

    def _wanted(self) -> list[str]:
        versions = [f"{kind}_{v}" for kind in ("summary", "summary_qa") for v in self.summary.versions]
        versions += [f"qa_{v}" for v in self.qa.versions]
        preference = ["preference"] if self.preference.ways else []
        return ["lines", "dialogue_raw", "dialogue", *versions, *preference, "pretrain"]


class CastMember(Section):
    """One of the people of the novel."""

    name: str
    aliases: list[str] = Field(default=[])
    gender: Literal["male", "female"] | None = None


def load_params(path: Path) -> Params:
    """Read params.yaml; unknown, missing and ill-typed keys are refused, all in one message."""
    return _checked(Params, load_yaml(path), path)


def load_cast(path: Path) -> list[CastMember]:
    """Read a cast file: a list of `{name, aliases, gender}`; no name or alias may name two people."""
    cast = _checked(list[CastMember], load_yaml(path), path)
    owner: dict[str, str] = {}
    for member in cast:
        for alias in dict.fromkeys([member.name, *member.aliases]):
            if not alias or alias != alias.strip():
                raise InputError(f"{path}: {member.name!r}: the name {alias!r} begins or ends with a blank, or is one")
            if alias in owner:
                raise InputError(f"{path}: {alias!r} names both {owner[alias]!r} and {member.name!r}; leave it to one")
            owner[alias] = member.name
    return cast


def _checked(shape: type[T], value: Any, path: Path) -> T:
    try:
        return TypeAdapter(shape).validate_python(value)
    except ValidationError as error:
        faults = "\n".join(f"  {'.'.join(map(str, f['loc'])) or '(top)'}: {f['msg']}" for f in error.errors())
        raise InputError(f"{path}:\n{faults}") from error
