"""`schemas/baseline.json`: the profile that a person accepted last, and why.

Who accepted it and when is git's to tell: equal profiles and reasons give equal bytes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.files import read_json, write_json
from huaben.records import DATASETS

NO_BASELINE = "no profile was accepted yet (`huaben accept`)"


def read_baseline(path: Path) -> dict[str, Any] | None:
    """Return the accepted profile by dataset, or None where none was accepted; a broken file is an InputError."""
    if not path.exists():
        return None
    content = read_json(path)
    if not isinstance(content, dict) or set(content) != {"profile", "reason"}:
        raise InputError(f"{path}: exactly the keys profile and reason are expected")
    profile = content["profile"]
    if not isinstance(profile, dict) or not profile or not all(isinstance(v, dict) for v in profile.values()):
        raise InputError(f"{path}: profile: a mapping from datasets to their numbers is expected")
    if unknown := sorted(set(profile) - set(DATASETS)):
        raise InputError(f"{path}: profile: no such dataset: {', '.join(unknown)}")
    return profile


def accept(
    path: Path, report: Mapping[str, Any], profile: Mapping[str, Any], reason: str, differing: Sequence[str]
) -> None:
    """Write today's profile as the accepted one.

    `differing` names what changed since the gates saw it. Raises HuabenError when there is any, when the profile is
    not the one of the report, or when a critical gate failed that is not one of drift; a blank reason is an
    InputError.
    """
    words = " ".join(reason.split())
    if not words:
        raise InputError("accept: --reason: say in a few words why the data may be so")
    if differing:
        names = ", ".join(differing)
        raise HuabenError(f"accept: refused, changed since the gates saw it: {names}; run `huaben validate`")
    if report.get("profile") != profile_digest(profile):
        raise HuabenError("accept: refused, the profile is not the one of the gate report; run `huaben validate`")
    if failed := _failed(report):
        raise HuabenError(f"accept: refused, gates failed that are not of drift: {', '.join(failed)}; mend the data")
    write_json(path, {"profile": profile, "reason": words})


def profile_digest(profile: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a profile, by which the gate report names the one that belongs to it."""
    return hashlib.sha256(json.dumps(profile, sort_keys=True).encode()).hexdigest()


def _failed(report: Mapping[str, Any]) -> list[str]:
    """Return the critical gates that did not pass and that no person may accept; no gates at all are one."""
    gates = report.get("gates") or {"none": {}}
    return sorted(
        name
        for name, gate in gates.items()
        if gate.get("passed") is not True and gate.get("severity") != "warning" and gate.get("kind") != "drift"
    )
