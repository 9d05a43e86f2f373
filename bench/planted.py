"""Short Chinese texts with planted near duplicates, and who is a copy of whom: what `bench/duplicates.py` measures on.

Clauses of real novels are put into question templates (14 to 60 characters) and replies (10 to 200). One row in ten
is an edited copy: characters exchanged, put in or left out, other punctuation, a prefix, clauses swapped, blanks.
"""

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CORPORA = Path(__file__).parents[2] / "shared" / "corpora"
ENOUGH = 2_000_000
"""Characters that the clauses come from, at least: from a small pool, unrelated texts share whole clauses."""
MARKS = re.compile(r"[，。！？；：“”‘’「」『』、—…\s《》（）()]+")
NAMES = [
    a + b
    for a, b in itertools.product("赵钱孙李周吴郑王冯陈褚卫", ("大", "二哥", "老三", "文远", "小乙", "头陀", "娘子"))
]
QUESTIONS = (
    "在“{c}”之后，{a}为什么{d}？", "{a}对{b}说“{c}”是什么意思？", "当{c}时，{a}做了什么？",
    "{a}为何认为{c}，{d}？", "{c}这件事与{a}和{b}有什么关系？", "{a}是如何做到{c}的？",
    "为什么{a}听说{c}后{d}？", "{c}，{d}，说的是谁？", "{a}与{b}{c}的结果如何？", "第{n}回中，{a}{c}的原因是什么？",
    "{b}如何看待{a}{c}？", "是谁{c}，又是谁{d}？", "{c}发生在什么地方？", "{a}在{c}时说了哪些话？",
)  # fmt: skip
PREFIXES = ("请问", "请问一下，", "那么，", "问：", "你知道", "试问")
OPENINGS = ("吾", "某", "臣", "主公，", "丞相，", "贤弟，", "嗯，", "哈哈，")
EDITS = {"marks": 15, "exchanged": 25, "in_out": 20, "reordered": 12, "prefix": 10, "mixed": 13, "blanks": 5}
"""Kinds of copies, and how often each is made."""
WITH_COPIES = 0.1
"""Share of the texts that get copies, 1.25 each on average, until one row in ten is a copy: just before the end."""


@dataclass
class Planted:
    """Texts in a shuffled order; rows of one `gold` number are copies of one text, whose own `kind` is `base`."""

    texts: list[str] = field(default_factory=list)
    gold: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


def read_clauses() -> list[str] | None:
    """Return the clauses of the longest novels, `ENOUGH` characters of them; None where the novels are not there."""
    paths = sorted(CORPORA.glob("*.txt"), key=lambda path: (-path.stat().st_size, path.name))
    texts, total = [], 0
    while paths and total < ENOUGH:
        texts.append(paths.pop(0).read_text(encoding="utf-8", errors="ignore"))
        total += len(texts[-1])
    if total < ENOUGH:
        return None
    return [clause for clause in MARKS.split("\n".join(texts)) if 3 <= len(clause) <= 16]


