"""One request to an OpenAI-compatible endpoint: sent once, its raw answer returned or the reason why there is none.

The openai package's client with its retries off (they hide what they spend) and redirects refused (they
would send the novel elsewhere): its headers, its address, and its aiohttp transport, by which the ready bytes
go out. That costs a third of the processor time of `chat.completions.create` (bench/asking.py).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import openai

from huaben.llm.prompts import Request
from huaben.params import LLM

MAX_BODY = 8_000_000
"""Bytes of the largest answer that is read: the longest reply of any model we know, many times over."""
MAX_PACKED = 200_000
"""The same of a compressed one, although none was asked for: it may unpack to a thousand times as much."""
CONNECT_S = 30.0
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
"""No connection was made: refused, no such name, TLS failed, no answer, stopped at a proxy."""
SECRET = 16
"""Characters from which a key is one; a local server takes any, such as `none`, which a novel may well say."""


@dataclass(frozen=True)
class Received:
    """What the server answered, the key cut out of it."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Lost(Exception):
    """No answer arrived. `reason` is timeout, connection or too_large (perhaps paid), or unreachable (never sent)."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.may_be_paid = reason, reason != "unreachable"


class _TooLarge(ValueError):
    pass


class _Capped(httpx2.AsyncByteStream):
    """A body that is read to a limit."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream, self._limit = stream, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            if (size := size + len(chunk)) > self._limit:
                raise _TooLarge(f"an answer of more than {self._limit:,} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _cap(response: httpx2.Response) -> None:
    response.stream = _Capped(response.stream, MAX_PACKED if "content-encoding" in response.headers else MAX_BODY)


class ChatClient:
    """A pool of connections to one endpoint."""

    def __init__(self, llm: LLM, key: str) -> None:
        self._key, self._spelt, self._timeout_s = key.encode(), _spellings(key), llm.timeout_s
        self._pool = openai.DefaultAioHttpClient(
            follow_redirects=False,
            # http goes to this machine alone; a proxy would read the key
            trust_env=llm.base_url.startswith("https"),
            # None would mean the transport's own limit of 100
            limits=httpx2.Limits(max_connections=llm.concurrency, max_keepalive_connections=llm.concurrency),
            timeout=openai.Timeout(None, connect=CONNECT_S),
            event_hooks={"response": [_cap]},
        )
        self._client = openai.AsyncOpenAI(
            api_key=key,
            base_url=llm.base_url,
            max_retries=0,
            default_headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            http_client=self._pool,
        )
        self._url = f"{str(self._client.base_url).rstrip('/')}/chat/completions"
        headers = {**self._client.default_headers, **self._client.auth_headers}
        self._headers = {name: value for name, value in headers.items() if isinstance(value, str)}

    async def send(self, request: Request) -> Received:
        """Send once, with a deadline on the wall clock for all of it. Raise Lost when no whole answer arrives."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._pool.post(self._url, content=request.body, headers=self._headers)
        except TimeoutError:
            raise Lost("timeout", f"no whole answer within {self._timeout_s:g} s") from None
        except (httpx2.HTTPError, aiohttp.ClientError, OSError, ValueError) as error:
            words = self._redacted(_in_words(error.__cause__ or error))[:200]
            raise Lost(_reason(error), words) from None
        return Received(answer.status_code, answer.headers, self._redacted_bytes(answer.content))

    def _redacted(self, text: str) -> str:
        return self._redacted_bytes(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def _redacted_bytes(self, text: bytes) -> bytes:
        if len(self._key) < SECRET:
            return text
        # looking for the key alone takes a hundredth of the time
        is_spelt = b"\\/" in text or b"\\u00" in text
        return self._spelt.sub(b"[key]", text) if is_spelt else text.replace(self._key, b"[key]")

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()


def _spellings(key: str) -> re.Pattern[bytes]:
    r"""Match a key as it is, and as a JSON string may spell it: `\/` for `/`, `\u0073` for `s`."""
    return re.compile("".join(rf"(?:\\?{re.escape(c)}|\\u{ord(c):04x})" for c in key).encode(), re.IGNORECASE)


def _reason(error: BaseException) -> str:
    if isinstance(error, _TooLarge):
        return "too_large"
    cause: BaseException | None = error  # the transport calls every broken connection a ConnectTimeout
    while cause and not isinstance(cause, NOT_SENT):
        cause = cause.__cause__
    return "unreachable" if cause else "connection"


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
