"""`croissant.json`: the release described for machines, in the MLCommons Croissant format, version 1.1.

A record set a config, its fields from the Parquet schema, every file with its SHA-256. Built by `mlcroissant`, the
format's reference implementation, whose reader gives back the rows (a test compares them).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huaben.files import write_json
from huaben.params import Params
from huaben.release.card import Config
from huaben.release.checksums import file_digest
from huaben.release.descriptions import COLUMNS, DESCRIPTIONS, EVERY_CONFIG
from huaben.release.tables import arrow_schema

if TYPE_CHECKING:
    import mlcroissant as mlc

CROISSANT = "croissant.json"
PARQUET = "application/x-parquet"
"""The reader's name for the format; it knows no `application/vnd.apache.parquet`."""


def write_croissant(folder: Path, configs: Sequence[Config], params: Params) -> None:
    """Describe a release whose Parquet files are written."""
    import mlcroissant as mlc

    names = [config.name for config in configs]
    files = [_file(folder, path) for name in names for path in sorted((folder / name).glob("*.parquet"))]
    sets = [
        mlc.FileSet(id=f"{name}-files", name=name, includes=[f"{name}/*.parquet"], encoding_formats=[PARQUET])
        for name in names
    ]
    metadata = mlc.Metadata(
        name=params.novel.slug,
        description=f"Fine-tuning datasets made from the novel {params.novel.title} by {params.novel.author}.",
        license=[params.novel.license or "other"],
        in_language=[params.novel.language],
        conforms_to=["http://mlcommons.org/croissant/1.1"],
        distribution=[*files, *sets],
        record_sets=[_record_set(config.name, config.sha256) for config in configs],
    )
    write_json(folder / CROISSANT, metadata.to_json())


def _file(folder: Path, path: Path) -> "mlc.FileObject":
    import mlcroissant as mlc

    name = path.relative_to(folder).as_posix()
    return mlc.FileObject(id=name, name=name, content_url=name, encoding_formats=[PARQUET], sha256=file_digest(path))


def _record_set(config: str, sha256: str) -> "mlc.RecordSet":
    import mlcroissant as mlc

    described = {**EVERY_CONFIG, **COLUMNS[config]}
    fields = [_field(config, (column.name,), column.type, described[column.name]) for column in arrow_schema(config)]
    words = f"{DESCRIPTIONS[config].what} Content: sha256:{sha256}."
    return mlc.RecordSet(id=config, name=config, description=words, fields=fields)


def _field(config: str, path: Sequence[str], kind: Any, description: str | None = None) -> "mlc.Field":
    """Return the field of a column, or of a part of one: `path` is the column and the keys inside it."""
    import mlcroissant as mlc
    import pyarrow.types as of

    shape = []
    while of.is_list(kind):
        kind = kind.value_type
        shape.append(-1)
    more: dict[str, Any] = {"is_array": True, "array_shape": ",".join(map(str, shape))} if shape else {}
    if of.is_struct(kind):
        more["sub_fields"] = [_field(config, (*path, part.name), part.type) for part in kind]
    else:
        names = {"string": "TEXT", "int64": "INTEGER", "double": "FLOAT", "bool": "BOOL"}
        more["data_types"] = [getattr(mlc.DataType, names[str(kind)])]
        steps = [mlc.Transform(json_path=".".join(path[1:]))] if path[1:] else []
        extract = mlc.Extract(column=path[0])
        more["source"] = mlc.Source(file_set=f"{config}-files", extract=extract, transforms=steps)
    return mlc.Field(id="/".join((config, *path)), name=path[-1], description=description, **more)
