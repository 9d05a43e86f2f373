"""Croissant metadata: valid by the reference implementation, whose reader gives back every row, value by value."""

import os

import pytest

from test_publish import PARAMS, load, release

os.environ["HF_HUB_OFFLINE"] = "1"
# mlcroissant 1.1.1 reads Parquet with what pandas 3.1 is about to remove
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index")


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """A release of every dataset, and its description as `mlcroissant` reads it."""
    import mlcroissant

    folder, _, _ = release(tmp_path_factory.mktemp("croissant"), params=PARAMS)
    return folder, mlcroissant.Dataset(str(folder / "croissant.json"))


def plain(value):
    """Return a value of the reader: bytes decoded, full names of fields shortened, NumPy unwrapped."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {name.split("/")[-1]: plain(part) for name, part in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [plain(part) for part in value] if isinstance(value, list) else value


def test_the_description_is_valid(described):
    assert described[1].metadata.issues.errors == set()


@pytest.mark.parametrize("config", PARAMS.made())
def test_the_reader_gives_back_every_row(described, config, tmp_path):
    folder, dataset = described
    rows = [row for split in load(folder, config, tmp_path).values() for row in split]
    read = [plain(row) for row in dataset.records(config)]
    assert len(rows) == 3
    assert by_id(read) == by_id(rows)


def by_id(rows):
    return sorted(rows, key=lambda row: row["record_id"])


def test_every_file_is_listed_with_its_checksum(described):
    folder, dataset = described
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    parquet = {name: digest for name, digest in sums.items() if name.endswith(".parquet")}
    listed = {file.content_url: file.sha256 for file in dataset.metadata.distribution if hasattr(file, "sha256")}
    assert {name: digest for name, digest in listed.items() if digest} == parquet