class Writer:
    """Writes texts from clauses, and edited copies of them, by one seed."""

    def __init__(self, clauses: list[str], seed: int) -> None:
        self.chance = random.Random(seed)
        self.clauses = clauses
        self.characters = [c for clause in clauses[:20_000] for c in clause if "\u4e00" <= c <= "\u9fff"]
        self.weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(NAMES))))

    def _name(self) -> str:
        return self.chance.choices(NAMES, cum_weights=self.weights)[0]

    def _clause(self) -> str:
        return self.chance.choice(self.clauses)

    def question(self) -> str:
        """Return a template with its slots filled."""
        while True:
            c = self._clause() + (self._clause() if self.chance.random() < 0.75 else "")
            slots = {"a": self._name(), "b": self._name(), "c": c, "d": self._clause()}
            text = self.chance.choice(QUESTIONS).format(**slots, n=self.chance.randint(1, 120))
            if 14 <= len(text) <= 60:
                return text

    def reply(self) -> str:
        """Return clauses in a row, with marks between them."""
        while True:
            number = min(24, 2 + int(self.chance.expovariate(1 / 3.5)))
            text = "".join(self._clause() + self.chance.choice("，，，，。！？；") for _ in range(number))
            text = text[:-1] + self.chance.choice("。。。！？")
            if self.chance.random() < 0.2:
                text = self.chance.choice(OPENINGS) + text
            if 10 <= len(text) <= 200:
                return text

    def copy(self, text: str) -> tuple[str, str]:
        """Return an edited copy and its kind."""
        kind = self.chance.choices(list(EDITS), list(EDITS.values()))[0]
        return getattr(self, f"_{kind}")(text), kind

    def _marks(self, text: str) -> str:
        other = "".join(
            self.chance.choice("，。！,.!；") if c in "，。！？；：" and self.chance.random() < 0.7 else c
            for c in text
        )
        return other if other != text else text + "。"

    def _exchanged(self, text: str) -> str:
        return self._exchange(text, max(1, int(len(text) * self.chance.uniform(0.01, 0.07))))

    def _exchange(self, text: str, times: int) -> str:
        characters = list(text)
        for _ in range(times):
            characters[self.chance.randrange(len(characters))] = self.chance.choice(self.characters)
        return "".join(characters)

    def _in_out(self, text: str) -> str:
        return self._put_in_or_out(text, max(1, int(len(text) * self.chance.uniform(0.01, 0.08))))

    def _put_in_or_out(self, text: str, times: int) -> str:
        characters = list(text)
        for _ in range(times):
            place = self.chance.randrange(len(characters))
            if self.chance.random() < 0.5 and len(characters) > 6:
                del characters[place]
            else:
                characters.insert(place, self.chance.choice(self.characters))
        return "".join(characters)

    def _reordered(self, text: str) -> str:
        parts = re.findall(r"[^，。！？；]+[，。！？；]?", text)
        if len(parts) < 2:
            return self._exchange(text, 1)
        place = self.chance.randrange(len(parts) - 1)
        parts[place], parts[place + 1] = parts[place + 1], parts[place]
        return "".join(parts)

    def _prefix(self, text: str) -> str:
        return self.chance.choice(PREFIXES) + text

    def _mixed(self, text: str) -> str:
        edited = self._put_in_or_out(self._exchange(text, 1), max(1, len(text) // 25))
        return edited.replace("！", "!").replace("，", ",")

    def _blanks(self, text: str) -> str:
        return f" {text}\u3000" if self.chance.random() < 0.5 else text.replace("，", "， ")


def plant(rows: int, clauses: list[str], seed: int = 7) -> Planted:
    """Return `rows` texts, one in ten of them a copy; what differs in marks and blanks alone is the same text."""
    writer, found, seen = Writer(clauses, seed), [], set()
    copies, most = 0, rows // 10
    for gold in itertools.count():
        if len(found) >= rows:
            break
        base = _new_text(writer, seen)
        found.append((base, gold, "base"))
        if copies < most and writer.chance.random() < WITH_COPIES:
            for _ in range(min(writer.chance.choices([1, 2, 3], [80, 15, 5])[0], most - copies)):
                text, kind = writer.copy(base)
                found.append((text, gold, kind))
                copies += 1
    writer.chance.shuffle(found)
    return Planted(*(list(column) for column in zip(*found, strict=True)))


def _new_text(writer: Writer, seen: set[str]) -> str:
    for text in iter(lambda: writer.question() if writer.chance.random() < 0.5 else writer.reply(), None):
        bare = re.sub(r"\W+", "", text)
        if bare not in seen:
            seen.add(bare)
            return text
    raise AssertionError("unreachable")


def normalise(texts: list[str]) -> list[str]:
    """Return the texts in NFKC, small letters, letters and digits alone: what every method is given."""
    return list(_normalised(texts))


def _normalised(texts: list[str]) -> Iterator[str]:
    import unicodedata

    for text in texts:
        yield re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).lower()
