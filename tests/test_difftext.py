"""The difference as a comment: nothing of the data acts in it, it fits, and what it leaves out is said."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from diffing import conversation, kept, line, qa, version
from huaben.cli.difference import renderables
from huaben.release.diff.difference import compare
from huaben.release.diff.difftext import LIMIT, as_markdown
from huaben.release.diff.rows import Item

ROOT = Path(__file__).parents[1]
HOSTILE = (
    "@evil #1 GH-1 evil/evil#1 https://evil.example www.evil.example evil@evil.example",
    "<img src=evil onerror=evil> <a href=evil>evil</a> <!-- evil",
    "</pre></details></summary><script>evil()</script>",
    "`evil` ``` ~~~ | evil | [evil](evil) ![evil](evil) **evil** $$evil$$ :evil:",
    "\n\n# evil\n- evil\n1. evil\n> evil\n\n    evil\n***\nevil\n===",
    "evil \u202e evil \u200b evil \x1b[31m evil \x07 evil \u2028 evil",
    "&lt;evil&gt; &#64;evil \\@evil \\`evil\\`",
)


class Page(HTMLParser):
    """What a page holds: its tags, its text in code and its text outside of it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.inside, self.outside = set(), [], "", ""
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert tag in ("th", "td") or not attributes, (tag, attributes)
        if tag in ("pre", "code"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("pre", "code"):
            assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open:
            self.inside += text
        else:
            self.outside += text


def gates(name, passed, limit):
    gate = {"passed": passed, "severity": name, "observed": name, "limit": limit, "rows": 0}
    return {"passed": passed, "gates": {name: gate, f"{name}.contamination": {**gate, "observed": limit}}}


def hostile_side(text, which):
    """A side with the text in every place that data or names have; `which` makes the sides differ."""
    reports = {
        "gates": gates(text, which == "base", f"{which}{text}"),
        f"cost/{text}": {"currency": text, "money": 1.0, "replies": 1, text: which},
        f"coverage/{text}": {"ok": len(which), "reasons": {text: ord(which[0])}},
        "evaluation": {"models": {text: {text: 0.5 if which == "base" else 0.7}}},
    }
    rows = [
        Item(qa("same id", f"{text}?", f"{which} answers {text}")),
        Item(qa(text, f"what is {text}", text, **{f"{which} {text}": text}), None if which == "base" else f"{text}"),
        Item(qa(f"{which} {text}", which * 20, which * 20)),
    ]
    found = {
        text: rows,
        "lines": kept(line("1", f"x{text}", f"{which}{text}")),
        "dialogue": kept(conversation("2", ("user", text, text), ("assistant", text, f"{which} says {text}"))),
    }
    inputs, params = {text: which, "cast.yaml": which}, {text: which, "persona": f"{which}{text}"}
    notes = (f"a note about {text}",)
    return version(name=f"{which} {text}", reports=reports, inputs=inputs, params=params, notes=notes), found


def hostile(text):
    (base, old), (head, new) = hostile_side(text, "base"), hostile_side(text, "head")
    return compare(replace(base, rows=old), replace(head, rows=new))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_the_data_acts_in_the_comment(text):
    markdown = as_markdown(json.loads(json.dumps(hostile(text))))
    page = Page(markdown)
    assert "evil" not in page.outside.replace("\ufffd", "")
    assert "evil" in page.inside
    html = {"h2", "h3", "h4", "p", "ul", "li", "strong", "em", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.tags <= html | {"code", "pre", "del", "ins", "details", "summary"}
    assert not {"\u202e", "\u200b", "\x1b", "\x07", "\u2028"} & set(markdown)


@pytest.mark.parametrize("text", HOSTILE)
def test_every_table_has_as_many_cells_in_each_row(text):
    tables = [block.splitlines() for block in as_markdown(hostile(text)).split("\n\n") if block.startswith("|")]
    assert len(tables) >= 8
    for rows in tables:
        assert {row.count("|") for row in rows} == {rows[0].count("|")}


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_the_data_acts_in_the_terminal(text):
    shown = StringIO()
    console = Console(file=shown, width=200, force_terminal=True, color_system="truecolor", highlight=False)
    for part in renderables(hostile(text)):
        console.print(part)
    plain = StringIO()
    for part in renderables(hostile(text)):
        Console(file=plain, width=200, highlight=False).print(part)
    assert "evil" in plain.getvalue()
    assert not {"\x1b", "\x07", "\u202e", "\u200b"} & set(plain.getvalue())
    assert "\x1b[31m evil" not in shown.getvalue()


@pytest.mark.parametrize("text", ["", "很长的" * 2000, "𠀀" * 3000, "<&>" * 3000])
def test_a_comment_fits_whatever_its_rows_and_says_what_it_left_out(text):
    sides = [
        version(rows={"qa_v2": [qa(f"{who}{n}", f"第{n}问{text}", f"{who}{n}{text}") for n in range(300)]})
        for who in ("甲", "乙")
    ]
    markdown = as_markdown(compare(*sides))
    assert len(markdown.encode("utf-16-le")) // 2 <= LIMIT
    assert "so that it fits a comment; the JSON report has all of them" in markdown
    assert "more, in the JSON report" in markdown
    Page(markdown)


def test_a_comment_fits_whatever_its_reports():
    names = [f"{n:05}{'很长的名字' * 30}" for n in range(2000)]
    reports = [
        {
            "gates": {"gates": {name: {"passed": passed, "limit": name, "observed": passed} for name in names}},
            "coverage/qa": {"reasons": {name: int(passed) for name in names}},
            "cost/qa": {"currency": "CNY", "money": 0.0, "replies": 1, **{name: passed for name in names}},
            "evaluation": {"models": {"dpo": {name: float(passed) for name in names}}},
        }
        for passed in (True, False)
    ]
    params = [{name: passed for name in names} for passed in (True, False)]
    sides = [version(reports=r, params=p, inputs=p) for r, p in zip(reports, params, strict=True)]
    markdown = as_markdown(compare(*sides))
    assert len(markdown.encode("utf-16-le")) // 2 <= LIMIT
    assert "2000 broken" in markdown


def test_the_first_examples_are_those_whose_text_or_speaker_changed():
    rows = [(f"{n}", f"第{n}句话。") for n in range(60)]
    base = kept(*(line(i, text, "甲", start=20 * n) for n, (i, text) in enumerate(rows)))
    changes = {"59": {"speaker": "乙"}}
    head = kept(
        *(line(i, text, "甲", start=20 * n, certainty=0.5) | changes.get(i, {}) for n, (i, text) in enumerate(rows))
    )
    sides = [replace(version(), rows={"lines": found}) for found in (base, head)]
    markdown = as_markdown(compare(*sides))
    assert "59 of the changed only in how a speaker was decided" in markdown
    block = markdown.split("<pre>\n")[1]
    assert block.startswith(
        "59 · train · chapter 1 · certainty, speaker\n  第59句话。\n  speaker: <del>甲</del><ins>乙</ins>"
    )
    assert "… and 20 more, in the JSON report" in markdown


# the script that posts it


class Forge:
    """The part of GitHub's API that the script calls, on the loopback interface."""

    def __init__(self, head="abc", comments=()):
        self.head, self.comments, self.calls = head, list(comments), []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def handler(forge):
        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                forge.calls.append((self.command, self.path, json.loads(content) if content else None))
                forge.token = self.headers["Authorization"]
                value = {"head": {"sha": forge.head}}
                if "/comments" in self.path and self.command == "GET":
                    page = int(self.path.rpartition("page=")[2])
                    value = forge.comments[100 * (page - 1) : 100 * page]
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *arguments):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def forge():
    server = Forge()
    yield server
    server.close()


@pytest.fixture
def artifact(tmp_path):
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "number").write_text("17\n", encoding="utf-8")
    (folder / "diff.json").write_text(json.dumps(hostile("<b>@evil</b>")), encoding="utf-8")
    (folder / "metrics.md").write_text("| Path |\n|---|\n| ``` @evil <b> |\n", encoding="utf-8")
    return folder


