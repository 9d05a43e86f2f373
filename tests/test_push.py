"""Sending a release: what is refused, what arrives at each hub, what a second call sends, where the token is."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from huaben.cli import main
from huaben.cli.judge import PLACES
from huaben.errors import HuabenError, InputError
from huaben.files import write_json, write_jsonl
from huaben.gates.inputs import digests
from huaben.params import load_params
from huaben.release.hubs.sending import need_library, read_token
from huaben.release.push import Item, Push
from hubs import REPOSITORY, TOKEN, AIStudio, HuggingFace, ModelScope, listening, sha256
from test_publish import passed_gates, sample_rows

ROOT = Path(__file__).resolve().parents[1]
HUBS = {"hf": HuggingFace, "modelscope": ModelScope, "aistudio": AIStudio}
MODULES = {"hf": "huggingface", "modelscope": "modelscope", "aistudio": "aistudio"}
# huggingface_hub 2.4.0 uploads in a way that its httpx2 2.16 is about to drop
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
COMMITS = {"hf": "/commit/", "modelscope": "/commit/", "aistudio": f"POST /api/v1/repos/{REPOSITORY}/contents"}
"""What to refuse, so that files are uploaded and not committed."""
LARGE = "lines/train-00000-of-00001.parquet"


@contextlib.contextmanager
def inside(folder):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_params(folder, **changes):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    changes = {"provider: recorded": "provider: none", "ways: [prompts, grounded, contrast]": "ways: []", **changes}
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "params.yaml").write_text(text, encoding="utf-8")


def publish(folder):
    """Judge the rows that lie there as passed, and publish them."""
    with inside(folder):
        params = load_params(Path("params.yaml"))
        write_json(Path("reports/gates.json"), {**passed_gates(), "inputs": digests(PLACES, params)})
        main(["publish"])


def repository(folder, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    write_params(folder, **changes)
    with inside(folder):
        for name in load_params(Path("params.yaml")).made():
            write_jsonl(PLACES.datasets / f"{name}.jsonl", sample_rows()[name])
    with contextlib.suppress(SystemExit):
        publish(folder)
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return repository(tmp_path_factory.mktemp("push") / "repository")


@pytest.fixture
def here(published, tmp_path, monkeypatch):
    """A published repository of one's own, as the working folder."""
    shutil.copytree(published, tmp_path / "repository")
    monkeypatch.chdir(tmp_path / "repository")
    return tmp_path / "repository"


@pytest.fixture(params=list(HUBS))
def hub(request, monkeypatch):
    """A stand-in that listens where the hub's library will look, and its name."""
    with listening(HUBS[request.param]()) as found:
        found.name = request.param
        for variable, value in places(found).items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # other tests are offline
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        yield found
        assert found.strangers == []


def places(hub):
    names = ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT", "STUDIO_GIT_HOST", "STUDIO_MODEL_API_URL_PREFIX")
    return dict.fromkeys(names, hub.url)


def push_of(folder, is_private=True):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    items = [
        Item(path.relative_to(folder).as_posix(), path, path.stat().st_size, sha256(path.read_bytes()))
        for path in files
    ]
    return Push(REPOSITORY, tuple(items), "两更天: release 1", is_private, "cc0-1.0")


def send(hub, push, token=TOKEN):
    arrived = []
    done = import_module(f"huaben.release.hubs.{MODULES[hub.name]}").send(push, token, arrived.append)
    assert sum(arrived) == sum(item.size for item in done.sent)
    return done


def run(arguments, capsys):
    code = 0
    try:
        main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


# what is refused, before a hub is asked


