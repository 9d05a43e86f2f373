"""`cast.yaml`: the people of the novel."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from huaben.errors import InputError
from huaben.params.section import Section, checked
from huaben.yamlfile import load_yaml


class CastMember(Section):
    """One of the people of the novel."""

    name: str
    aliases: list[str] = Field(default=[])
    gender: Literal["male", "female"] | None = None


def load_cast(path: Path) -> list[CastMember]:
    """Read a cast file: a list of `{name, aliases, gender}`; no name or alias may name two people."""
    cast = checked(list[CastMember], load_yaml(path), path)
    owner: dict[str, str] = {}
    for member in cast:
        for alias in dict.fromkeys([member.name, *member.aliases]):
            if not alias or alias != alias.strip():
                raise InputError(f"{path}: {member.name!r}: the name {alias!r} begins or ends with a blank, or is one")
            if alias in owner:
                raise InputError(f"{path}: {alias!r} names both {owner[alias]!r} and {member.name!r}; leave it to one")
            owner[alias] = member.name
    return cast
