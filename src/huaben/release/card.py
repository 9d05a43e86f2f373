"""The dataset card: front matter that `datasets` reads, and what a reader must know of each config."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huaben.params import Params
from huaben.release.descriptions import COLUMNS, DESCRIPTIONS, EVERY_CONFIG
from huaben.release.markdown import Raw, escape, render, visible
from huaben.release.prices import in_words, price_of, total_cost

SPLITS = ("train", "validation", "test")
QUOTED = ("lines", "dialogue_raw", "dialogue")
"""Configs whose texts are the novel's: a reply only said who speaks."""
SHOWN_CHARACTERS = 80
SHOWN_ITEMS = 3
"""Of a text and of a list, in the row that the card shows."""


@dataclass(frozen=True)
class Config:
    """A released dataset: rows by split, size in memory by split (bytes), hash and size of its files."""

    name: str
    splits: Mapping[str, Sequence[dict[str, Any]]]
    memory: Mapping[str, int]
    sha256: str
    disk: int


def parquet_path(config: str, split: str) -> str:
    """Return the file of a config's split, relative to the release."""
    return f"{config}/{split}-00000-of-00001.parquet"


def render_card(configs: Sequence[Config], gates: Mapping[str, Any], params: Params, facts: Mapping[str, Any]) -> str:
    """Return README.md. `facts`: `cost` and `coverage`, the reports of those names by stage."""
    import yaml

    # one line a value: no text of the novel's owner can look like the end of the front matter
    header = yaml.safe_dump(front_matter(configs, params), sort_keys=False, allow_unicode=True, width=10**9)
    context = {
        "params": params,
        "configs": [_section(config, configs, gates, facts) for config in configs],
        "splits": SPLITS,
        "default": _default([config.name for config in configs]),
        "columns": {name: Raw(meaning) for name, meaning in EVERY_CONFIG.items()},
        "gates": gates,
        "warnings": sorted(name for name, gate in gates["gates"].items() if not gate["passed"]),
        "skipped": params.skipped(),
        "cost": [in_words(cost) for cost in total_cost(facts.get("cost", {}))],
        "unknown": _unknown_speakers(configs),
    }
    return f"---\n{header}---\n\n{render('card.md.j2', context)}"


def front_matter(configs: Sequence[Config], params: Params) -> dict[str, Any]:
    """Return the card's metadata.

    `description` carries the hash of a config's files. `load_dataset` builds its cache key from the
    metadata alone and would go on serving the rows of an earlier release; of the keys that a config
    may have, `description` and `version` enter that key (datasets 5.2, `LocalDatasetModuleFactory`),
    and any other name is ignored.
    """
    names = [config.name for config in configs]
    default = _default(names)
    return {
        "pretty_name": visible(" ".join(f"{params.novel.title}: {params.character.name}".split())),
        "license": params.novel.license or "other",
        "language": [params.novel.language],
        "task_categories": sorted({task for name in names for task in DESCRIPTIONS[name].tasks}),
        "tags": ["huaben", "novel", "role-play", "dialogue"] + (["dpo"] if "preference" in names else []),
        "size_categories": [_size_category(sum(len(rows) for c in configs for rows in c.splits.values()))],
        "configs": [_config_entry(config, config.name == default) for config in configs],
        "dataset_info": _dataset_info(configs),
    }


def _config_entry(config: Config, default: bool) -> dict[str, Any]:
    files = [{"split": split, "path": parquet_path(config.name, split)} for split in config.splits]
    marks = {"default": True} if default else {}
    return {"config_name": config.name, **marks, "description": f"sha256:{config.sha256}", "data_files": files}


def _dataset_info(configs: Sequence[Config]) -> list[dict[str, Any]]:
    """Return features and split sizes as `datasets` writes them: it fails on a file with other counts."""
    from datasets import DatasetInfo, Features, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    from huaben.release.tables import arrow_schema

    infos = []
    for config in configs:
        info = DatasetInfo(
            config_name=config.name,
            features=Features.from_arrow_schema(arrow_schema(config.name)),
            splits=SplitDict({s: SplitInfo(s, config.memory[s], len(rows)) for s, rows in config.splits.items()}),
            download_size=config.disk,
            dataset_size=sum(config.memory.values()),
        )
        data = DatasetCardData()
        DatasetInfosDict({config.name: info}).to_dataset_card_data(data)
        infos.append({"config_name": config.name, **data["dataset_info"]})
    return infos


