"""Sections about the proof: how models are trained and measured, and how much the report shows."""

from typing import Annotated

from pydantic import Field

from huaben.params.section import Count, Section


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
    facts: Count
    """How many facts are answered in the model's own words, in each of their wordings."""


class Report(Section):
    """How much the report shows."""

    samples: Count
