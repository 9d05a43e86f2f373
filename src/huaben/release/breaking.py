"""From a gate that failed to the rows that break it.

Only a contract's columns name rows; a suite judges a dataset as a whole, and rules between records count.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError
from huaben.gates.schema import load_contract
from huaben.gates.tables import load_table


def breaking_rows(gates: Mapping[str, Mapping[str, Any]], datasets: Path, schemas: Path) -> dict[str, list[str]]:
    """Return the ids of the rows that break each failed schema gate, by the gate's name, sorted.

    A gate whose rows cannot be told is left out. Nothing is checked when no schema gate failed.
    """
    failed = [name for name, gate in sorted(gates.items()) if gate["kind"] == "schema" and not gate["passed"]]
    found: dict[str, list[str]] = {}
    for dataset in dict.fromkeys(gates[name]["dataset"] for name in failed):
        by_column = _by_column(dataset, datasets, schemas)
        columns = {name: name.removeprefix(f"{dataset}.schema.") for name in failed}
        found |= {name: by_column[column] for name, column in columns.items() if column in by_column}
    return found


def _by_column(dataset: str, datasets: Path, schemas: Path) -> dict[str, list[str]]:
    import pandera.pandas as pa

    try:
        table = load_table(datasets / f"{dataset}.jsonl", dataset)
        load_contract(schemas / f"{dataset}.yaml", dataset).schema.validate(table.frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.dropna(subset=["column", "index"]).groupby("column")["index"]
        return {str(column): sorted({table.items[int(row)].record_id for row in rows}) for column, rows in cases}
    except HuabenError:
        return {}
    return {}
