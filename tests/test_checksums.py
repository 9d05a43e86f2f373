"""`huaben verify`: whatever is done to a release after it was published is named."""

import os
import shutil

import pytest

from huaben.release.checksums import file_digest, verify_release, write_checksums

FILES = {"README.md": "card", "dialogue/train.parquet": "rows", "dialogue/test.parquet": "more", "lines/a.txt": "row"}


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        (tmp_path / "dataset" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dataset" / name).write_text(content)
    write_checksums(tmp_path / "dataset")
    return tmp_path / "dataset"


def swap(folder):
    train, test = folder / "dialogue/train.parquet", folder / "dialogue/test.parquet"
    train.rename(folder / "x")
    test.rename(train)
    (folder / "x").rename(test)


def replace_by_link(folder):
    (folder / "README.md").rename(folder.parent / "elsewhere")
    (folder / "README.md").symlink_to(folder.parent / "nothing")


def replace_by_folder(folder):
    (folder / "README.md").unlink()
    (folder / "README.md").mkdir()


def edit_sums(change):
    def edit(folder):
        sums = folder / "SHA256SUMS"
        sums.write_text(change(sums.read_text()))

    return edit


def listed(text):
    return text.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("tampered", "named"),
    [
        (lambda f: (f / "README.md").write_text("cart"), ["README.md"]),
        (lambda f: os.truncate(f / "dialogue/train.parquet", 2), ["dialogue/train.parquet"]),
        (lambda f: os.truncate(f / "lines/a.txt", 0), ["lines/a.txt"]),
        (lambda f: (f / "lines/a.txt").unlink(), ["lines/a.txt"]),
        (lambda f: shutil.rmtree(f / "dialogue"), ["dialogue/test.parquet", "dialogue/train.parquet"]),
        (lambda f: (f / "dialogue/extra.parquet").write_text("rows"), ["dialogue/extra.parquet"]),
        (lambda f: (f / "README.md").rename(f / "readme.md"), ["README.md", "readme.md"]),
        (swap, ["dialogue/test.parquet", "dialogue/train.parquet"]),
        (replace_by_link, ["README.md"]),
        (replace_by_folder, ["README.md"]),
        (lambda f: (f / "SHA256SUMS").unlink(), ["SHA256SUMS"]),
        (edit_sums(lambda text: ""), sorted(FILES)),
        (edit_sums(lambda text: "".join(listed(text)[1:])), ["README.md"]),
        (edit_sums(lambda text: text + listed(text)[0].replace("README.md", "b.txt")), ["b.txt"]),
        (edit_sums(lambda text: text.replace("  ", " ")), ["SHA256SUMS"]),
        (edit_sums(lambda text: text + "0" * 64 + "  README.md\n"), ["SHA256SUMS"]),
    ],
)
def test_every_kind_of_tampering_is_named(folder, tampered, named):
    assert verify_release(folder) == []
    tampered(folder)
    assert verify_release(folder) == named


def test_a_list_that_was_made_anew_has_another_digest(folder):
    """Who changes a file and the list with it is found by the digest of the list, which `publish` prints."""
    before = file_digest(folder / "SHA256SUMS")
    (folder / "README.md").write_text("cart")
    assert write_checksums(folder) != before
