"""The values of a JSON list, one after another, without holding the list.

The standard library's decoder finds where each value ends; of a file no more is held than a value and a chunk.
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from huaben.errors import InputError
from huaben.files import open_regular

BLANK = " \t\r\n"
CHUNK = 2**20
"""Characters read at a time."""
LONGEST_ROW = 256 * 2**20
"""Characters; more without an end is a broken list."""
NOT_BLANK = re.compile(rf"[^{BLANK}]")
SCANNER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
"""Finds ends only: numbers are not worked out."""
LONGEST_TOKEN = 12
"""Characters of the longest token but a string, such as an escaped pair of surrogates."""


def list_rows(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line on which each value of the list begins, and the value as it stands there."""
    with open_regular(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        window = _Window(text, path)
        window.take("[")
        if window.next_character() == "]":
            window.take("]")
        else:
            while True:
                window.next_character()
                yield window.line, window.value()
                if window.next_character() == "]":
                    break
                window.take(",")
            window.take("]")
        if window.next_character():
            raise window.broken("something stands after the list")


@dataclass
class _Window:
    """What was read of the list and not yet passed."""

    file: TextIO
    path: Path
    text: str = ""
    at: int = 0
    line: int = 1
    is_whole: bool = False
    """Nothing is left to read."""

    def next_character(self) -> str:
        """Go to the next character that is not blank, and return it; "" at the end."""
        while not (found := NOT_BLANK.search(self.text, self.at)):
            self._pass(len(self.text))
            if self.is_whole:
                return ""
            self._read()
        self._pass(found.start())
        return found.group()

    def take(self, expected: str) -> None:
        """Pass one character, which must be the expected one."""
        if (found := self.next_character()) != expected:
            raise self.broken(f"{expected!r} is expected, not {found!r}" if found else "the list has no end")
        self._pass(self.at + 1)

    def value(self) -> str:
        """Pass one value and return it as it stands."""
        while True:
            try:
                _, end = SCANNER.raw_decode(self.text, self.at)
                if end < len(self.text) or self.is_whole:
                    break
            except RecursionError:
                raise self.broken("nested too deeply") from None
            except json.JSONDecodeError as error:
                if self.is_whole or not self._may_go_on(error):
                    self._pass(error.pos)
                    raise self.broken(error.msg) from None
            self._read()
        start = self.at
        self._pass(end)
        return self.text[start:end]

    def broken(self, why: str) -> InputError:
        """Return the error of a list that cannot be read on from here."""
        return InputError(
            f"{self.path}, line {self.line}: not a JSON list: {why}; what follows cannot be told. Mend it there, or "
            "write the rows one a line (JSONL): then only the broken ones are left out"
        )

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Tell whether the value may only have been cut where the window ends."""
        is_short = len(self.text) - self.at < LONGEST_ROW
        return is_short and (error.msg.startswith("Unterminated") or error.pos > len(self.text) - LONGEST_TOKEN)

    def _pass(self, to: int) -> None:
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def _read(self) -> None:
        more = self.file.read(max(CHUNK, len(self.text) - self.at))
        self.is_whole = not more
        self.text, self.at = self.text[self.at :] + more, 0
