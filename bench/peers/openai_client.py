"""AsyncOpenAI as it is usually used: all tasks up front, a semaphore, `chat.completions.create`.

A fourth argument chooses the transport: `default` (the SDK's own limits: 1,000 connections, 100 kept), `lifted`
(as many connections as requests in flight) or `aiohttp` (the SDK's aiohttp transport, lifted as well). The pool of
the first two (httpcore2) looks at every connection for every request, so a request costs more the more are in flight.
"""

import asyncio
import sys

import httpx2
import openai
from measured import KEY, MODEL, TIMEOUT_S, measure, messages

WAY = sys.argv.pop()


def transport(in_flight: int) -> httpx2.AsyncClient | None:
    """Return the HTTP client; None is the SDK's default."""
    if WAY == "default":
        return None
    limits = httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    kind = openai.DefaultAioHttpClient if WAY == "aiohttp" else openai.DefaultAsyncHttpxClient
    return kind(limits=limits)


async def ask_all(base_url: str, numbers: range, in_flight: int) -> int:
    """Ask about every number; return how many were answered."""
    slots = asyncio.Semaphore(in_flight)

    async with openai.AsyncOpenAI(
        base_url=base_url, api_key=KEY, timeout=TIMEOUT_S, http_client=transport(in_flight)
    ) as client:

        async def ask(number: int) -> str | None:
            async with slots:
                reply = await client.chat.completions.create(model=MODEL, messages=messages(number))
            return reply.choices[0].message.content

        return sum(bool(text) for text in await asyncio.gather(*map(ask, numbers)))


def run(base_url: str, numbers: range, in_flight: int) -> int:
    """Ask in a loop of its own."""
    return asyncio.run(ask_all(base_url, numbers, in_flight))


if __name__ == "__main__":
    measure(run)
