"""What `dvc.lock` vouches for: which stages ran on the inputs that lie beside it, and which data came of them.

The rules are those of `dvc status`, which looks at the working tree only.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from huaben.release.diff.sources import Source, read_yaml

LAST = "validate"
"""The stages up to this one make rows and judge them; what comes after reads the rows."""
ROWS = ("data/dedupe", "data/clean", "data/qa")
"""The outputs that hold the rows kept, and the rows dropped with their reasons."""


@dataclass(frozen=True)
class Locked:
    """A version's pipeline, what `dvc.lock` says of its last run, and its parameters."""

    source: Source
    pipeline: Mapping[str, Any]
    lock: Mapping[str, Any]
    params: Any

    @cached_property
    def made(self) -> dict[str, str]:
        """The hash of every output that `dvc.lock` names, by path."""
        return {out["path"]: out.get("md5", "") for stage in self.lock.values() for out in stage.get("outs", [])}

    @property
    def rows(self) -> dict[str, str]:
        """The hashes of the outputs with rows, by path."""
        return {path: self.made[path] for path in ROWS if path in self.made}


def read_locked(source: Source) -> Locked:
    """Read `dvc.yaml`, `dvc.lock` and `params.yaml`; what is not there is empty."""
    return Locked(source, _stages(source, "dvc.yaml"), _stages(source, "dvc.lock"), read_yaml(source, "params.yaml"))


def stale_stages(locked: Locked) -> list[str]:
    """Return the stages up to `validate` that `dvc repro` would run again, less those that only follow others."""
    known: dict[str, str | None] = {**locked.made}
    names = list(locked.pipeline)
    upto = names[: names.index(LAST) + 1] if LAST in names else names
    return [name for name in upto if not _is_current(locked, name, known)]


def rows_not_as_locked(locked: Locked) -> list[str]:
    """Return the outputs with rows that are not what `dvc.lock` names, as after a `git checkout` alone."""
    return [path for path, md5 in locked.rows.items() if _hash(locked.source, path) != md5]


def trained_on_its_rows(locked: Locked) -> bool | None:
    """Tell whether the models, as `dvc.lock` has them, were trained on its rows; None where it names no models."""
    used = {dep["path"]: dep.get("md5") for dep in locked.lock.get("train", {}).get("deps", [])}
    return used["data/dedupe"] == locked.made.get("data/dedupe") if "data/dedupe" in used else None


def inputs(locked: Locked) -> dict[str, str]:
    """Return the MD5 of every file that a stage reads and no stage makes, by path."""
    stages, source = locked.pipeline.values(), locked.source
    made = {path for stage in stages for path in _places(stage, ("outs", "metrics"))}
    given = {path for stage in stages for path in stage.get("deps", []) if path not in made}
    return {name: source.digest(name) or "" for path in sorted(given) for name in source.names(path)}


def _stages(source: Source, path: str) -> Mapping[str, Any]:
    content = read_yaml(source, path)
    found = content.get("stages") if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}


def _is_current(locked: Locked, name: str, known: dict[str, str | None]) -> bool:
    """Tell whether a stage ran on the inputs that are there; `known` gathers the hashes of those looked at."""
    stage, before = locked.pipeline[name], locked.lock.get(name)
    if not before or stage.get("cmd") != before.get("cmd"):
        return False
    deps = {dep["path"]: dep.get("md5") for dep in before.get("deps", [])}
    if set(deps) != set(stage.get("deps", [])) or not _same_params(locked.params, stage, before):
        return False
    for path, md5 in deps.items():
        if path not in known:
            known[path] = _hash(locked.source, path)
        if known[path] != md5:
            return False
    return True


def _same_params(params: Any, stage: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    names = [name for name in stage.get("params", []) if isinstance(name, str)]
    values = (before.get("params") or {}).get("params.yaml") or {}
    return set(names) == set(values) and all(_value(params, name) == values[name] for name in names)


def _value(params: Any, name: str) -> Any:
    for part in name.split("."):
        params = params.get(part) if isinstance(params, dict) else None
    return params


def _hash(source: Source, path: str) -> str | None:
    """Return DVC's hash of a file, or of a folder: the MD5 of the sorted list of its files with theirs."""
    names = source.names(path)
    if names == [path]:
        return source.digest(path)
    rows = [{"md5": source.digest(name), "relpath": name.removeprefix(f"{path}/")} for name in names]
    ordered = sorted(rows, key=lambda row: str(row["relpath"]).split("/"))
    listing = json.dumps(ordered, sort_keys=True).encode()
    return hashlib.md5(listing, usedforsecurity=False).hexdigest() + ".dir" if rows else None


def _places(stage: Mapping[str, Any], kinds: tuple[str, ...]) -> Iterator[str]:
    for kind in kinds:
        for place in stage.get(kind, []):
            yield next(iter(place)) if isinstance(place, dict) else place
