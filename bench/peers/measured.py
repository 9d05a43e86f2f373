"""What every client of `bench/asking.py` shares: the requests, a warm-up, and the measure of its processor time.

A client is a script with a function `run(base_url, numbers, in_flight)` that asks about each number once and returns
how many were answered. It is started as `python bench/peers/<client>.py BASE_URL IN_FLIGHT REQUESTS`, and ends
with one line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from usage import Peak, cpu_s

MODEL = "gpt-4o-mini"
"""A name that curator finds in its price list; without one it refuses every reply."""
SYSTEM = "你是细心的编辑，只输出JSON。"
PASSAGE = (Path(__file__).parents[2] / "data" / "raw" / "lianggengtian.txt").read_text(encoding="utf-8")[:2300]
WARM_UP = 64
TIMEOUT_S = 120.0
KEY = "none"


def prompt(number: int) -> str:
    """Return what is asked: a passage of 2,300 characters, no two the same."""
    return f"第{number}章\n{PASSAGE}\n请提取对话，输出JSON。"


def messages(number: int) -> list[dict[str, str]]:
    """Return the request's messages."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt(number)}]


def measure(run: Callable[[str, range, int], int]) -> None:
    """Warm up, ask, and print the figures."""
    base_url, in_flight, requests = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Peak() as peak:
        run(base_url, range(WARM_UP), in_flight)
        urlopen(f"{base_url.removesuffix('/v1')}/reset").read()
        cpu, wall = cpu_s(), time.perf_counter()
        answered = run(base_url, range(WARM_UP, WARM_UP + requests), in_flight)
        figures = {"answered": answered, "cpu_s": cpu_s() - cpu, "wall_s": time.perf_counter() - wall}
    print(f"\n{json.dumps({**figures, 'memory_mb': round(peak.most)})}", flush=True)
