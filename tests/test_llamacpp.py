"""A real, small model behind a real llama.cpp server, through every stage up to `validate`.

Needs the package xllamacpp and, in HUABEN_TEST_GGUF, the path of a GGUF file of an instruct model. Nothing
here asks that the model be good: whatever it answers, the books must balance and no word may be its own.
"""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from llamacpp import serving

ROOT = Path(__file__).parents[1]
MODEL = Path(os.environ.get("HUABEN_TEST_GGUF") or "-")
KEY = "sk-llamacpp-0123456789abcdef"
HEADING = "第二章 三更锣"
ABOUT_CHARACTERS = 400
STAGES = "chapters lines speakers dialogue summary qa preference clean dedupe validate".split()
ASKING = ("speakers", "summary", "qa")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("HUABEN_TEST_GGUF"), reason="HUABEN_TEST_GGUF names no model file"),
]


@dataclass
class Run:
    """A repository after two runs: with the server, and with the server gone."""

    folder: Path
    store: Path
    first: dict = field(default_factory=dict)
    second: dict = field(default_factory=dict)
    seconds: dict = field(default_factory=dict)
    made: dict = field(default_factory=dict)
    sent: int = 0

    @property
    def chapter(self):
        return rows(self.folder / "data/chapters/chapters.jsonl")[0]["text"]

    def coverage(self, stage):
        return json.loads((self.folder / f"reports/coverage/{stage}.json").read_text(encoding="utf-8"))

    def replies(self, prompt):
        """The texts that the store keeps of one prompt."""
        query = "SELECT r.body FROM replies r JOIN attempts a ON a.id = r.attempt WHERE a.prompt = ?"
        bodies = [json.loads(body) for (body,) in self.query(query, prompt)]
        return [body["choices"][0]["message"]["content"] for body in bodies if "choices" in body]

    def requests(self):
        """How many requests were sent so far; the store writes each down before it goes."""
        return self.query("SELECT count(*) FROM attempts")[0][0]

    def query(self, sql, *values):
        with closing(sqlite3.connect(self.store)) as database:
            return database.execute(sql, values).fetchall()


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def opening_of_the_chapter():
    """The heading and the paragraphs of one chapter of the embedded novel, up to about 400 characters."""
    novel = (ROOT / "data/raw/lianggengtian.txt").read_text(encoding="utf-8")
    start = novel.index(f"\n{HEADING}\n") + 1
    return novel[start : novel.index("\n", start + ABOUT_CHARACTERS) + 1]


