"""Requests → replies, from recorded files or from an OpenAI-compatible endpoint by way of the store.

Retries are ours, not the SDK's (which hides what it spends). The run stops at a redirect, 401, 402, 403
and 404. A unit fails for good at any other 4xx, and at a reply that the same request would bring again (cut
at `max_tokens`, filtered). Everything else is tried again, after pauses that grow.
"""

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.llm.endpoint import check_endpoint, read_key
from huaben.llm.prompts import Request
from huaben.llm.replies import Reply, ReplyStore, load_recorded, store_path, strict_json
from huaben.params import LLM

ATTEMPTS = 5
FATAL = {
    401: "the key is not accepted",
    402: "the account has no balance left",
    403: "the key may not do this",
    404: "llm.base_url or llm.model is wrong",
}
"""What an answer that every request of the run would get means."""
FOR_GOOD = re.compile(r"finish_length|finish_content_filter|http_4(?!08|09|29)\d\d")
"""Reasons that the same request would only meet again; 408, 409 and 429 pass."""
MISS = "no reply is recorded for this prompt"
SECRET = 16
"""Characters from which a key is one; a local server takes any, such as `none`, which a novel may well say."""


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

    def settle(self, key: str, reply: Reply | None, reason: str | None) -> None:
        """Take a complete reply, or the reason why there is none."""
        if reply and not reason:
            self.replies[key] = reply
            return
        self.failures[key] = reason or MISS
        if FOR_GOOD.fullmatch(self.failures[key]):
            self.permanent.add(key)


def ask(
    units: Sequence[Unit],
    llm: LLM,
    recorded: Sequence[Path],
    say: Callable[[str], None] = lambda _: None,
    first_pause_s: float = 2.0,
) -> Answers:
    """Answer every unit that can be answered; the others get a reason, never silence.

    Raise InputError for settings that cannot work, HuabenError when the endpoint refuses the whole run.
    """
    if llm.provider == "recorded":
        return _from_files(units, recorded)
    if llm.provider == "openai":
        check_endpoint(llm.base_url)
        with closing(ReplyStore(store_path())) as store:
            return _Live(llm, store, say, first_pause_s).answer(units)
    raise InputError("llm.provider is `none`: nothing can be asked")


def _from_files(units: Sequence[Unit], recorded: Sequence[Path]) -> Answers:
    kept, answers = load_recorded(recorded), Answers()
    for unit in units:
        reply = kept.get(unit.request.key)
        answers.settle(unit.request.key, reply, reply.fault if reply else MISS)
    return answers


class _Live:
    """One run against an endpoint: at most `concurrency` requests in flight, each reply stored before it counts."""

    def __init__(self, llm: LLM, store: ReplyStore, say: Callable[[str], None], first_pause_s: float) -> None:
        self._llm, self._store, self._say, self._first_pause_s = llm, store, say, first_pause_s
        self._answers = Answers()

    def answer(self, units: Sequence[Unit]) -> Answers:
        """Take what the store has, and send the rest, each request once."""
        waiting: dict[str, Unit] = {}
        for unit in units:
            kept = self._store.get(unit.request.key)
            if kept and (kept.fault is None or FOR_GOOD.fullmatch(kept.fault)):
                self._answers.settle(kept.key, kept, kept.fault)
            else:
                waiting[unit.request.key] = unit
        if waiting:
            self._key = read_key(self._llm)
            try:
                asyncio.run(self._send(list(waiting.values())))
            except ExceptionGroup as group:
                raise group.exceptions[0] from None
        return self._answers

    async def _send(self, units: Sequence[Unit]) -> None:
        import openai

        slots = asyncio.Semaphore(self._llm.concurrency)
        client = openai.AsyncOpenAI(
            api_key=self._key,
            base_url=self._llm.base_url,
            max_retries=0,
            timeout=self._llm.timeout_s,
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )
        async with client, asyncio.TaskGroup() as group:
            for unit in units:
                group.create_task(self._one(client, unit, slots))

    async def _one(self, client: Any, unit: Unit, slots: asyncio.Semaphore) -> None:
        async with slots:
            for attempt in range(1, ATTEMPTS + 1):
                reply, reason = await self._attempt(client, unit)
                if reason is None or FOR_GOOD.fullmatch(reason) or attempt == ATTEMPTS:
                    break
                pause = min(30.0, self._first_pause_s * 2 ** (attempt - 1))
                await asyncio.sleep(pause * (0.75 + random.random() / 4))
        self._answers.settle(unit.request.key, reply, reason)
        done = len(self._answers.replies) + len(self._answers.failures)
        self._say(f"{unit.name}: {reason or 'ok'} ({done} done)")

    async def _attempt(self, client: Any, unit: Unit) -> tuple[Reply | None, str | None]:
        """Send once, and keep what comes. Return the reply, and why it is none (None when it is one)."""
        import openai

        self._answers.sent += 1
        try:
            async with asyncio.timeout(self._llm.timeout_s):
                answer = await client.chat.completions.with_raw_response.create(**_arguments(unit.request))
        except openai.APIStatusError as error:
            if error.status_code in FATAL or error.status_code < 400:
                raise self._refusal(error) from None
            return None, f"http_{error.status_code}"
        except (TimeoutError, openai.APITimeoutError):
            return None, "timeout"
        except openai.OpenAIError:
            return None, "connection"
        reply = Reply(unit.request.key, _body(self._redacted(answer.content)))
        self._store.put(reply.key, unit.request.prompt_id, unit.name, reply.body)
        return reply, reply.fault

    def _refusal(self, error: Any) -> HuabenError:
        meaning = FATAL.get(error.status_code, "llm.base_url redirects; the final address is expected")
        said = self._redacted(str(error).encode("utf-8", "replace")).decode()[:300]
        return HuabenError(f"the endpoint refuses the run, HTTP {error.status_code}: {meaning}. It says: {said}")

    def _redacted(self, text: bytes) -> bytes:
        return text.replace(self._key.encode(), b"[key]") if len(self._key) >= SECRET else text


def _arguments(request: Request) -> dict[str, Any]:
    options = dict(request.options)
    thinking = options.pop("thinking")
    extra = {} if thinking else {"extra_body": {"thinking": {"type": "disabled"}}}
    return {"model": request.model, "messages": [dict(m) for m in request.messages], **options, **extra}


def _body(content: bytes) -> dict[str, Any]:
    """Return the raw body; of one that is no JSON object, how it begins."""
    try:
        body = strict_json(content)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"odd": ascii(content[:200])}
