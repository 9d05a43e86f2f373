"""A proposed cast → the text of a cast.yaml: entries that `load_cast` reads, and comments that a person needs."""

import json
import re

from huaben.novel.people.aliases import Person
from huaben.novel.people.cast import SHOWN, Proposal

UNPRINTABLE = re.compile("[^\t -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML allows nowhere, not even in a comment."""


def as_yaml(proposal: Proposal) -> str:
    """Return a cast file: what is proposed, and as comments what a person needs to judge it."""
    head = (
        "# Proposed by `huaben cast`; edit it. Join the entries of one person, give aliases that are nobody else's,\n"
        "# delete what is no name. The counts are of lines that a cue beside them names.\n"
    )
    people = "".join(_entry(person) for person in proposal.people) or "[]\n"
    roles = "".join(f"# {role.name}: {role.lines} lines, such as {_sample(role)}\n" for role in proposal.roles)
    note = "# Common words that cue speech. As an alias only where the whole novel means one person by it:\n"
    return head + people + (note + roles if roles else "")


def _entry(person: Person) -> str:
    gender = person.gender or "null"
    aliases = ", ".join(json.dumps(alias, ensure_ascii=False) for alias in sorted(person.aliases))
    perhaps = f"  # perhaps the same: {', '.join(person.perhaps)}" if person.perhaps else ""
    reasons = "".join(f"  # {reason}\n" for reason in person.reasons)
    samples = "".join(f"  # {_shown(line)}\n" for line in person.samples)
    return (
        f"- name: {json.dumps(person.name, ensure_ascii=False)}  # {person.lines} lines, {person.mentions} mentions\n"
        f"  aliases: [{aliases}]{perhaps}\n  gender: {gender}\n{reasons}{samples}"
    )


def _sample(person: Person) -> str:
    return _shown(person.samples[0]) if person.samples else "none"


def _shown(line: str) -> str:
    text = UNPRINTABLE.sub("", " ".join(line.split()))
    return f"“{text[:SHOWN]}{'…' if len(text) > SHOWN else ''}”"
