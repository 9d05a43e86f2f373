"""Versioned prompt files → the exact messages of a request, and its content-addressed key.

A request about a passage is one conversation: the preamble that all requests share, the passage with its
first task, and, for a further task, the first task's answer and then that task alone. So a provider's
prefix cache serves all but the new turn, also where it keeps prefixes only up to the end of a request
(DeepSeek's guide kv_cache). The passage is data: it stands between two delimiters derived from its own
hash, which its author could not have written into it.
"""

import hashlib
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from huaben.errors import InputError
from huaben.llm.presets import PRESETS
from huaben.params import LLM, Section
from huaben.yamlfile import load_yaml

NUMBER = re.compile(r"〔\d+〕")
"""How a quotation's number is written; no word of the novel."""


class Prompt(Section):
    """A prompt file: what the model is told to do, and the form of its reply."""

    description: str
    variables: list[str]
    reply: Literal["json", "lines", "text"]
    reply_tokens: float = Field(gt=0, default=1)
    """Length of a usual reply; of one with `lines`, of each line. What an estimate knows before the first reply."""
    reply_schema: dict[str, Any] | None = Field(alias="schema", default=None)
    """JSON schema of the reply, for servers that enforce one."""
    system: str | None = None
    """What stands in the place of the preamble, where the task is not about a passage."""
    task: str


@dataclass(frozen=True)
class Turn:
    """A task that was answered earlier in the conversation about the same passage."""

    task: str
    reply: str


@dataclass(frozen=True)
class Request:
    """Everything that decides an answer."""

    prompt_id: str
    base_url: str
    model: str
    system: str
    passage: str
    """The fenced passage under discussion; empty where there is none."""
    earlier: tuple[Turn, ...]
    task: str
    options: Mapping[str, Any]

    @cached_property
    def messages(self) -> list[dict[str, str]]:
        """The conversation as it is sent."""
        said: list[str] = [text for turn in self.earlier for text in (turn.task, turn.reply)] + [self.task]
        said[0] = f"{self.passage}\n\n{said[0]}" if self.passage else said[0]
        roles = ("user", "assistant")
        spoken = [{"role": roles[i % 2], "content": text} for i, text in enumerate(said)]
        return [{"role": "system", "content": self.system}, *spoken]

    @cached_property
    def body(self) -> bytes:
        """The exact bytes that are sent. A schema keeps the order of its file: some servers make replies follow it."""
        content = {"model": self.model, "messages": self.messages, **dict(sorted(self.options.items()))}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")

    @cached_property
    def key(self) -> str:
        """SHA-256 of the endpoint's host and the body; never of the API key or the retry."""
        return hashlib.sha256(urlsplit(self.base_url).netloc.encode() + b"\n" + self.body).hexdigest()


@dataclass(frozen=True)
class Prompts:
    """The prompt files of a repository."""

    folder: Path

    @cached_property
    def _loaded(self) -> dict[str, Prompt]:
        return {}

    def load(self, prompt_id: str) -> Prompt:
        """Read `<prompt_id>.yaml` once, refusing unknown keys."""
        if prompt_id not in self._loaded:
            path = self.folder / f"{prompt_id}.yaml"
            try:
                self._loaded[prompt_id] = Prompt.model_validate(load_yaml(path))
            except ValidationError as error:
                raise InputError(f"{path}: {error}") from error
        return self._loaded[prompt_id]

    def request(
        self,
        prompt_id: str,
        llm: LLM,
        variables: Mapping[str, str],
        passage: str | None = None,
        shared: str = "",
        earlier: Sequence[Turn] = (),
    ) -> Request:
        """Render a request; a variable too few or too many is refused before anything is sent.

        `passage` is the text under discussion; `shared` stands before it, the same for all requests of a run.
        """
        prompt = self.load(prompt_id)
        if set(variables) != set(prompt.variables):
            raise InputError(
                f"prompt {prompt_id}: variables {sorted(prompt.variables)}, but given {sorted(variables)}"
            )
        own = prompt.system and _rendered(prompt_id, prompt.system, variables)
        return Request(
            prompt_id,
            llm.base_url,
            llm.model,
            own or self.load("preamble.v1").task + shared,
            "" if passage is None else fence(passage),
            tuple(earlier),
            _rendered(prompt_id, prompt.task, variables),
            _options(prompt_id, prompt, llm),
        )


def _rendered(prompt_id: str, template: str, variables: Mapping[str, str]) -> str:
    try:
        return string.Template(template).substitute(variables)
    except (KeyError, ValueError) as error:
        raise InputError(f"prompt {prompt_id}: a bad placeholder: {error}; write $$ for $") from error


def fence(passage: str) -> str:
    """Put a passage between delimiters made from its hash."""
    mark = hashlib.sha256(passage.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"<<<{mark}\n{passage}\n{mark}>>>"


def number_quotations(text: str, openings: Sequence[tuple[int, int]]) -> str:
    """Write 〔n〕 before the quotation that opens at each (offset, n), in the order of the offsets.

    What looks like such a number in the novel itself is written in other brackets: it may not be taken for one.
    """
    parts, end = [], 0
    for opening, number in openings:
        parts += [_disarmed(text[end:opening]), f"〔{number}〕"]
        end = opening
    return "".join([*parts, _disarmed(text[end:])])


def _disarmed(text: str) -> str:
    return NUMBER.sub(lambda mark: f"［{mark[0][1:-1]}］", text)


def _options(prompt_id: str, prompt: Prompt, llm: LLM) -> dict[str, Any]:
    preset = PRESETS[llm.preset]
    options: dict[str, Any] = {
        "temperature": llm.temperature,
        preset.limit: llm.max_tokens,
        **(preset.thinking if llm.thinking else preset.no_thinking),
    }
    if prompt.reply == "json":
        options["response_format"] = {"type": "json_object"}
    if prompt.reply == "json" and preset.has_schema and prompt.reply_schema:
        schema = {"name": re.sub(r"\W", "_", prompt_id), "strict": True, "schema": prompt.reply_schema}
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    return options