def test_a_dry_run_shows_every_file_and_needs_no_token(here, capsys, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    code, out, _ = run(["push", "hf", REPOSITORY, "--dry-run"], capsys)
    files = sorted(path.relative_to("dataset").as_posix() for path in Path("dataset").rglob("*") if path.is_file())
    assert code == 0
    assert sorted(line.split()[-1] for line in out.splitlines()[: len(files)]) == files
    size = sum(path.stat().st_size for path in Path("dataset").rglob("*") if path.is_file())
    assert f"{len(files)} files, {size:,} bytes, would go to hf, {REPOSITORY} (private)" in out
    assert re.search(r"as the revision '两更天: release [0-9a-f]{12}'; nothing was sent", out)


def test_exports_go_along_when_asked_for(here, capsys):
    code, out, _ = run(["push", "aistudio", REPOSITORY, "--dry-run", "--exports", "--public"], capsys)
    assert code == 0
    assert "  exports/dataset_info.json" in out
    assert "(public)" in out


@pytest.mark.parametrize("name", ["two-watches", "anna/", "anna/two/watches", "https://x/y", "anna/..", "安娜/表"])
def test_what_is_no_repository_is_refused(here, name, capsys):
    code, _, err = run(["push", "hf", name, "--dry-run"], capsys)
    assert (code, "OWNER/NAME" in err) == (2, True)


def test_a_changed_file_is_refused(here, capsys):
    with (here / "dataset" / "README.md").open("a") as card:
        card.write("!")
    code, _, err = run(["push", "hf", REPOSITORY, "--dry-run"], capsys)
    assert code == 1
    assert "dataset is not as it was published: README.md; run `huaben publish`" in err


def test_a_changed_export_is_refused_when_it_would_be_sent(here, capsys):
    (here / "exports" / "dataset_info.json").write_text("{}")
    assert run(["push", "hf", REPOSITORY, "--dry-run"], capsys)[0] == 0
    code, _, err = run(["push", "hf", REPOSITORY, "--dry-run", "--exports"], capsys)
    assert (code, "exports is not as it was published: dataset_info.json" in err) == (1, True)


def test_no_release_is_refused(here, capsys):
    shutil.rmtree(here / "dataset")
    code, _, err = run(["push", "hf", REPOSITORY, "--dry-run"], capsys)
    assert (code, "dataset is not as it was published: SHA256SUMS" in err) == (1, True)


def test_a_gate_that_failed_stops_a_push(here, capsys):
    report = json.loads((here / "reports/gates.json").read_text())
    report["gates"]["lines.rows"]["passed"] = False
    write_json(here / "reports/gates.json", report)
    code, _, err = run(["push", "hf", REPOSITORY, "--dry-run"], capsys)
    assert (code, "gates failed: lines.rows" in err) == (1, True)


def test_a_report_that_saw_other_rows_stops_a_push(here, capsys):
    write_jsonl(here / "data/dedupe/lines.jsonl", sample_rows("第二版")["lines"])
    code, _, err = run(["push", "hf", REPOSITORY, "--dry-run"], capsys)
    assert (code, "changed since the gates saw them: data/dedupe/lines.jsonl" in err) == (1, True)


def test_a_release_of_older_rows_than_the_gates_saw_is_refused(here, capsys):
    old = shutil.copytree(here / "dataset", here.parent / "old")
    write_jsonl(here / "data/dedupe/lines.jsonl", sample_rows("第二版")["lines"])
    publish(here)
    shutil.rmtree(here / "dataset")
    shutil.copytree(old, here / "dataset")
    code, _, err = run(["push", "hf", REPOSITORY, "--dry-run"], capsys)
    assert code == 1
    assert "dataset is not what passed the gates: README.md, croissant.json, lines/t" in err


def test_a_novel_without_a_licence_is_sent_only_without_its_text(tmp_path, capsys, monkeypatch):
    bare = {"license: cc0-1.0": "license: null"}
    monkeypatch.chdir(repository(tmp_path / "full", **bare))
    code, _, err = run(["push", "hf", REPOSITORY, "--dry-run"], capsys)
    assert code == 1
    assert "novel.license of params.yaml is null" in err
    assert "Set `publish.text: withhold`" in err
    monkeypatch.chdir(repository(tmp_path / "bare", **bare, **{"text: full": "text: withhold"}))
    assert run(["push", "hf", REPOSITORY, "--dry-run"], capsys)[0] == 0


def test_a_token_comes_from_the_environment_only(here, capsys, monkeypatch, hub):
    variable = import_module(f"huaben.release.hubs.{MODULES[hub.name]}").HUB.variable
    monkeypatch.setenv(variable, " ")
    code, _, err = run(["push", hub.name, REPOSITORY], capsys)
    assert (code, f"{variable} is not set" in err) == (2, True)
    assert hub.asked == []
    monkeypatch.setenv(variable, f"{TOKEN}\n")
    assert read_token(import_module(f"huaben.release.hubs.{MODULES[hub.name]}").HUB) == TOKEN


def test_an_absent_library_says_how_to_install_it():
    known = import_module("huaben.release.hubs.aistudio").HUB
    need_library(known)
    with pytest.raises(InputError, match=r"pip install 'huaben\[push\]'`, or `pip install nosuch-sdk`"):
        need_library(replace(known, module="nosuch_sdk", package="nosuch-sdk"))


# what arrives


def test_everything_arrives_as_it_is_in_one_commit(hub, published):
    folder = published / "dataset"
    done = send(hub, push_of(folder))
    assert {path: hub.content(path) for path in hub.files} == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert [message.removesuffix(" (batch 1/1)") for message in hub.commits] == ["两更天: release 1"]
    assert done.url == f"{hub.url}/datasets/{REPOSITORY}"
    assert done.there == ()
    if hub.name != "aistudio":
        assert hub.is_private


def test_a_second_push_sends_nothing_and_a_later_one_what_changed(hub, published, tmp_path):
    push = push_of(shutil.copytree(published / "dataset", tmp_path / "dataset"))
    send(hub, push)
    before = (hub.count("PUT"), len(hub.commits))
    again = send(hub, push)
    assert (len(again.sent), len(again.there)) == (0, len(push.items))
    assert (hub.count("PUT"), len(hub.commits)) == before
    for name in (LARGE, "README.md"):
        (tmp_path / "dataset" / name).write_bytes(b"---\n---\nnew " + name.encode())
    changed = send(hub, push_of(tmp_path / "dataset"))
    assert sorted(item.path for item in changed.sent) == ["README.md", LARGE]
    assert hub.count("PUT") == before[0] + 1
    assert hub.content(LARGE) == b"---\n---\nnew " + LARGE.encode()


def test_what_was_uploaded_before_an_interruption_is_not_uploaded_again(hub, published):
    push = push_of(published / "dataset")
    hub.refusals = {COMMITS[hub.name]: 403}
    with pytest.raises(HuabenError):
        send(hub, push)
    uploaded = hub.count("PUT")
    assert uploaded > 0
    assert hub.commits == []
    hub.refusals = {}
    assert len(send(hub, push).sent) == len(push.items)
    assert hub.count("PUT") == uploaded


def test_what_else_the_repository_holds_is_left_and_told(hub, published):
    hub.files = {"notes.txt": b"mine", ".gitattributes": b"*.parquet filter=lfs"}
    done = send(hub, push_of(published / "dataset"))
    assert hub.files["notes.txt"] == b"mine"
    assert done.others == (() if hub.name == "aistudio" else ("notes.txt",))


def test_a_public_repository_takes_nothing_that_was_meant_to_be_private(hub, published):
    if hub.name == "aistudio":
        pytest.skip("its library does not tell who sees a repository")
    hub.is_there, hub.is_private = True, False
    with pytest.raises(HuabenError, match="is public, and --public was not given; nothing was sent"):
        send(hub, push_of(published / "dataset"))
    assert hub.files == {}
    assert send(hub, push_of(published / "dataset", is_private=False)).sent


# what goes wrong


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "is not accepted; make a new one"), (403, "may not write there"), (404, "no such repository")],
)
def test_a_refusal_says_what_where_and_what_to_do_without_the_token(hub, published, status, words):
    first = "GET" if hub.name == "aistudio" else "POST"
    hub.refusals = {first: status}
    with pytest.raises(HuabenError) as caught:
        send(hub, push_of(published / "dataset"))
    message = str(caught.value)
    assert REPOSITORY in message
    assert TOKEN not in message
    assert caught.value.__cause__ is None
    if not (hub.name == "aistudio" and status == 404):  # it says the same of a file that is not there yet
        assert (words in message, f"({status})" in message) == (True, True)


