"""What came back, sorted: a reply's parts, and why it is none.

Reasons: `http_<status>`, `timeout`, `connection`, `unreachable`, `too_large` (nothing usable came back), `odd_shape`,
`blank`, `finish_<why>` (a body that is no complete answer), `too_long` (the passage exceeds the model's
context), `invalid reply: <why>` (complete, but not what was asked for).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOO_LONG = re.compile(r"context|too long|too many tokens|maximum.{0,20}(length|tokens)|exceed", re.IGNORECASE)
"""How servers say in a 400 that a prompt exceeds the context (seen: DeepSeek, OpenAI, vLLM, llama.cpp)."""
TOO_LARGE = 413
NO_MODEL = re.compile(r"(?is)model.{0,40}(not exist|not found|does not exist|unknown|unsupported)")
FATAL = {
    401: "the key is not accepted",
    402: "the account has no balance left",
    403: "the key may not do this",
    404: "llm.base_url or llm.model is wrong",
}
"""What an answer that every request of the run would get means."""
LOCAL_PATH = re.compile(r"/|~|[A-Za-z]:[\\/]")
"""How a model's name begins that is a file on the server's disk; nobody else needs to know where it lies."""
TRANSIENT = re.compile(r"http_(408|409|425|429|5\d\d)|timeout|connection|unreachable|too_large")
"""Reasons that pass; the request was perhaps not even read."""
FOR_GOOD = re.compile(r"finish_length|finish_content_filter|too_long|http_4\d\d|invalid reply: .*", re.DOTALL)
"""Reasons that the same request would only meet again."""
BEYOND_BELIEF = 100_000_000_000
"""No reply has so many tokens, no clock of seconds shows this; SQLite and the calendar end not far above."""
REFUSED_TEXT = 500
"""Characters kept of what a refusal says."""


class InvalidReply(Exception):
    """A complete reply that does not hold what was asked for; the message is the reason."""


@dataclass(frozen=True)
class Reply:
    """A reply as kept: its key, the raw body, and who wrote it if no model did.

    The body of a refusal (HTTP 400 and the like) is `{"http_status": …, "said": …}`; of one that is no JSON
    object, `{"odd": how it begins}`.
    """

    key: str
    body: Mapping[str, Any]
    written_by: str | None = None

    @property
    def fault(self) -> str | None:
        """Why this is no complete text; None when it is one."""
        if isinstance(status := self.body.get("http_status"), int):
            is_too_long = status == TOO_LARGE or TOO_LONG.search(str(self.body.get("said")))
            return "too_long" if is_too_long else f"http_{status}"
        try:
            choice = self.body["choices"][0]
            finish, content = choice["finish_reason"], (choice["message"] or {}).get("content")
        except (AttributeError, IndexError, KeyError, TypeError):
            return "odd_shape"
        if not isinstance(finish, str) or not isinstance(content, str | None):
            return "odd_shape"
        if finish != "stop":
            return f"finish_{finish[:40]}"
        return None if content and content.strip() else "blank"

    @property
    def content(self) -> str | None:
        """The text of a complete reply; None when it has a fault."""
        return None if self.fault else self.body["choices"][0]["message"]["content"]

    @property
    def model(self) -> str | None:
        """The model that says it answered."""
        name = self.body.get("model")
        return name if isinstance(name, str) else None

    @property
    def created(self) -> int | None:
        """When the server says it answered, in seconds since 1970."""
        return _count(self.body, "created") or None

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by price: prompt tokens that hit the provider's cache, that missed it, and output tokens."""
        usage = self.body.get("usage")
        prompt = _count(usage, "prompt_tokens")
        details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
        hit = min(prompt, _count(usage, "prompt_cache_hit_tokens") or _count(details, "cached_tokens"))
        return {"hit": hit, "miss": prompt - hit, "output": _count(usage, "completion_tokens")}


def _count(values: Any, name: str) -> int:
    """Return a number of tokens or seconds; what is missing, negative, beyond belief or no whole number counts 0."""
    value = values.get(name) if isinstance(values, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < BEYOND_BELIEF else 0


def strict_json(text: str | bytes) -> Any:
    """Parse JSON that can be written again; NaN, infinity, half a character and deep nesting are a ValueError."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def body_of(content: bytes) -> dict[str, Any]:
    """Return the raw body; of one that is no JSON object, how it begins."""
    try:
        body = strict_json(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return {"odd": ascii(content[:200])}
    if isinstance(model := body.get("model"), str) and LOCAL_PATH.match(model):
        body["model"] = re.split(r"[\\/]", model)[-1]
    return body


def refusal_body(status: int, content: bytes) -> dict[str, Any]:
    """Return what is kept of an answer that refuses this one request."""
    return {"http_status": status, "said": content[: 4 * REFUSED_TEXT].decode("utf-8", "replace")[:REFUSED_TEXT]}


def tries(reason: str) -> int:
    """Return how many times in all a request is worth sending that meets this reason.

    A reply that was paid for and is useless is asked for again twice (blank) or once (invalid); what passes, more.
    """
    if reason.startswith("invalid reply") or reason == "too_large":
        return 2
    if is_for_good(reason):
        return 1
    return 5 if TRANSIENT.fullmatch(reason) else 3


def is_for_good(reason: str) -> bool:
    """Whether the same request would only meet the reason again."""
    return bool(FOR_GOOD.fullmatch(reason)) and not TRANSIENT.fullmatch(reason)


def why_fatal(status: int, said: str) -> str | None:
    """Return why an answer ends the whole run, or None."""
    if 300 <= status < 400:
        return "llm.base_url redirects; the final address is expected"
    if status == 400 and NO_MODEL.search(said):
        return "llm.model is not known there"
    if status == 429 and "insufficient_quota" in said:
        return FATAL[402]
    return FATAL.get(status)
