"""What the gates read, as hashes: a report vouches for these files and parameters, and for no others."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.params import Params

STAGES = ("chapters", "lines", "speakers", "dialogue", "summary", "qa", "preference", "clean", "dedupe")
"""The stages before `validate`, each with a coverage file."""
PARAMS = (
    "llm.provider",
    "novel.language",
    "chapters.test",
    "chapters.validation",
    "chapters.piece_characters",
    "dialogue.characters",
    "summary.versions",
    "summary.questions",
    "qa.versions",
    "qa.refused_phrases",
    "qa.wordings",
    "preference.ways",
    "preference.names",
    "preference.breaking",
    "preference.min_breaking",
    "character.name",
    "validate",
)
"""The parameters that gates read; `dvc.yaml` lists the same ones under `validate`."""


@dataclass(frozen=True)
class Places:
    """Where `validate` finds what it reads."""

    datasets: Path
    """Holds the final `<dataset>.jsonl`; `clean` those before `dedupe`."""
    clean: Path
    dropped_by_clean: Path
    dropped_by_dedupe: Path
    chapters: Path
    """The file of the chapters."""
    coverage: Path
    schemas: Path
    root: Path = Path()
    """The names of the inputs are relative to it."""

    @property
    def baseline(self) -> Path:
        """The accepted profile; a new repository has none."""
        return self.schemas / "baseline.json"

    @property
    def limits(self) -> Path:
        """The limits of drift."""
        return self.schemas / "drift.yaml"

    def files(self, made: Iterable[str]) -> list[Path]:
        """Return every file that the gates read of the datasets that are made; not all of them need exist."""
        names = list(made)
        folders = (self.datasets, self.clean, self.dropped_by_clean, self.dropped_by_dedupe)
        files = [self.chapters, self.baseline, self.limits, *self.datasets.glob("*.jsonl")]
        files += [self.coverage / f"{stage}.json" for stage in STAGES]
        files += [folder / f"{name}.jsonl" for folder in folders for name in names]
        files += [folder / f"{name}.yaml" for folder in (self.schemas, self.schemas / "suites") for name in names]
        return files


def digests(places: Places, params: Params) -> dict[str, str]:
    """Return the SHA-256 of each file that is there, by its name, and of the parameters."""
    found = {_name(path, places.root): _hash(path) for path in places.files(params.made()) if path.is_file()}
    return dict(sorted({**found, "params.yaml, as far as gates read it": _params_hash(params)}.items()))


def changed_inputs(report: Mapping[str, Any], places: Places, params: Params) -> list[str]:
    """Return the names of what is not as the gates saw it: changed, gone, or come since.

    Guards `publish` and `accept` against `dvc commit -f` and against a report older than the data. A report that
    names no inputs vouches for nothing.
    """
    seen = report.get("inputs")
    if not isinstance(seen, dict) or not seen:
        return ["inputs"]
    now = digests(places, params)
    return sorted(name for name in now.keys() | seen.keys() if now.get(name) != seen.get(name))


def _params_hash(params: Params) -> str:
    values = params.model_dump(mode="json", by_alias=True)
    read = {}
    for name in PARAMS:
        value: Any = values
        for key in name.split("."):
            value = value[key]
        read[name] = value
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _name(path: Path, root: Path) -> str:
    """Return the path as seen from `root`; links are not followed, as DVC may link the data from its cache."""
    return Path(os.path.relpath(path, root)).as_posix()
