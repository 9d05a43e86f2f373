"""`params.yaml` and `cast.yaml`, typed: one section a stage, unknown and missing keys refused with their place.

What changes no result (concurrency, budget, prices) lives in `llm` beside what does; `dvc.yaml`
names only the keys that decide a stage's output.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from huaben.params.cast import CastMember, load_cast
from huaben.params.datasets import (
    Clean,
    Dedupe,
    PreferenceParams,
    Publish,
    QAParams,
    ShortQuestion,
    SummaryParams,
    Validate,
)
from huaben.params.llm import LLM, Peak, PresetName, Price
from huaben.params.novel import ANY_NOVEL, Chapters, Character, Dialogue, Novel, Speakers
from huaben.params.section import Section, checked
from huaben.params.training import Evaluate, Mixture, Report, Tiny, Train, with_recipe
from huaben.yamlfile import load_yaml

__all__ = [
    "ANY_NOVEL",
    "LLM",
    "CastMember",
    "Chapters",
    "Clean",
    "Dedupe",
    "Dialogue",
    "Mixture",
    "Params",
    "Peak",
    "PreferenceParams",
    "PresetName",
    "Price",
    "Section",
    "ShortQuestion",
    "Tiny",
    "Train",
    "load_cast",
    "load_params",
]


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
        needs_model = ("summary", "qa") if "contrast" in self.preference.ways else ("summary", "qa", "preference")
        return [name for name in self._wanted() if name.startswith(needs_model)]

    def _wanted(self) -> list[str]:
        versions = [f"{kind}_{v}" for kind in ("summary", "summary_qa") for v in self.summary.versions]
        versions += [f"qa_{v}" for v in self.qa.versions]
        preference = ["preference"] if self.preference.ways else []
        return ["lines", "dialogue_raw", "dialogue", *versions, *preference, "pretrain"]


def load_params(path: Path) -> Params:
    """Read params.yaml; unknown, missing and ill-typed keys are refused, all in one message."""
    return checked(Params, with_recipe(load_yaml(path), path), path)
