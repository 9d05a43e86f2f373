"""A YAML file that a person wrote → plain values; what does not mean what it seems to mean is refused."""

import os
import re
from pathlib import Path
from typing import Any

import yaml

from huaben.errors import InputError

MAX_BYTES = 1_000_000
"""A file of parameters, prompts or rules larger than this is none."""

DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9_]{0,17})")
"""An integer that means to YAML what it means to a person: 012 would be ten, and 1:30 ninety."""


def load_yaml(path: Path) -> Any:
    """Read one YAML file safely; every fault is an InputError that names file and place."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: cannot be read: no such file, or none that holds text (a folder, a pipe)")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; is this the right file?")
        return yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without aliases (a bomb), tags, repeated keys (the last would win unseen) and odd numbers."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.tag:
            raise _fault("YAML aliases and tags are not allowed", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        content = super().construct_mapping(node, deep)
        if len(content) < len(node.value):
            seen: set[Any] = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if key in seen:
                    raise _fault(f"key {key!r} occurs twice", key_node)
                seen.add(key)
        return content

    def construct_decimal(self, node: Any) -> int:
        if not DECIMAL.fullmatch(node.value):
            raise _fault(f"{node.value[:40]} is not a plain decimal number; put text into quotes", node)
        return int(node.value)


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_decimal)


def _fault(message: str, place: Any) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, message, place.start_mark)
