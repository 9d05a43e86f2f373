"""huaben's own asking engine: client and reply store together, every reply on disk before it counts."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from measured import KEY, MODEL, PASSAGE, SYSTEM, TIMEOUT_S, measure

from huaben.llm.asking import ask
from huaben.llm.prompts import Request
from huaben.llm.question import Inquiry, Question
from huaben.params import Params, load_params

ROOT = Path(__file__).parents[2]


def settings(base_url: str, in_flight: int) -> Params:
    """Return the project's params, pointed at the endpoint."""
    params = load_params(ROOT / "params.yaml")
    to = {"provider": "openai", "model": MODEL, "base_url": base_url, "api_key_env": "BENCH_KEY"}
    llm = params.llm.model_copy(update={**to, "concurrency": in_flight, "timeout_s": TIMEOUT_S})
    return params.model_copy(update={"llm": llm})


def parse(text: str) -> tuple[Any, None]:
    """Return what a reply holds; nothing had to be repaired."""
    return json.loads(text), None


def inquiry(number: int, base_url: str) -> Inquiry[bool]:
    """Ask about a number; return whether it was answered."""
    task = f"第{number}章\n请提取对话，输出JSON。"
    request = Request("bench.v1", base_url, MODEL, SYSTEM, PASSAGE, (), task, {})
    outcome = yield Question(f"chapter {number}", request, parse)
    return outcome.reason is None


def run(base_url: str, numbers: range, in_flight: int) -> int:
    """Ask about every number; return how many were answered."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"HUABEN_STORE": f"{folder}/replies.sqlite", "BENCH_KEY": KEY}
        inquiries = [inquiry(number, base_url) for number in numbers]
        return sum(ask(inquiries, settings(base_url, in_flight), []))


if __name__ == "__main__":
    measure(run)