@pytest.mark.parametrize("hub", ["modelscope", "aistudio"], indirect=True)
def test_a_reason_that_a_library_keeps_to_itself_is_told(hub, published):
    hub.refusals = {COMMITS[hub.name]: 403}
    with pytest.raises(HuabenError) as caught:
        send(hub, push_of(published / "dataset"))
    assert {"modelscope": "may not write there", "aistudio": "failed: 403"}[hub.name] in str(caught.value)


def test_a_repository_that_takes_no_files_is_told(published, hub):
    if hub.name != "aistudio":
        pytest.skip("the others make their repositories themselves")
    hub.refusals = {"/preupload/": 404}
    with pytest.raises(HuabenError, match="takes no files; make the repository on the site"):
        send(hub, push_of(published / "dataset"))


def test_a_wrong_token_is_refused(hub, published):
    with pytest.raises(HuabenError, match=r"is not accepted; make a new one, with the right to write \(401\)"):
        send(hub, push_of(published / "dataset"), token="another")
    assert hub.files == {}


def test_a_commit_that_came_between_is_told(published, hub):
    if hub.name != "hf":
        pytest.skip("only this hub guards against it")
    hub.refusals = {"/commit/": 412}
    with pytest.raises(HuabenError, match=r"somebody changed it at the same time.*\(412\)"):
        send(hub, push_of(published / "dataset"))


