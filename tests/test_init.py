"""A repository made by `init`, run by the real DVC."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from datasets import load_dataset

from huaben.cli import main
from huaben.files import read_json
from novels import small_novel, write_novel
from test_epub import CONTAINER, package, page

FIXTURES = Path(__file__).parent / "fixtures"
UP_TO_PUBLISH = ("data", "dataset", "exports")


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """A home of its own, DVC without telemetry, and the project's commands on PATH."""
    bin_folder = str(Path(sys.executable).parent)
    variables = {
        "HOME": str(tmp_path / "home"),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(tmp_path / "site"),
        "HF_HOME": str(tmp_path / "hf"),
        "SHELL": "/bin/bash",
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
    }
    (tmp_path / "home").mkdir()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def make_repository(folder, chapters=12):
    novel = write_novel(folder, chapters)
    main(["init", str(folder / "clocks"), "--novel", str(novel), "--character", "钟离"])
    return folder / "clocks"


def repro(repository, *arguments):
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def hashes(repository):
    return {
        str(path.relative_to(repository)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in UP_TO_PUBLISH
        for path in sorted((repository / part).rglob("*"))
        if path.is_file() and path.suffix not in (".dvc",) and path.name != ".gitignore"
    }


def test_a_new_repository_is_published_by_one_repro_and_a_second_does_nothing(environment):
    repository = make_repository(environment)
    first = repro(repository)
    assert first.returncode == 0, first.stdout + first.stderr
    rows = load_dataset(str(repository / "dataset"), "dialogue", cache_dir=str(environment / "cache"))
    assert rows["train"][0]["character"] == "钟离"
    assert (repository / "exports" / "hero-sharegpt.json").exists()
    second = repro(repository)
    assert "Running stage" not in second.stdout
    assert "up to date" in second.stdout


def test_a_repository_for_another_version_is_refused(environment):
    repository = make_repository(environment)
    params = repository / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("huaben: 0.", "huaben: 9."), encoding="utf-8")
    done = repro(repository, "chapters")
    assert done.returncode != 0
    assert "was made for huaben 9." in done.stderr


def test_a_folder_that_is_not_empty_is_left_alone(environment, capsys):
    novel = write_novel(environment)
    (environment / "taken").mkdir()
    (environment / "taken" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["init", str(environment / "taken"), "--novel", str(novel), "--character", "钟离"])
    assert stopped.value.code == 2
    assert "is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in (environment / "taken").iterdir()] == ["mine.txt"]


def write_epub(folder, version):
    """Write the small novel as EPUB 2 (toc.ncx) or 3 (nav.xhtml), whose table of contents alone has the headings."""
    parts = [part.split("\n") for part in small_novel().split("\n第")[1:]]
    titles, files = [f"第{lines[0]}" for lines in parts], [f"{i}.xhtml" for i in range(len(parts))]
    bodies = ["".join(f"<p>{line}</p>" for line in lines[1:] if line) for lines in parts]
    if version == 2:
        points = "".join(
            f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{file}"/></navPoint>'
            for title, file in zip(titles, files, strict=True)
        )
        toc, contents = "toc.ncx", f"<ncx><navMap>{points}</navMap></ncx>"
        item = '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    else:
        links = "".join(f'<li><a href="{f}">{title}</a></li>' for title, f in zip(titles, files, strict=True))
        toc, contents = "nav.xhtml", page(f'<nav xmlns:epub="e" epub:type="toc"><ol>{links}</ol></nav>')
        item = '<item id="toc" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    members = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package(files, extra=item)}
    members |= {f"OEBPS/{toc}": contents, **{f"OEBPS/{f}": page(b) for f, b in zip(files, bodies, strict=True)}}
    with zipfile.ZipFile(folder / "clocks.epub", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return folder / "clocks.epub"


def write_english(folder):
    (folder / "pride.txt").write_bytes((FIXTURES / "pride.txt").read_bytes())
    return folder / "pride.txt"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "hero", "chapters", "lines"),
    [
        (lambda folder: write_epub(folder, 2), "钟离", 12, 384),
        (lambda folder: write_epub(folder, 3), "钟离", 12, 384),
        (write_english, "Mr. Bennet", 2, 48),
    ],
    ids=["EPUB 2", "EPUB 3", "English"],
)
def test_an_epub_and_an_english_novel_run_to_the_end_without_a_model(write, hero, chapters, lines, environment):
    repository = environment / "new"
    main(["init", str(repository), "--novel", str(write(environment)), "--character", hero])
    if write is write_english:
        (repository / "cast.yaml").write_bytes((FIXTURES / "pride_cast.yaml").read_bytes())
    done = repro(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    coverage = repository / "reports" / "coverage"
    assert read_json(coverage / "chapters.json")["ok"] == chapters
    assert read_json(coverage / "lines.json")["rows"] == lines
    assert read_json(repository / "reports" / "gates.json")["passed"]


@pytest.mark.slow
def test_repro_killed_at_any_moment_and_run_again_gives_the_same_bytes(environment):
    undisturbed = make_repository(environment, 40)
    assert repro(undisturbed).returncode == 0
    (environment / "again").mkdir()
    repository = make_repository(environment / "again", 40)
    moments = random.Random(7)
    for _ in range(12):
        command = [sys.executable, "-m", "dvc", "repro"]
        with subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            time.sleep(moments.uniform(1.5, 6))
            run.send_signal(signal.SIGKILL)
    done = repro(repository)
    if "Unable to read RWLock-file" in done.stderr:  # DVC writes it in place; README.md says what to do
        (repository / ".dvc" / "tmp" / "rwlock").unlink()
        done = repro(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert hashes(repository) == hashes(undisturbed)
