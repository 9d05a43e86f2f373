"""What a consumer gets: the release read back with `datasets.load_dataset`, compared value by value."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Splits = Mapping[str, Sequence[dict[str, Any]]]


def round_trip(folder: Path, expected: Mapping[str, Splits]) -> list[str]:
    """Return the configs that do not load as the rows `expected[config][split]`, each with why.

    Reads through a cache of its own: `load_dataset` takes equal cards for equal data, and would
    otherwise compare what it loaded some other time.
    """
    with tempfile.TemporaryDirectory() as cache:
        found = [_difference(folder, config, splits, cache) for config, splits in expected.items()]
    return [difference for difference in found if difference]


def _difference(folder: Path, config: str, splits: Splits, cache: str) -> str | None:
    import datasets

    was_shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(str(folder), config, cache_dir=cache)
    except (datasets.exceptions.DatasetsError, ValueError, OSError) as error:
        return f"{config}: does not load: {error}"
    finally:
        if was_shown:
            datasets.enable_progress_bars()
    if set(loaded) != set(splits):
        return f"{config}: has splits {sorted(loaded)}, not {sorted(splits)}"
    differing = [split for split, rows in splits.items() if list(loaded[split]) != list(rows)]
    return f"{config}: other rows in {', '.join(differing)}" if differing else None
