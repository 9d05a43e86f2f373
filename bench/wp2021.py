"""The data set wp2021 (Chen et al., Interspeech 2019): windows of 21 sentences, the quotation asked for in the 11th.

It lies beside the repository (`../shared/benchmarks/wp2021`), as its text is not ours to pass on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from huaben.params import CastMember

TARGET = 10
"""The place of the target's sentence among its window's."""


@dataclass(frozen=True)
class Window:
    """An instance: its sentences, who speaks the target, and `explicit`, `implicit` or `latent`."""

    sentences: tuple[str, ...]
    speaker: str
    category: str

    @property
    def text(self) -> str:
        """The window as a text, a sentence a line."""
        return "\n".join(self.sentences)

    @property
    def target(self) -> tuple[int, int]:
        """Where the target's sentence starts and ends in the text."""
        start = sum(len(sentence) + 1 for sentence in self.sentences[:TARGET])
        return start, start + len(self.sentences[TARGET])


def read_windows(path: Path) -> list[Window]:
    """Read a split."""
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    return [_window(block.split("\n")) for block in blocks]


def _window(rows: Sequence[str]) -> Window:
    fields = dict(row.split(": ", 1) for row in rows[22:])
    return Window(tuple(rows[1:22]), fields["Speaker"].strip(), fields["Category"].strip())


def read_cast(path: Path) -> list[CastMember]:
    """Read the name list: gender (1 is male), name, aliases."""
    rows = [row.split() for row in path.read_text(encoding="utf-8").strip().split("\n")]
    return [CastMember(name=r[1], aliases=r[2:], gender="male" if r[0] == "1" else "female") for r in rows]


def folds_of(windows: Sequence[Window], folds: int = 5) -> list[int]:
    """Return a fold for each window, so that windows of two folds share no sentence of more than ten characters."""
    group = list(range(len(windows)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    seen: dict[str, int] = {}
    for i, window in enumerate(windows):
        for sentence in window.sentences:
            if len(sentence) > 10:
                group[root(i)] = root(seen.setdefault(sentence, i))
    roots = [root(i) for i in range(len(windows))]
    sizes, fold, before = Counter(roots), dict[int, int](), 0
    for r in roots:
        if r not in fold:
            fold[r] = min(folds - 1, before * folds // len(windows))
            before += sizes[r]
    return [fold[r] for r in roots]
