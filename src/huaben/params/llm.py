"""Section `llm`: who answers, and what an answer costs."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from huaben.params.section import Count, Section

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
