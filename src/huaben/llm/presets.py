"""What servers with the OpenAI interface do differently, by the name in `llm.preset`.

deepseek: thinks unless told not to; has JSON mode, no JSON schema (api-docs: thinking_mode, json_mode).
openai: a reasoning model thinks as it likes; has JSON schema. For `thinking: false` name a model that does not.
vllm, llamacpp: the chat template switches thinking; JSON schema is enforced by a grammar.
ollama: `reasoning_effort: none` switches thinking off; JSON schema is enforced by a grammar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huaben.params import PresetName


@dataclass(frozen=True)
class Preset:
    """What is put into a request's body to switch thinking on or off, and whether a JSON schema is understood."""

    thinking: Mapping[str, Any]
    no_thinking: Mapping[str, Any]
    has_schema: bool
    limit: str = "max_tokens"
    """What the longest reply is called."""


PRESETS: Mapping[PresetName, Preset] = {
    "deepseek": Preset({"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}}, has_schema=False),
    "openai": Preset({}, {}, has_schema=True, limit="max_completion_tokens"),
    "vllm": Preset(
        {"chat_template_kwargs": {"enable_thinking": True}},
        {"chat_template_kwargs": {"enable_thinking": False}},
        has_schema=True,
    ),
    "llamacpp": Preset(
        {"chat_template_kwargs": {"enable_thinking": True}},
        {"chat_template_kwargs": {"enable_thinking": False}},
        has_schema=True,
    ),
    "ollama": Preset({}, {"reasoning_effort": "none"}, has_schema=True),
}
