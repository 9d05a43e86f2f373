"""A complete reply → the JSON object that it is or holds; what had to be repaired for it is named.

Strict JSON first. Then what models put around an object is taken off: reasoning in <think>, a Markdown
fence, prose. Only then `json_repair` mends the object itself (quotes, commas). A reply that was cut never
comes here: json_repair would close its last sentence as if it were whole.
"""

import json
import re
from typing import Any

from huaben.llm.answers import InvalidReply, strict_json

THINK = re.compile(r"\A.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
"""Reasoning; many chat templates write its opening tag, so that the reply holds the closing one alone."""
THINKING = re.compile(r"\s*<think(?:ing)?>", re.IGNORECASE)
FENCED = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
SEVERAL = re.compile(r"\}[^,\"]*\{")
"""The end of an object and the beginning of another: inside one object a comma and quotes stand between."""
HUGE = re.compile(r"\d{400}")
"""A number beyond every float, which json_repair would make a text."""
LONGEST, MOST_BRACES = 50_000, 1000
"""Characters and braces beyond which a reply is not mended: json_repair's time grows with their square, and the
whole run waits for it."""


def without_wrapping(content: str) -> tuple[str, str | None]:
    """Return a reply without reasoning and without one fence around it, and what was taken off."""
    bare = THINK.sub("", content, count=1)
    taken = ["reasoning before the reply"] if bare != content else []
    fences = FENCED.findall(bare)
    if len(fences) == 1 and not FENCED.sub("", bare).strip():
        bare = fences[0]
        taken.append("fence around the reply")
    return bare, "; ".join(taken) or None


def parse_object(content: str) -> tuple[dict[str, Any], str | None]:
    """Return the one JSON object of a reply, and what was repaired (None: nothing). Raise InvalidReply."""
    if (value := _strict(content)) is not None:
        return value, None
    bare, taken = without_wrapping(content)
    if (value := _strict(bare)) is not None:
        return value, taken
    if THINKING.match(bare):
        raise InvalidReply("reasoning without an end")
    inner = bare[bare.find("{") : bare.rfind("}") + 1]
    if (value := _strict(inner)) is not None:
        return value, "prose around the object"
    return _mended(inner), "JSON with mistakes"


def _strict(text: str) -> dict[str, Any] | None:
    try:
        value = strict_json(text)
    except ValueError:
        return None
    if not isinstance(value, dict):
        raise InvalidReply("not a JSON object")
    return value


def _mended(text: str) -> dict[str, Any]:
    """Mend one object; several, too long or too deep ones are invalid."""
    import json_repair

    is_long = len(text) > LONGEST or text.count("{") + text.count("}") > MOST_BRACES or HUGE.search(text)
    if not text.startswith("{") or is_long or _holds_several(text):
        raise InvalidReply("not JSON")
    try:
        value = json_repair.loads(text, skip_json_loads=True)
        strict = strict_json(json.dumps(value)) if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        strict = None
    if not isinstance(strict, dict) or not strict:
        raise InvalidReply("not JSON")
    return strict


def _holds_several(text: str) -> bool:
    """Whether a text is more than one object, or one whose fault is no matter of form (NaN, half a character)."""
    if SEVERAL.search(text):
        return True
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return end == len(text) or "{" in text[end:]
