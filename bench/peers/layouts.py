"""The same tasks about the same chapters with the same replies, in the layouts of `bench/money.py`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

FENCED = re.compile(r"<<<(\w+)\n(.*)\n\1>>>", re.DOTALL)
QUOTED = re.compile(r"〔(\d+)〕.([^”」』〔\n]*)")

Exchange = Mapping[str, Any]


def parts(exchange: Exchange) -> tuple[str, str, str]:
    """Return an exchange's system message, its chapter between the marks, and its task."""
    messages = exchange["messages"]
    fenced = next(found[0] for m in messages if (found := FENCED.search(m["content"])))
    return messages[0]["content"], fenced, FENCED.sub("", messages[-1]["content"]).strip()


def asked(reply: str, system: str, *contents: str) -> dict[str, Any]:
    """Return an exchange: user and assistant take turns, the last word is the reply."""
    turns = [{"role": ("user", "assistant")[i % 2], "content": content} for i, content in enumerate(contents)]
    return {"messages": [{"role": "system", "content": system}, *turns], "reply": reply}


def by_chapter(log: Sequence[Exchange]) -> list[list[Exchange]]:
    """Return the exchanges of each chapter, the summary's first."""
    found: dict[str, list[Exchange]] = {}
    for exchange in sorted(log, key=lambda one: one["task"] != "summary"):
        found.setdefault(parts(exchange)[1], []).append(exchange)
    return list(found.values())


def written_out(exchange: Exchange) -> str:
    """Return a reply that holds the lines themselves: `speaker|addressee|scene|text`."""
    if exchange["task"] != "speakers":
        return str(exchange["reply"])
    text = dict(QUOTED.findall(parts(exchange)[1]))
    answers = (line.split("|", 1) for line in exchange["reply"].splitlines())
    return "\n".join(f"{rest}|{text.get(number, '')}" for number, rest in answers)


def turns(exchanges: Sequence[Exchange]) -> list[dict[str, Any]]:
    """Return the tasks of a chapter as turns: each goes on from the answer of the first."""
    first, *others = exchanges
    system, fenced, task = parts(first)
    opening = f"{fenced}\n\n{task}"
    later = [asked(one["reply"], system, opening, first["reply"], parts(one)[2]) for one in others]
    return [asked(first["reply"], system, opening), *later]


def combined(exchanges: Sequence[Exchange]) -> dict[str, Any]:
    """Return the one call of a chapter."""
    system, fenced, _ = parts(exchanges[0])
    reply = "\n".join(one["reply"] for one in exchanges)
    return asked(reply, system, "\n\n".join([fenced, *(parts(one)[2] for one in exchanges)]))


def layouts(log: Sequence[Exchange]) -> dict[str, list[dict[str, Any]]]:
    """Return the same tasks in every layout, in the order in which they would be sent."""
    single = [(one, *parts(one)) for one in sorted(log, key=lambda one: str(one["task"]))]
    chapters = by_chapter(log)
    return {
        "instructions_first": [asked(e["reply"], system, f"{task}\n\n{text}") for e, system, text, task in single],
        "written_out": [asked(written_out(e), system, f"{task}\n\n{text}") for e, system, text, task in single],
        "siblings": [asked(e["reply"], system, f"{text}\n\n{task}") for e, system, text, task in single],
        "turns": [exchange for chapter in chapters for exchange in turns(chapter)],
        "combined": [combined(chapter) for chapter in chapters],
    }
