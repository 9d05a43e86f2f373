"""Versioned prompt files → the exact messages of a request, and its content-addressed key.

Order of a prompt about a chapter: the preamble that all requests share, the chapter, then the task,
so that a provider's prefix cache serves all but the task. The chapter is data: it stands between two
delimiters derived from its own hash, which its author could not have written into it.
"""

import hashlib
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from huaben.errors import InputError
from huaben.params import LLM, Section, load_yaml

NUMBER = re.compile(r"〔\d+〕")
"""How a quotation's number is written; no word of the novel."""


class Prompt(Section):
    """A prompt file: what the model is told to do, and the form of its reply."""

    description: str
    variables: list[str]
    reply: Literal["json", "lines", "text"]
    task: str


@dataclass(frozen=True)
class Request:
    """Everything that decides an answer."""

    prompt_id: str
    base_url: str
    model: str
    messages: tuple[Mapping[str, str], ...]
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """SHA-256 of endpoint, model, exact messages and options; never of the API key or the retry."""
        content = [urlsplit(self.base_url).netloc, self.model, [dict(m) for m in self.messages], dict(self.options)]
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Prompts:
    """The prompt files of a repository."""

    folder: Path

    def load(self, prompt_id: str) -> Prompt:
        """Read `<prompt_id>.yaml`, refusing unknown keys."""
        path = self.folder / f"{prompt_id}.yaml"
        try:
            return Prompt.model_validate(load_yaml(path))
        except ValidationError as error:
            raise InputError(f"{path}: {error}") from error

    def request(
        self, prompt_id: str, llm: LLM, variables: Mapping[str, str], chapter: str | None = None, shared: str = ""
    ) -> Request:
        """Render a request; a variable too few or too many is refused before anything is sent.

        `chapter` is the text under discussion; `shared` stands before it, the same for all requests of a run.
        """
        prompt = self.load(prompt_id)
        if set(variables) != set(prompt.variables):
            raise InputError(
                f"prompt {prompt_id}: variables {sorted(prompt.variables)}, but given {sorted(variables)}"
            )
        try:
            task = string.Template(prompt.task).substitute(variables)
        except (KeyError, ValueError) as error:
            raise InputError(f"prompt {prompt_id}: a bad placeholder in its task: {error}; write $$ for $") from error
        body = f"{fence(chapter)}\n\n{task}" if chapter is not None else task
        messages = (
            {"role": "system", "content": self.load("preamble.v1").task + shared},
            {"role": "user", "content": body},
        )
        return Request(prompt_id, llm.base_url, llm.model, messages, _options(prompt, llm))


def fence(chapter: str) -> str:
    """Put a chapter between delimiters made from its hash."""
    mark = hashlib.sha256(chapter.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"<<<{mark}\n{chapter}\n{mark}>>>"


def number_quotations(text: str, openings: Sequence[int]) -> str:
    """Write 〔1〕, 〔2〕 … before the quotations that open at these offsets, in their order."""
    parts, end = [], 0
    for number, opening in enumerate(openings, 1):
        parts += [text[end:opening], f"〔{number}〕"]
        end = opening
    return "".join([*parts, text[end:]])


def _options(prompt: Prompt, llm: LLM) -> dict[str, Any]:
    options: dict[str, Any] = {
        "temperature": llm.temperature,
        "max_tokens": llm.max_tokens,
        "thinking": llm.thinking,
    }
    if prompt.reply == "json":
        options["response_format"] = {"type": "json_object"}
    return options