def _size_category(rows: int) -> str:
    """Return the Hub's name for a number of rows."""
    limits = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for limit, name in limits if rows < limit), "1M<n<10M")


def _section(
    config: Config, configs: Sequence[Config], gates: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, Any]:
    rows = [row for split in config.splits.values() for row in split]
    return {
        "name": config.name,
        "what": Raw(DESCRIPTIONS[config.name].what),
        "use": Raw(DESCRIPTIONS[config.name].use),
        "counts": {split: len(config.splits.get(split, ())) for split in SPLITS},
        "origins": origins(config.name, rows),
        "dropped": _dropped(config.name, facts.get("coverage", {})),
        "gates": gates_held(config.name, gates),
        "price": price_of(config.name, [other.name for other in configs], facts.get("cost", {})),
        "columns": {name: Raw(meaning) for name, meaning in COLUMNS[config.name].items()},
        "example": _example(rows[0]),
    }


def origins(config: str, rows: Iterable[Mapping[str, Any]]) -> list[Raw]:
    """Return who made a config's rows, as their provenance tells: one phrase each, the most frequent first."""
    source = "quoted from the novel, speakers named by" if config in QUOTED else "from"
    makers = Counter(_maker(row["provenance"], source) for row in rows)
    return [Raw(f"{count:,} {maker}") for maker, count in sorted(makers.items(), key=lambda pair: (-pair[1], pair[0]))]


def gates_held(config: str, gates: Mapping[str, Any]) -> str:
    """Return in words how many of a config's gates hold, the critical ones and those that only warn."""
    kinds: dict[str, list[bool]] = {"critical": [], "warning": []}
    for gate in gates["gates"].values():
        if gate["dataset"] == config:
            kinds[gate["severity"]].append(gate["passed"])
    counts = [f"{sum(held)} of {len(held)} {kind} ones" for kind, held in kinds.items() if held]
    return f"{' and '.join(counts)} passed" if counts else "none looked at it alone"


def _dropped(name: str, coverage: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Return (dropped, of how many, stage) for the filters that dropped rows of a dataset."""
    steps = [(stage, coverage.get(stage, {}).get("datasets", {}).get(name, {})) for stage in ("clean", "dedupe")]
    return [(counts["dropped"], counts["input"], stage) for stage, counts in steps if counts.get("dropped")]


def _maker(provenance: Mapping[str, Any], source: str) -> str:
    prompt = f" (prompt {escape(provenance['prompt'])})" if provenance["prompt"] else ""
    if provenance["written_by"]:
        return f"{source} recorded replies written by {escape(provenance['written_by'])}{prompt}"
    if provenance["model"]:
        return f"{source} replies of the model {escape(provenance['model'])}{prompt}"
    return "by rules alone, without a model"


def _unknown_speakers(configs: Sequence[Config]) -> str | None:
    """Return the share of lines without a speaker, where there are lines."""
    rows = [row for config in configs if config.name == "lines" for split in config.splits.values() for row in split]
    return f"{sum(row['speaker'] is None for row in rows) / len(rows):.1%}" if rows else None


def _default(names: Sequence[str]) -> str:
    return "dialogue" if "dialogue" in names else names[0]


def _example(row: Mapping[str, Any]) -> str:
    """Return a row as JSON, shortened, a field a line."""
    fields = (f'  "{name}": {json.dumps(_shortened(value), ensure_ascii=False)}' for name, value in row.items())
    return "{\n" + ",\n".join(fields) + "\n}"


def _shortened(value: Any) -> Any:
    """Return a JSON value with its texts and lists cut to what a card can show."""
    if isinstance(value, str) and len(value) > SHOWN_CHARACTERS:
        return value[:SHOWN_CHARACTERS] + "…"
    if isinstance(value, list):
        rest = [f"… {len(value) - SHOWN_ITEMS} more"] if len(value) > SHOWN_ITEMS else []
        return [_shortened(item) for item in value[:SHOWN_ITEMS]] + rest
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    return value
