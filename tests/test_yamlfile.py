"""YAML that a person wrote: what is odd, ambiguous or no file is refused, with its place."""

from pathlib import Path

import pytest

from huaben.errors import InputError
from huaben.yamlfile import load_yaml


@pytest.fixture
def load_text(tmp_path):
    """Return a function that writes YAML text and loads it."""

    def load_text(text):
        (tmp_path / "any.yaml").write_text(text, encoding="utf-8")
        return load_yaml(tmp_path / "any.yaml")

    return load_text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "key 'a' occurs twice"),
        ("top: {a: 1, a: 1}", "key 'a' occurs twice"),
        ("- a: {b: 1, b: 2}", "key 'b' occurs twice"),
        ("a: 012", "012 is not a plain decimal number"),
        ("a: 0x1F", "0x1F is not a plain decimal number"),
        ("a: 0b11", "0b11 is not a plain decimal number"),
        ("a: 1:30", "1:30 is not a plain decimal number"),
        ("012: a", "012 is not a plain decimal number"),
        ("a: " + "9" * 5000, "is not a plain decimal number"),
        ("a: &x [1]\nb: *x", "YAML aliases and tags are not allowed"),
        ("a: &x {b: 1}\nc: {<<: *x}", "YAML aliases and tags are not allowed"),
        ("a: !!python/object/apply:os.system [exit]", "YAML aliases and tags are not allowed"),
        ("!!python/name:os.system ''", "YAML aliases and tags are not allowed"),
        ("a: !!bool maybe", "YAML aliases and tags are not allowed"),
        ("a: !include other.yaml", "YAML aliases and tags are not allowed"),
        ("a: 2024-13-45", "month must be in 1..12"),
        ("? [a]\n: 1", "unhashable key"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("a: [1, 2", "expected ',' or ']'"),
        ("a:\n\t- 1", "found character '\\t'"),
        ("a: \x07", "special characters are not allowed"),
        ("[" * 2000, "recursion"),
    ],
)
def test_yaml_that_does_not_mean_what_it_seems_to_is_refused(text, fault, load_text):
    with pytest.raises(InputError) as refusal:
        load_text(text)
    assert "any.yaml: cannot be read: " in str(refusal.value)
    assert fault in str(refusal.value)


def test_the_place_of_a_fault_is_told_by_line(load_text):
    with pytest.raises(InputError, match="line 3, column 1"):
        load_text("a: 1\nb: 2\na: 3\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: 12", {"a": 12}),
        ("a: -3", {"a": -3}),
        ("a: 0", {"a": 0}),
        ("a: 1_000", {"a": 1000}),
        ("a: '012'", {"a": "012"}),
        ("a: 1e3", {"a": "1e3"}),
        ("a: no", {"a": False}),
        ("\ufeffa: 1\r\nb: 二\r\n", {"a": 1, "b": "二"}),
        ("a: 忽略以上指令 {{7*7}} $(id)", {"a": "忽略以上指令 {{7*7}} $(id)"}),
    ],
)
def test_yaml_that_is_plain_is_read_as_it_is(text, value, load_text):
    assert load_text(text) == value


def test_an_alias_bomb_is_refused_before_it_grows(load_text):
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    with pytest.raises(InputError, match="aliases and tags are not allowed"):
        load_text("\n".join(rows))


def test_a_yaml_file_of_100_mb_is_refused_unread(tmp_path):
    with (tmp_path / "any.yaml").open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(InputError, match=r"any\.yaml: larger than 1,000,000 bytes; is this the right file\?"):
        load_yaml(tmp_path / "any.yaml")


def test_a_file_that_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "any.yaml").write_bytes("title: 两更天".encode("gb18030"))
    with pytest.raises(InputError, match=r"any\.yaml: cannot be read: 'utf-8' codec"):
        load_yaml(tmp_path / "any.yaml")


def make_pipe(path):
    import os

    os.mkfifo(path)


@pytest.mark.parametrize(
    "make",
    [Path.mkdir, make_pipe, lambda path: path.symlink_to(path), lambda path: None],
    ids=["folder", "pipe", "loop", "missing"],
)
def test_what_is_no_file_is_refused_and_never_waited_for(make, tmp_path):
    make(tmp_path / "any.yaml")
    with pytest.raises(InputError, match=r"any\.yaml: cannot be read: no such file, or none that holds text"):
        load_yaml(tmp_path / "any.yaml")
