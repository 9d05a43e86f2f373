"""A chat endpoint that only waits: every POST gets the same reply after a random time.

    python bench/peers/latency_server.py --mean-ms 500

Prints its port. The time is uniform between half and one and a half times the mean; the reply is a chat completion
of about 420 tokens of Chinese. `GET /reset` forgets what was counted; `GET /counted` returns when each reply left,
in seconds, and how many requests were in flight at most. Needs uvloop.
"""

import argparse
import asyncio
import json
import random
import re
import time
from typing import Any

import uvloop

LINE = {
    "speaker": "沈更生",
    "listener": "掌柜",
    "text": "这座钟慢了，可是更鼓没有慢，你听见水声没有？",
    "mood": "平静",
}
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def response(body: Any) -> bytes:
    """Return a whole HTTP response with a JSON body."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


def completion() -> bytes:
    """Return the response to every request: a dozen lines of dialogue, and what they cost."""
    text = json.dumps({"dialogues": [LINE] * 12}, ensure_ascii=False)
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 1800, "completion_tokens": 420, "total_tokens": 2220}
    usage |= {"prompt_cache_hit_tokens": 1700, "prompt_cache_miss_tokens": 100}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_763_000_000, "model": "bench"}
    return response({**body, "choices": [choice], "usage": usage})


class Counted:
    """When each reply left, and how many requests waited at once."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything but what is in flight."""
        self.most_in_flight, self.times = self.in_flight, list[float]()

    def arrived(self) -> None:
        """Count a request."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def left(self, is_heard: bool) -> None:
        """Count a reply, unless the client has gone."""
        self.in_flight -= 1
        if is_heard:
            self.times.append(round(time.monotonic(), 4))


class Endpoint(asyncio.Protocol):
    """One connection: HTTP/1.1 with `Content-Length`, kept alive."""

    def __init__(self, counted: Counted, mean_s: float, reply: bytes) -> None:
        self._counted, self._mean_s, self._reply = counted, mean_s, reply
        self._buffer = bytearray()

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        """Take every request that has arrived whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            del self._buffer[:whole]
            self._take(head)

    def _take(self, head: bytes) -> None:
        if head.startswith(b"POST"):
            self._counted.arrived()
            asyncio.get_running_loop().call_later(random.uniform(0.5, 1.5) * self._mean_s, self._answer)
            return
        if head.startswith(b"GET /reset"):
            self._counted.reset()
        figures = {"times": self._counted.times, "most_in_flight": self._counted.most_in_flight}
        self._transport.write(response(figures))

    def _answer(self) -> None:
        is_heard = not self._transport.is_closing()
        self._counted.left(is_heard)
        if is_heard:
            self._transport.write(self._reply)


async def serve(mean_s: float) -> None:
    """Listen until the process ends."""
    counted, reply = Counted(), completion()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Endpoint(counted, mean_s, reply), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mean-ms", type=float, required=True)
    uvloop.run(serve(parser.parse_args().mean_ms / 1000))


if __name__ == "__main__":
    main()
