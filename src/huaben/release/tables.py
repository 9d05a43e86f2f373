"""Records as Parquet, with types declared by the record types: equal rows give equal bytes.

A column that is null in every row keeps its type, nested values are structs and lists, a span is
`[start, end]`, and nothing in a file tells when or where it was written.
"""

import types
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from huaben.records import DATASETS

ROWS_IN_GROUP = 1000
"""Small row groups: what a viewer or a streaming reader fetches at once."""


def arrow_schema(dataset: str) -> Any:
    """Return the `pyarrow.Schema` of a dataset: the fields of its record type, in their order."""
    import pyarrow as pa

    return pa.schema(_fields(DATASETS[dataset]))


def write_parquet(path: Path, dataset: str, rows: Sequence[dict[str, Any]]) -> int:
    """Write rows of a dataset to one Parquet file; return their size in memory, in bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(list(rows), schema=arrow_schema(dataset))
    # every option that shapes the bytes is pinned, whatever a later pyarrow takes as its default
    options = {"compression": "zstd", "compression_level": 3, "version": "2.6", "data_page_version": "1.0"}
    pq.write_table(table, path, row_group_size=ROWS_IN_GROUP, **options)
    return int(table.nbytes)


def _fields(record: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(name, _arrow_type(field.annotation)) for name, field in record.model_fields.items()]


def _arrow_type(annotation: Any) -> Any:
    import pyarrow as pa

    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _arrow_type(inner[0])
    if origin in (Union, types.UnionType):
        return _arrow_type(next(kind for kind in inner if kind is not type(None)))
    if origin is Literal:
        return pa.string()
    if origin is tuple:  # of any length, or a span, whose two parts are alike
        return pa.list_(_arrow_type(inner[0]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(_fields(annotation))
    return {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}[annotation]