@pytest.mark.parametrize("hub", ["hf", "aistudio", pytest.param("modelscope", marks=pytest.mark.slow)], indirect=True)
def test_a_hub_that_is_not_reached_is_told(hub, published, monkeypatch):
    for variable in places(hub):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with pytest.raises(HuabenError, match="it failed, or was not reached; run the same command again"):
        send(hub, push_of(published / "dataset"))


def test_a_file_that_changes_while_it_is_sent_is_not_sent(hub, published, tmp_path):
    push = push_of(shutil.copytree(published / "dataset", tmp_path / "dataset"))
    (tmp_path / "dataset" / LARGE).write_bytes(b"other")
    with pytest.raises(HuabenError, match="changed while it was sent"):
        send(hub, push)
    assert hub.commits == []


# the token


def test_the_token_is_in_no_file_no_message_and_no_url(hub, here, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    variable = import_module(f"huaben.release.hubs.{MODULES[hub.name]}").HUB.variable
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "MODELSCOPE_"))}
    environment |= {"HOME": str(home), "TMPDIR": str(home), variable: TOKEN, **places(hub)}
    environment |= {
        "AISTUDIO_LOG": "debug",
        "HF_DEBUG": "1",
        "HF_HUB_VERBOSITY": "debug",
        "MODELSCOPE_LOG_LEVEL": "10",
    }
    hub.refusals = {COMMITS[hub.name]: 403}  # after the uploads; the answer has the token in it
    command = [sys.executable, "-m", "huaben", "push", hub.name, REPOSITORY]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
    assert (done.returncode, hub.count("PUT") > 0) == (1, True), done.stderr
    assert "may not write there" in done.stderr or "did not arrive" in done.stderr or "it failed" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    left = [path for folder in (home, here) for path in folder.rglob("*") if path.is_file()]
    assert [path for path in left if TOKEN.encode() in path.read_bytes()] == []
    assert not any(TOKEN in line for line in hub.asked)
    if hub.name != "modelscope":  # its library shows the token to where it uploads
        assert not any(TOKEN in value for value in hub.storage_saw)


def test_a_push_ends_with_what_was_sent_and_where_it_is(hub, here, capsys, monkeypatch):
    monkeypatch.setenv(import_module(f"huaben.release.hubs.{MODULES[hub.name]}").HUB.variable, TOKEN)
    files = [path for path in (here / "dataset").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    for sent, there, moved in ((len(files), 0, size), (0, len(files), 0)):
        code, out, err = run(["push", hub.name, REPOSITORY], capsys)
        assert (code, err) == (0, "")
        assert TOKEN not in out
        assert out.splitlines()[-1] == (
            f"push: {sent} files sent ({moved:,} bytes), {there} were there already: {hub.url}/datasets/{REPOSITORY}"
        )
