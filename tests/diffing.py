"""Small real repositories for the tests of `huaben diff`: git, DVC, and a pipeline of three stages in one script."""

import json
import os
import subprocess
import sys
from pathlib import Path

from huaben.release.diff.rows import Item
from huaben.release.diff.versions import Version

PIPELINE = """stages:
  clean:
    cmd: python stage.py clean
    deps: [stage.py, source.jsonl]
    params: [clean]
    outs: [data/clean]
  dedupe:
    cmd: python stage.py dedupe
    deps: [stage.py, data/clean]
    outs: [data/dedupe]
  validate:
    cmd: python stage.py validate
    deps: [stage.py, data/dedupe]
    metrics:
      - reports/gates.json: {cache: false}
"""
STAGE = """
import json, pathlib, sys

def rows(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]

def write(path, rows):
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_text("".join(json.dumps(row) + "\\n" for row in rows))

if sys.argv[1] == "clean":
    params = pathlib.Path("params.yaml").read_text()
    least = int(params.split("min_characters: ")[1].split()[0])
    kept = [row for row in rows("source.jsonl") if len(row["answer"]) >= least]
    dropped = [row for row in rows("source.jsonl") if row not in kept]
    write("data/clean/qa_v2.jsonl", kept)
    write("data/clean/dropped/qa_v2.jsonl", [{"reason": "short", "by": None, "record": row} for row in dropped])
elif sys.argv[1] == "dedupe":
    write("data/dedupe/qa_v2.jsonl", rows("data/clean/qa_v2.jsonl"))
    write("data/dedupe/dropped/qa_v2.jsonl", [])
else:
    count = len(rows("data/dedupe/qa_v2.jsonl"))
    gate = {"passed": count >= 2, "severity": "critical", "observed": count, "limit": 2, "rows": 0}
    report = {"passed": count >= 2, "gates": {"qa_v2.suite.volume": gate}}
    pathlib.Path("reports").mkdir(exist_ok=True)
    pathlib.Path("reports/gates.json").write_text(json.dumps(report))
    sys.exit(not report["passed"])
"""


def qa(record_id, question, answer, chapter=1, **more):
    """Return a row of qa_v2, with no more than the comparison reads."""
    provenance = {"novel": "n", "chapter": chapter, "chapter_id": f"c{chapter}", "spans": [], "reply_id": "r1"}
    row = {"record_id": record_id, "split": "train", "angle": "plot", "question": question, "answer": answer}
    return {**row, "provenance": provenance, **more}


def line(record_id, text, speaker, start=0, chapter=1, **more):
    """Return a row of lines."""
    spans = [[start, start + len(text)]]
    provenance = {"novel": "n", "chapter": chapter, "chapter_id": f"c{chapter}", "spans": spans, "reply_id": "r1"}
    place = {"chapter": chapter, "start": start, "end": start + len(text)}
    row = {
        "record_id": record_id,
        "split": "train",
        "text": text,
        "speaker": speaker,
        "certainty": 0.9,
        "decided_by": "rule",
    }
    return {**row, **place, "provenance": provenance, **more}


def conversation(record_id, *said, spans=((0, 10),), chapter=1):
    """Return a row of dialogue; what is said is (role, speaker, text)."""
    messages = [{"role": role, "content": text, "speaker": speaker, "origin": "novel"} for role, speaker, text in said]
    places = [list(span) for span in spans]
    provenance = {"novel": "n", "chapter": chapter, "chapter_id": f"c{chapter}", "spans": places}
    return {"record_id": record_id, "split": "train", "messages": messages, "provenance": provenance}


def kept(*rows):
    """Return rows as they are compared."""
    return [Item(row) for row in rows]


def version(name="a side", rows=None, **more):
    """Return a side with these rows by dataset."""
    return Version(name=name, rows={name: kept(*found) for name, found in (rows or {}).items()}, **more)


def run(command, folder, check=True, **variables):
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "SHELL": "/bin/bash", **variables}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=check)


def dvc(folder, *arguments, check=True):
    return run([sys.executable, "-m", "dvc", *arguments], folder, check)


def commit(folder, message):
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    run(["git", "add", "--all"], folder)
    run(["git", *identity, "commit", "--quiet", "--allow-empty", "--message", message], folder)


def write_source(folder, *rows):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "source.jsonl").write_text(text, encoding="utf-8")


def set_least(folder, least):
    (folder / "params.yaml").write_text(f"clean:\n  min_characters: {least}\n", encoding="utf-8")


def make_repository(folder):
    """Make a repository of four rows in one commit, reproduced."""
    folder.mkdir()
    run(["git", "init", "--quiet", "--initial-branch=main"], folder)
    dvc(folder, "init", "--quiet")
    (folder / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "stage.py").write_text(STAGE, encoding="utf-8")
    (folder / ".gitignore").write_text("/data/\n", encoding="utf-8")
    set_least(folder, 2)
    write_source(
        folder,
        qa("a", "谁敲的钟？", "沈更生敲的钟。"),
        qa("b", "几点敲的？", "三更。"),
        qa("c", "城里有没有白天？", "没有，九十年没亮过天。"),
        qa("d", "他怕什么？", "水"),
    )
    dvc(folder, "repro", "validate")
    commit(folder, "first")
    return folder
