"""Untrusted text in Markdown: everything a template prints is escaped unless it is `Raw`."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ANYWHERE = re.compile(r"[\\`*_{}\[\]|~!&<>]")
_AT_START = re.compile(r"^([#+\-=]|\d+(?=[.)](?:\s|$)))")  # a heading, a list, an underline that makes a heading
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)  # what GitHub turns into a link by itself


class Raw(str):
    """Markdown that is already safe: a template prints it as it is."""


def visible(text: str) -> str:
    """Name the characters that change how a text looks without being seen: ⟨U+202E⟩.

    Controls, direction marks, zero-width characters and lone surrogates; tabs and line feeds stay.
    """
    return "".join(_shown(character) for character in text)


def escape(value: Any) -> str:
    """Return a value as one line of Markdown that renders as exactly its text."""
    line = visible(_one_line(value))
    line = _ANYWHERE.sub(lambda match: _ENTITIES.get(match[0], "\\" + match[0]), line)
    line = _LINK.sub(lambda match: match[0].replace("://", ":\\//").replace(".", "\\."), line)
    return _AT_START.sub(lambda match: "\\" + match[0] if not match[0].isdigit() else match[0] + "\\", line)


def code(value: Any) -> Raw:
    """Return a value as a code span, or escaped where a span cannot hold it: a table would split at a `|`."""
    line = visible(_one_line(value))
    if not line or "|" in line:
        return Raw(escape(line))
    ticks = "`" * (_longest_run(line) + 1)
    gap = " " if "`" in (line[0], line[-1]) else ""
    return Raw(f"{ticks}{gap}{line}{gap}{ticks}")


def fence(text: str, info: str = "") -> Raw:
    """Return a text as a fenced block whose fence is longer than any run of backticks in it."""
    shown = visible(text.replace("\r\n", "\n"))
    ticks = "`" * max(3, _longest_run(shown) + 1)
    return Raw(f"{ticks}{info}\n{shown}\n{ticks}")


def render(template: str, context: dict[str, Any], shown: Callable[[Any], str] = escape) -> str:
    """Render a Markdown template; what it prints is escaped by `shown`, one line a value, unless it is `Raw`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        # HTML's escapes are not Markdown's, so `finalize` does here what autoescape does there
        finalize=lambda value: value if isinstance(value, Raw) else shown(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": code, "fence": fence}
    return environment.get_template(template).render(context).strip() + "\n"


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())


def _shown(character: str) -> str:
    if character in "\t\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character
    return f"⟨U+{ord(character):04X}⟩"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