def environment(folder):
    place = {"HOME": folder / "home", "DVC_SITE_CACHE_DIR": folder / "site", "HUABEN_STORE": folder / "store.sqlite"}
    return {
        **os.environ,
        **{name: str(path) for name, path in place.items()},
        "HUABEN_TEST_KEY": KEY,
        "DVC_NO_ANALYTICS": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def huaben(folder, *arguments):
    """Run the command line as a user would; whatever happens, it is a message and never a traceback."""
    command = [sys.executable, "-m", "huaben", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder.parent), capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def make_repository(folder):
    (folder / "home").mkdir()
    (folder / "work").mkdir()
    (folder / "work" / "gong.txt").write_text(opening_of_the_chapter(), encoding="utf-8")
    done = huaben(folder / "work", "init", "../gong", "--novel", "gong.txt", "--character", "沈更生")
    assert done.returncode == 0, done.stderr
    (folder / "gong" / "cast.yaml").write_bytes((ROOT / "cast.yaml").read_bytes())
    return folder / "gong"


def point_at(repository, url):
    """Set the endpoint; every unit may fail, so that a weak model's failures are counted and no stage stops."""
    path = repository / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    llm = {"provider": "openai", "model": MODEL.stem, "base_url": url, "api_key_env": "HUABEN_TEST_KEY"}
    params["llm"].update({**llm, "max_tokens": 600, "concurrency": 1, "timeout_s": 3600.0})
    if "preset" in params["llm"]:
        params["llm"]["preset"] = "llamacpp"
    params["preference"]["ways"] = []
    params["validate"]["max_failures"] = dict.fromkeys(ASKING, 1.0)
    path.write_text(yaml.safe_dump(params, allow_unicode=True, sort_keys=False), encoding="utf-8")


def hashes(repository):
    files = sorted(path for path in (repository / "data").rglob("*") if path.is_file())
    return {str(path.relative_to(repository)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed")
    assert MODEL.is_file(), f"HUABEN_TEST_GGUF: {MODEL} is no file"
    folder = tmp_path_factory.mktemp("llamacpp")
    found = Run(make_repository(folder), folder / "store.sqlite")
    with serving(MODEL, KEY, folder / "server.log") as url:
        point_at(found.folder, url)
        for stage in STAGES:
            start = time.monotonic()
            found.first[stage] = huaben(found.folder, stage)
            found.seconds[stage] = round(time.monotonic() - start)
    found.made, found.sent = hashes(found.folder), found.requests()
    for stage in STAGES:
        found.second[stage] = huaben(found.folder, stage)
    return found


def figures(run):
    """What survived of the model's answers, stage by stage, as the books have it."""
    decided = Counter(line["decided_by"] or "nobody" for line in rows(run.folder / "data/speakers/lines.jsonl"))
    kept, dropped = rows(run.folder / "data/qa/qa_v2.jsonl"), rows(run.folder / "data/qa/dropped.jsonl")
    gates = json.loads((run.folder / "reports/gates.json").read_text(encoding="utf-8"))["gates"]
    failed = {name: gate["observed"] for name, gate in gates.items() if not gate["passed"]}
    telling = {name: seen for name, seen in failed.items() if seen != "nothing to check"}
    yield f"{MODEL.name}: {len(run.chapter)} characters of {HEADING}, {run.sent} requests"
    for stage in (*ASKING, "dialogue", "clean", "dedupe"):
        counts = {name: value for name, value in run.coverage(stage).items() if value and name != "datasets"}
        yield f"{stage}: exit {run.first[stage].returncode}, {run.seconds[stage]} s, {counts}"
    yield f"speakers of {decided.total()} lines decided by: {dict(decided)}"
    yield f"qa rows kept: {len(kept)} of {len(kept) + len(dropped)}"
    yield f"gates passed: {len(gates) - len(failed)} of {len(gates)}; failed: {telling}"
    yield f"gates with nothing to check: {len(failed) - len(telling)}"


def test_what_survives_of_the_models_answers_is_reported(run, capsys):
    report = list(figures(run))
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(report) + "\n")
        sys.stdout.writelines(f"--- {stage}\n{run.first[stage].stdout}{run.first[stage].stderr}" for stage in ASKING)


def test_every_unit_is_accounted_for_and_has_a_reason_if_it_is_not_ok(run):
    for stage in STAGES:
        counts = run.coverage(stage)
        assert counts["units"] == sum(counts[name] for name in ("ok", "empty", "skipped", "failed")), stage
        assert counts["units"] - counts["ok"] == sum(counts["reasons"].values()), stage
    assert [run.coverage(stage)["units"] for stage in ASKING] == [1, 1, 1]


def test_every_line_is_a_span_of_the_chapter(run):
    found = rows(run.folder / "data/speakers/lines.jsonl")
    assert len(found) == len(rows(run.folder / "data/lines/lines.jsonl")) > 0
    for line in found:
        assert run.chapter[line["start"] : line["end"]] == line["text"]


def test_every_kept_answer_has_its_evidence_in_the_chapter(run):
    for part in ("qa", "clean", "dedupe"):
        for row in rows(run.folder / f"data/{part}/qa_v2.jsonl"):
            [(start, end)] = row["provenance"]["spans"]
            assert row["evidence"] == run.chapter[start:end] != ""


def test_every_answer_is_kept_or_dropped_with_its_reason(run):
    kept, dropped = rows(run.folder / "data/qa/qa_v2.jsonl"), rows(run.folder / "data/qa/dropped.jsonl")
    assert len(kept) == run.coverage("qa")["rows"]
    assert Counter(row["reason"] for row in dropped) == {
        reason: count for reason, count in run.coverage("qa")["dropped"].items() if "repaired" not in reason
    }
    answered = {(row["question"], row["answer"]) for row in kept}
    said = "".join(run.replies("qa.v2"))
    assert all(json.dumps(text, ensure_ascii=False)[1:-1] in said for pair in answered for text in pair)


def test_a_second_run_needs_no_server(run):
    for stage in STAGES:
        again = run.second[stage]
        assert again.returncode == run.first[stage].returncode, again.stderr
        assert "connection" not in again.stdout + again.stderr
    assert hashes(run.folder) == run.made
    assert run.requests() == run.sent > 0


def test_the_key_is_in_no_file(run):
    for path in run.folder.parent.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
