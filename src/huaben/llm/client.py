"""Requests → replies, from recorded files or from an OpenAI-compatible endpoint by way of the store.

Retries are ours, not the SDK's (which hides what it spends). Fatal for the run: 401, 402, 403, 404.
Recorded for the item: other 4xx. Tried again with growing pauses: everything else.
"""

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huaben.errors import HuabenError, InputError
from huaben.llm.prompts import Request
from huaben.llm.replies import Reply, ReplyStore, load_recorded, store_path
from huaben.params import LLM

ATTEMPTS = 5
FATAL = {401, 402, 403, 404}
MISS = "no reply is recorded for this prompt"


@dataclass(frozen=True)
class Unit:
    """One question to the model: a name for people, and the request."""

    name: str
    request: Request


@dataclass
class Answers:
    """What came back: a reply or a reason for each key."""

    replies: dict[str, Reply] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    permanent: set[str] = field(default_factory=set)
    sent: int = 0


def ask(
    units: Sequence[Unit], llm: LLM, recorded: Sequence[Path], say: Callable[[str], None] = lambda _: None
) -> Answers:
    """Answer every unit that can be answered; the others get a reason, never silence."""
    if llm.provider == "recorded":
        return _from_files(units, recorded)
    if llm.provider == "openai":
        store = ReplyStore(store_path())
        try:
            return asyncio.run(_Live(llm, store, say).answer(units))
        except* HuabenError as group:
            raise group.exceptions[0] from None
        finally:
            store.close()
    raise InputError("llm.provider is `none`: nothing can be asked")


def _from_files(units: Sequence[Unit], recorded: Sequence[Path]) -> Answers:
    kept, answers = load_recorded(recorded), Answers()
    for unit in units:
        if reply := kept.get(unit.request.key):
            answers.replies[unit.request.key] = reply
        else:
            answers.failures[unit.request.key] = MISS
    return answers


def read_key(llm: LLM) -> str:
    """Return the API key from the variable that `api_key_env` names; nothing else may hold it."""
    key = os.environ.get(llm.api_key_env, "")
    if not key.strip() or not key.isascii() or key != key.strip():
        raise InputError(
            f"the environment variable {llm.api_key_env} must hold the API key: one line of ASCII, no blanks"
        )
    return key


def check_endpoint(base_url: str) -> None:
    """Refuse a base URL that would not work or would give the key away."""
    parts = urlsplit(base_url)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise InputError(f"llm.base_url {base_url!r}: an address such as https://host/v1 is expected")
    if parts.scheme == "http" and not is_local:
        raise InputError(f"llm.base_url {base_url!r}: http would send the key unprotected; use https")
    if parts.username or parts.password:
        raise InputError("llm.base_url holds a user name or password; give the key by its environment variable")
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise InputError("llm.base_url: leave out /chat/completions; the client adds it")


class _Live:
    """One run against an endpoint: at most `concurrency` requests in flight, each reply stored before it counts."""

    def __init__(self, llm: LLM, store: ReplyStore, say: Callable[[str], None]) -> None:
        check_endpoint(llm.base_url)
        self._llm, self._store, self._say = llm, store, say
        self._key = read_key(llm)
        self._slots = asyncio.Semaphore(llm.concurrency)
        self._answers = Answers()
        self._total = 0

    async def answer(self, units: Sequence[Unit]) -> Answers:
        import openai

        open_units = []
        for unit in units:
            if (kept := self._store.get(unit.request.key)) and kept.content:
                self._answers.replies[unit.request.key] = kept
            else:
                open_units.append(unit)
        self._total = len(open_units)
        transport = openai.DefaultAsyncHttpxClient(follow_redirects=False)
        client = openai.AsyncOpenAI(
            api_key=self._key,
            base_url=self._llm.base_url,
            max_retries=0,
            timeout=self._llm.timeout_s,
            http_client=transport,
        )
        async with client, asyncio.TaskGroup() as group:
            for unit in open_units:
                group.create_task(self._one(client, unit))
        return self._answers

    async def _one(self, client: Any, unit: Unit) -> None:
        key = unit.request.key
        async with self._slots:
            for attempt in range(1, ATTEMPTS + 1):
                reason, permanent = await self._attempt(client, unit)
                if not reason:
                    break
                self._answers.failures[key] = reason
                if permanent:
                    self._answers.permanent.add(key)
                    break
                if attempt < ATTEMPTS:
                    await asyncio.sleep(min(30.0, 2.0**attempt) * (0.75 + random.random() / 4))
        done = len(self._answers.replies) + len(self._answers.failures)
        self._say(f"{unit.name}: {self._answers.failures.get(key, 'ok')} ({done} done)")

    async def _attempt(self, client: Any, unit: Unit) -> tuple[str, bool]:
        """Send once. Return why it failed ("" when it did not) and whether it always would."""
        import openai

        self._answers.sent += 1
        try:
            async with asyncio.timeout(self._llm.timeout_s):
                completion = await client.chat.completions.create(**_arguments(unit.request))
        except openai.APIStatusError as error:
            if error.status_code in FATAL:
                raise HuabenError(f"the endpoint refused the run: {self._redacted(error)}") from None
            return f"http_{error.status_code}", 300 <= error.status_code < 500 and error.status_code not in (
                408,
                409,
                429,
            )
        except (openai.OpenAIError, ValueError, TimeoutError) as error:
            return type(error).__name__, False
        body = (
            completion.model_dump(mode="json") if hasattr(completion, "model_dump") else {"odd": str(completion)[:200]}
        )
        self._store.put(unit.request.key, unit.request.prompt_id, unit.name, body)
        reply = Reply(unit.request.key, body)
        if reply.content is None:
            return _why_incomplete(body), False
        self._answers.failures.pop(unit.request.key, None)
        self._answers.replies[unit.request.key] = reply
        return "", False

    def _redacted(self, error: Exception) -> str:
        return str(error).replace(self._key, "[key]")[:500]


def _arguments(request: Request) -> dict[str, Any]:
    options = dict(request.options)
    thinking = options.pop("thinking")
    extra = {} if thinking else {"extra_body": {"thinking": {"type": "disabled"}}}
    return {"model": request.model, "messages": [dict(m) for m in request.messages], **options, **extra}


def _why_incomplete(body: Any) -> str:
    try:
        reason = body["choices"][0]["finish_reason"]
    except (KeyError, IndexError, TypeError):
        return "odd_shape"
    return "blank" if reason == "stop" else f"finish_{reason}"
