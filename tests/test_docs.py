"""What the documents say is so: commands, options, files, parameters, gates, figures and the rows they show."""

import json
import re
import shlex
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
import yaml

from huaben.cli.main import cli
from huaben.novel.reading.chapters import find_novels, read_chapters
from huaben.params import load_params
from huaben.records import DATASETS
from huaben.release.exportlist import FAMILY, FORMS

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
NOTES = ("CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "bench/README.md")
DOCUMENTS = (*READMES, *NOTES, *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
COMMANDS = cli.list_commands(click.Context(cli))
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
SLUGS = {"novel": PARAMS["novel"]["slug"], "character": PARAMS["character"]["slug"]}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
IS_COMMAND = re.compile(r"(huaben|make|dvc) [a-z-]")
FILE = re.compile(r"[\w.<>*/-]+\.(json|jsonl|yaml|md|txt|py|toml|lock|html|parquet)|[\w<>*-][\w.<>*/-]*/[\w.<>*/-]*")
OF_THE_READER = ("novel.txt", "rows.jsonl", "replies.jsonl", "dropped.jsonl", "report.md", "rows-clean/")
"""Names that stand for the reader's own files."""
LATER = ("dataset_info.json", "withheld.json", "croissant.json", "persona.md", ".venv/bin/pip")
LATER += ("bench/.venvs/", "tests/consumers/.venvs/")
"""Files that `publish`, `make` and a benchmark make, and that neither git nor dvc.yaml names."""


def text_of(document):
    return (ROOT / document).read_text(encoding="utf-8")


def shown_commands(document):
    """The commands in a document's shell blocks, as words."""
    blocks = [body for language, body in FENCE.findall(text_of(document)) if language == "bash"]
    lines = [line for body in blocks for line in body.splitlines() if IS_COMMAND.match(line)]
    return [shlex.split(line, comments=True) for line in lines]


def code(document):
    """The pieces of inline code in a document's prose."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text_of(document)))


def named_commands(document):
    """The commands in a document's prose, as words; arguments may be missing."""
    return [shlex.split(piece) for piece in code(document) if IS_COMMAND.match(piece)]


def outputs():
    """Every file or folder that a stage of the pipeline makes."""
    places = [place for stage in PIPELINE.values() for kind in ("outs", "metrics") for place in stage.get(kind, [])]
    return [next(iter(place)) if isinstance(place, dict) else place for place in places]


def is_made(path):
    """Whether a path, which may hold `*`, is an output or lies in one; outputs are not there before a run."""
    return any(fnmatch(place, path) or path.startswith(f"{place}/") for place in outputs())


@pytest.fixture(scope="module")
def files():
    """Every file of the repository, by its place."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_huaben_commands_of_a_document_exist_with_their_options(document):
    for words in shown_commands(document) + named_commands(document):
        if words[0] == "huaben":
            found, rest = cli, words[1:]
            while isinstance(found, click.Group) and rest and not rest[0].startswith("-"):
                found = found.get_command(click.Context(found), rest.pop(0))
            assert found, f"{document}: {shlex.join(words)}"
            options = {option for parameter in found.params for option in parameter.opts}
            assert {word for word in rest if word.startswith("-")} <= {*options, "--help"}, shlex.join(words)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_make_targets_of_a_document_exist(document):
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    named = {words[1] for words in shown_commands(document) + named_commands(document) if words[0] == "make"}
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_dvc_commands_of_a_document_are_ones_that_dvc_reads(document, capsys):
    from dvc.cli.parser import get_main_parser

    for words in (words for words in shown_commands(document) if words[0] == "dvc"):
        get_main_parser().parse_args(words[1:])
    for words in (words for words in named_commands(document) if words[0] == "dvc"):
        with pytest.raises(SystemExit) as stopped:
            get_main_parser().parse_args([words[1], "--help"])
        assert stopped.value.code == 0, shlex.join(words)


def test_both_readmes_name_the_same_commands():
    english, chinese = ({shlex.join(w) for w in shown_commands(r) + named_commands(r)} for r in READMES)
    assert english == chinese


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_speaks_of_every_command(readme):
    assert set(COMMANDS) <= set(re.findall(r"[a-z]+", text_of(readme)))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_to_files_of_the_repository_resolve(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(document))):
        if not link.startswith("https://"):
            assert ((ROOT / document).parent / link).is_file(), f"{document}: {link}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_files_that_a_document_names_are_there_or_are_made(document, files):
    exports = [export.file.format(**SLUGS) for export in (*FAMILY, *FORMS)]
    for named in (piece for piece in code(document) if FILE.fullmatch(piece)):
        pattern = re.sub(r"<\w+>", "*", named).rstrip("/")
        is_there = any(fnmatch(path, pattern) or path.startswith(f"{pattern}/") for path in files)
        is_part = "/" not in named and any(fnmatch(path, f"*/{pattern}") for path in [*files, *outputs()])
        is_room = any(f"/{pattern}/" in path for path in files) and named.endswith("/")
        is_export = any(fnmatch(export, pattern) for export in exports)
        is_found = is_there or is_part or is_room or is_made(pattern) or is_export
        assert is_found or named in (*LATER, *OF_THE_READER), f"{document}: {named}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_parameters_and_gates_that_a_document_names_exist(document):
    gates = json.loads(text_of("reports/gates.json"))["gates"]
    for piece in (piece for piece in code(document) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", piece)):
        first, *rest = piece.split(".")
        if rest[0] in ("schema", "suite", "crossrecord", "drift"):
            assert piece in gates, f"{document}: {piece}"
        elif first in PARAMS and not FILE.fullmatch(piece):
            value = PARAMS
            for part in (first, *rest):
                assert part in value, f"{document}: {piece}"
                value = value[part]


def table(document, name):
    """The rows of the table between `<!-- name -->` and `<!-- /name -->`, as cells without their code marks."""
    block = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text_of(document), re.DOTALL)
    lines = block[1].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("readme", READMES)
def test_the_rows_by_split_are_those_of_the_profile(readme):
    profile = json.loads(text_of("reports/profile.json"))
    counts = ("rows", "train", "validation", "test")
    assert [row[:5] for row in table(readme, "rows")] == [
        [name, *(f"{profile[name][count]:,}" for count in counts)] for name in DATASETS
    ]


@pytest.mark.parametrize("readme", READMES)
def test_the_exported_files_are_those_that_publish_writes(readme):
    expected = [[export.file.format(**SLUGS), export.dataset] for export in FAMILY]
    assert [row[:2] for row in table(readme, "exports")] == expected


@pytest.mark.parametrize("readme", READMES)
def test_the_figures_of_the_rules_are_those_of_the_report(readme):
    speakers = json.loads(text_of("reports/rules.json"))["speakers"]
    for name, n, decided, right, guessed in table(readme, "rules"):
        found = speakers[name]
        assert (n, decided, guessed) == (f"{found['n']:,}", f"{found['decided']:.1%}", f"{found['accuracy']:.1%}")
        assert right == (f"{found['decided_accuracy']:.1%}" if found["decided"] else "–")


@pytest.mark.parametrize("readme", READMES)
def test_the_rows_that_a_readme_shows_are_real(readme):
    body = next(body for language, body in FENCE.findall(text_of(readme)) if language == "json rows")
    sources = [ROOT / "data/raw/lianggengtian.txt", *(ROOT / "data/recorded").rglob("*.yaml")]
    known = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    texts = re.findall(r'"(?:text|content|question|answer|evidence)": "(.*?)"[,}]', body)
    assert len(texts) >= 10
    assert [text for text in texts if text not in known] == []


@pytest.mark.parametrize("readme", READMES)
def test_the_lines_that_a_readme_shows_stand_at_their_offsets(readme):
    body = next(body for language, body in FENCE.findall(text_of(readme)) if language == "json rows")
    lines = [row for row in map(json.loads, body.splitlines()) if "start" in row]
    chapters, _ = read_chapters(find_novels(ROOT / "data/raw"), "x", load_params(ROOT / "params.yaml").chapters)
    assert lines
    for row in lines:
        assert chapters[row["chapter"] - 1].text[row["start"] : row["end"]] == row["text"]


def test_every_room_is_in_the_table_of_rooms():
    rooms = {f"{path.name}/" for path in (ROOT / "src/huaben").iterdir() if (path / "__init__.py").exists()}
    assert rooms <= set(code("CONTRIBUTING.md"))


def test_every_benchmark_is_in_the_table_of_benchmarks():
    assert {f"bench/{path.name}" for path in (ROOT / "bench").glob("*.py")} <= set(code("bench/README.md"))


def test_what_reruns_what_is_what_the_stages_declare():
    said = {place: set(stages.split(", ")) for place, stages in table("CONTRIBUTING.md", "deps")}
    inputs = {dep for stage in PIPELINE.values() for dep in stage["deps"] if not is_made(dep)}
    assert said == {
        place: {name for name, stage in PIPELINE.items() if place in stage["deps"]}
        for place in inputs
        if not place.endswith(".py")
    }
