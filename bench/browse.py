"""How long the browse page's script runs for one filter over 50,000 rows: `python bench/browse.py [--rows N]`.

The page measures itself with the browser's User Timing API (one `filter` measure for each change, the list
and the open row drawn again included). Against it: the same search without the index prepared at the
start, that is, each row written as JSON and lower-cased for each search. Needs a Chromium on PATH.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import REPOSITORY, chromium
from huaben.files import write_jsonl
from huaben.records import make_id

SEARCHES = ("的", "钟", "沈更生", "钟 水", "三更差一刻", "nowhere")
NAIVE = """(word) => {
  const began = performance.now();
  const found = window.rows.filter((row) => JSON.stringify(row).toLowerCase().includes(word)).length;
  return [found, performance.now() - began];
}"""


def make_repository(root: Path, rows: int) -> Path:
    """Write a repository of 1,000 chapters: six rows in ten are lines, three are questions, one a conversation."""
    words = random.Random(7)
    letters = (REPOSITORY / "data/raw/lianggengtian.txt").read_text(encoding="utf-8").replace("\n", "")
    people = [f"人物{number}" for number in range(200)] + ["沈更生"] * 100
    chapters = [_chapter(index, letters, words) for index in range(1, 1001)]
    makers = {"lines": (_line, 0.6), "qa_v2": (_question, 0.3), "dialogue": (_conversation, 0.1)}
    for dataset, (make, share) in makers.items():
        made = (make(number, words.choice(chapters), words, people) for number in range(int(rows * share)))
        write_jsonl(root / f"data/dedupe/{dataset}.jsonl", made)
    write_jsonl(root / "data/chapters/chapters.jsonl", chapters)
    (root / "params.yaml").write_bytes((REPOSITORY / "params.yaml").read_bytes())
    return root


def _chapter(index: int, letters: str, words: random.Random) -> dict:
    start = words.randrange(len(letters) - 2400)
    fields = {"chapter_id": f"c{index}", "number": index, "kind": "chapter", "volume": None, "title": "题"}
    text = letters[start : start + 2300]
    return {"index": index, "heading": f"第{index}章", "novel": "n", "split": "train", "text": text, **fields}


def _record(number: int, kind: str, chapter: dict, spans: list) -> dict:
    origin = {"novel": "n", "chapter": chapter["index"], "chapter_id": chapter["chapter_id"], "spans": spans}
    rest = {"prompt": "speakers.v1", "model": "m", "reply_id": f"{number:064x}", "written_by": None}
    return {"record_id": make_id(kind, number), "split": "train", "provenance": {**origin, **rest}}


def _line(number: int, chapter: dict, words: random.Random, people: list) -> dict:
    start = words.randrange(2200)
    end = start + words.randrange(5, 80)
    found = {"start": start, "end": end, "text": chapter["text"][start:end], "kind": "speech", "depth": 0}
    who = {"speaker": words.choice(people), "addressee": None, "certainty": 0.9, "evidence": "x", "decided_by": "rule"}
    place = {"chapter": chapter["index"], "scene": 1}
    return {**_record(number, "lines", chapter, [[start, end]]), **found, **who, **place}


def _question(number: int, chapter: dict, words: random.Random, people: list) -> dict:
    start = words.randrange(2200)
    piece = chapter["text"][start : start + 90]
    asked = {"angle": "depth", "question": piece[:25], "answer": piece[25:75], "evidence": piece[75:]}
    return {**_record(number, "qa", chapter, [[start + 75, start + 90]]), **asked}


def _conversation(number: int, chapter: dict, words: random.Random, people: list) -> dict:
    starts = sorted(words.sample(range(2200), 8))
    messages = [
        {
            "role": ("user", "assistant")[place % 2],
            "content": chapter["text"][start : start + 40],
            "speaker": words.choice(people),
            "spans": [[start, start + 40]],
            "origin": "novel",
        }
        for place, start in enumerate(starts)
    ]
    spans = [message["spans"][0] for message in messages]
    return {**_record(number, "dialogue", chapter, spans), "character": "沈更生", "scene": 1, "messages": messages}


def measure(page: Path, files: list[Path]) -> dict:
    """Open the page, filter as a person would, and read what the browser measured."""
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        tab.goto(page.as_uri())
        tab.wait_for_selector(".option", timeout=120_000)
        opened = tab.evaluate("performance.getEntriesByName('filter')[0].startTime")
        for search in SEARCHES:
            for typed in range(1, len(search) + 1):
                tab.fill("#search", search[:typed])
        tab.fill("#search", "")
        for field in ("dataset", "chapter", "speaker", "reason", "review"):
            tab.select_option(f"#{field}", index=1)
        tab.click("#clear")
        times = tab.evaluate("performance.getEntriesByName('filter').slice(1).map((entry) => entry.duration)")
        naive = _naive(browser.new_page(), files)
    return {
        "opened_ms": opened,
        "filters": len(times),
        "median_ms": statistics.median(times),
        "worst_ms": max(times),
        **naive,
    }


def _naive(tab: Any, files: list[Path]) -> dict:
    tab.evaluate("window.rows = []")
    for file in files:
        lines = file.read_text(encoding="utf-8")
        tab.evaluate(
            "(text) => { for (const line of text.split('\\n')) if (line) window.rows.push(JSON.parse(line)) }", lines
        )
    times = [tab.evaluate(NAIVE, search)[1] for search in SEARCHES]
    return {"naive_median_ms": statistics.median(times), "naive_worst_ms": max(times)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        root = make_repository(Path(folder), rows)
        subprocess.run([sys.executable, "-m", "huaben", "browse", "--static", "page"], cwd=root, check=True)
        page = root / "page/index.html"
        figures = {"rows": rows, "page_mb": page.stat().st_size / 1e6}
        figures |= measure(page, sorted(root.glob("data/dedupe/*.jsonl")))
    figures["ratio"] = figures["naive_median_ms"] / figures["median_ms"]
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
