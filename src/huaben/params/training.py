"""Sections about the proof: how models are trained and measured, and how much the report shows."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from huaben.errors import InputError
from huaben.params.section import Count, Section
from huaben.yamlfile import load_yaml

Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


class Tiny(Section):
    """The base that the stage makes itself, and how long it is pretrained on the general text."""

    vocabulary: Count
    hidden: Count
    layers: Count
    heads: Count
    epochs: Positive
    lr: Positive
    batch: Count


class Mixture(Section):
    """How often an epoch of SFT reads each source: 1 once, 2 twice, 0.5 a drawn half, 0 never."""

    dialogue: Weight
    """The character's replies, each after the conversation before it."""
    qa: Weight
    """Questions in every wording that is trained on, each with the same answer."""
    summary_qa: Weight
    pretrain: Weight
    """The novel's plain text."""
    general: Weight
    """The train half of the general text, against forgetting."""


class Train(Section):
    """The model and its trainings."""

    recipe: str | None = None
    """A YAML file beside params.yaml that gives this section's values; keys that stand here override it."""
    base: str
    """`tiny`, a local folder or hub id, or `none`."""
    seeds: Annotated[list[int], Field(min_length=1)]
    """Each trains its own `sft`, `dpo` and `dpo_only`; the base is made once, with the first."""
    tiny: Tiny | None
    """Of base `tiny`; null for others."""
    dtype: Literal["float32", "bfloat16"]
    """Of the weights while they are trained and asked; adapters stay float32."""
    lora: bool
    """Train adapters and merge them; false: all weights."""
    recompute: bool
    """Activation checkpointing: a forward pass more in each step, for where memory is short."""
    max_length: Count
    persona: bool
    """Tell `character.persona` as system message before what the character says, in training and in evaluation."""
    mixture: Mixture
    sft_epochs: Positive
    sft_lr: Positive
    dpo_epochs: Positive
    dpo_lr: Positive
    dpo_beta: Positive
    rehearsal: Weight
    """Weight of the loss of the mixture's next rows beside that of each batch of DPO (of general text alone in
    `dpo_only`); 0: none."""
    batch: Count

    @model_validator(mode="after")
    def _tiny_is_described(self) -> "Train":
        if self.base == "tiny" and self.tiny is None:
            raise ValueError("base `tiny` needs the section `tiny`, as in recipes/tiny.yaml")
        return self


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
    judge: bool
    """Ask the model of the section `llm` which replies are better: those of `dpo`, or those of `base` and of `sft`."""


class Report(Section):
    """How much the report shows."""

    samples: Count


def with_recipe(content: Any, params: Path) -> Any:
    """Return the content of params.yaml with the values of `train.recipe`, if it names one, under those given.

    Sections within the section are merged key by key. Raises InputError for a recipe that cannot be read.
    """
    train = content.get("train") if isinstance(content, dict) else None
    if not isinstance(train, dict) or not isinstance(train.get("recipe"), str):
        return content
    path = params.parent / train["recipe"]
    recipe = load_yaml(path)
    if not isinstance(recipe, dict):
        raise InputError(f"{path}: a recipe holds the keys of the section `train`, such as `base: tiny`")
    return {**content, "train": _over(recipe, train)}


def _over(recipe: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    merged = {**recipe, **given}
    for key in recipe.keys() & given.keys():
        if isinstance(recipe[key], dict) and isinstance(given[key], dict):
            merged[key] = {**recipe[key], **given[key]}
    return merged