def post(forge, folder):
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "owner/repository",
        "GITHUB_TOKEN": "token-of-the-run",
        "HEAD_SHA": "abc",
    }
    command = [sys.executable, str(ROOT / ".ci" / "comment.py"), str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_comment_is_posted_once_and_then_updated(forge, artifact):
    done = post(forge, artifact)
    assert done.returncode == 0, done.stderr
    method, path, body = forge.calls[-1]
    assert (method, path) == ("POST", "/repos/owner/repository/issues/17/comments")
    assert body["body"].startswith("<!-- huaben diff -->\n## What this change does to the data")
    assert forge.token == "Bearer token-of-the-run"
    mine = {"id": 5, "user": {"login": "github-actions[bot]"}, "body": body["body"]}
    forge.comments = [{"id": n, "user": {"login": "someone"}, "body": body["body"]} for n in range(100, 250)] + [mine]
    assert post(forge, artifact).returncode == 0
    assert forge.calls[-1][:2] == ("PATCH", "/repos/owner/repository/issues/comments/5")


def test_the_posted_comment_holds_the_metrics_and_nothing_acts_in_it(forge, artifact):
    post(forge, artifact)
    page = Page(forge.calls[-1][2]["body"].removeprefix("<!-- huaben diff -->\n"))
    assert "evil" not in page.outside
    assert "``` @evil <b> |" in page.inside


def test_metrics_are_cut_so_that_the_comment_stays_under_the_limit(forge, artifact):
    (artifact / "metrics.md").write_text("\n".join(f"| row {n} {'x' * 90} |" for n in range(3000)), encoding="utf-8")
    assert post(forge, artifact).returncode == 0
    body = forge.calls[-1][2]["body"]
    assert len(body) > 50_000
    assert len(body) <= 65_536
    assert "| row 0 " in body
    assert "… cut" in body


@pytest.mark.parametrize("number", ["", "0", "17; rm -rf /", "../../user", "1e3", "17\n18", "９"])
def test_what_is_no_number_is_refused_before_anything_is_asked(forge, artifact, number):
    (artifact / "number").write_text(number, encoding="utf-8")
    done = post(forge, artifact)
    assert done.returncode == 1
    assert "the number of the pull request is none" in done.stderr
    assert forge.calls == []


def test_another_pull_request_than_the_runs_gets_no_comment(forge, artifact):
    forge.head = "somebody else's commit"
    done = post(forge, artifact)
    assert done.returncode == 1
    assert "is not at the commit of the run; nothing is posted" in done.stderr
    assert [call[0] for call in forge.calls] == ["GET"]


@pytest.mark.parametrize("content", ["", "[]", '{"datasets": 3}', "[" * 100_000, '{"base": {"name": "x"}}'])
def test_an_artifact_that_is_no_report_is_refused(forge, artifact, content):
    (artifact / "diff.json").write_text(content, encoding="utf-8")
    done = post(forge, artifact)
    assert done.returncode == 1
    assert "diff.json is not what `huaben diff --json` writes" in done.stderr
    assert forge.calls == []


def test_numbers_of_a_forged_report_that_are_text_do_not_act(forge, artifact):
    report = json.loads((artifact / "diff.json").read_text(encoding="utf-8"))
    for found in report["datasets"].values():
        found["rows"]["base"]["train"] = "@evil"
        found["ways"] = [{"rows": "@evil", "before": "@evil", "after": "@evil"}]
    report["gates"]["all"] = ["@evil", {"@evil": "@evil"}]
    (artifact / "diff.json").write_text(json.dumps(report), encoding="utf-8")
    done = post(forge, artifact)
    assert done.returncode == 0, done.stderr
    assert "evil" not in Page(forge.calls[-1][2]["body"].removeprefix("<!-- huaben diff -->\n")).outside


def test_a_link_in_place_of_a_file_is_refused(forge, artifact):
    (artifact / "metrics.md").unlink()
    (artifact / "metrics.md").symlink_to("/proc/self/environ")
    assert "no plain file" in post(forge, artifact).stderr
