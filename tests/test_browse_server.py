"""`huaben browse` without a browser: what the page holds, and to whom the server answers."""

import http.client
import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from browsing import make_world, serving
from huaben.cli.main import main
from huaben.files import read_jsonl
from huaben.records import make_id
from huaben.release.pages import data_block, source_hash

TALK = make_id("dialogue", 1)
GOOD = {"dataset": "dialogue", "record_id": TALK, "verdict": "good", "note": "像他"}


class Blocks(HTMLParser):
    """The page's script and style elements, and its policy."""

    def __init__(self, page):
        super().__init__()
        self.blocks, self.open, self.policy = [], None, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "style"):
            self.open = (tag, dict(attrs).get("type"))
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(part.strip().split(" ", 1) for part in dict(attrs)["content"].split(";"))

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        if self.open:
            self.blocks.append((*self.open, data))

    def block(self, tag, kind=None):
        (found,) = [data for name, type_, data in self.blocks if (name, type_) == (tag, kind)]
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def address(world):
    with serving(world) as found:
        yield found


def ask(address, method="GET", path="", body=None, **headers):
    """Send one request with exactly these headers beside Host; return status, headers and text."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=20)
    connection.request(
        method, place.path + path, body, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


def post(address, row, **changes):
    origin = "http://" + urlsplit(address).netloc
    headers = {"Origin": origin, "Content_Type": "application/json"} | changes
    body = row if isinstance(row, str) else json.dumps(row)
    return ask(address, "POST", "reviews", body.encode(), **{k: v for k, v in headers.items() if v})


def test_the_policy_allows_this_script_and_this_style_and_nothing_else(address):
    page = Blocks(ask(address)[2])
    assert page.policy == {
        "default-src": "'none'",
        "script-src": source_hash(page.block("script")),
        "style-src": source_hash(page.block("style")),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_page_loads_nothing_and_its_script_writes_no_html(address):
    page = ask(address)[2]
    script = Blocks(page).block("script")
    assert re.findall(
        r"(?:src|href)=\"([^\"]*)\"", page.replace(Blocks(page).block("script", "application/json"), "")
    ) == ["data:,"]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setTimeout\(['\"]", script
    )


def test_the_page_holds_every_row_in_reading_order_with_why_it_was_dropped(address):
    rows = json.loads(Blocks(ask(address)[2]).block("script", "application/json"))["rows"]
    assert sorted((row["dataset"], row["stage"], row["reason"]) for row in rows if row["stage"]) == [
        ("dialogue", "clean", "every reply under 6 characters"),
        ("dialogue", "dedupe", "near duplicate"),
        ("qa_v2", "qa", "evidence is not in the chapter"),
    ]
    datasets = [row["dataset"] for row in rows]
    assert {name: datasets.count(name) for name in dict.fromkeys(datasets)} == {
        "lines": 11,
        "dialogue": 3,
        "qa_v2": 3,
        "preference": 1,
        "pretrain": 1,
    }
    starts = [(row["record"]["chapter"], row["record"]["start"]) for row in rows if row["dataset"] == "lines"]
    assert starts == sorted(starts)


def test_a_gate_that_failed_names_the_rows_that_break_it(address):
    gates = json.loads(Blocks(ask(address)[2]).block("script", "application/json"))["gates"]
    assert {gate["name"]: gate["ids"] for gate in gates} == {
        "qa_v2.schema.angle": None,
        "qa_v2.schema.has_evidence": [make_id("qa", 2)],
    }


def test_only_this_address_is_answered(address):
    assert ask(address)[0] == 200
    assert ask(address, path="../")[0] == 404
    assert ask(address.replace(urlsplit(address).path, "/wrong-token/"))[0] == 404
    assert ask(address, path="../../etc/passwd")[0] == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1.evil.example:{port}", "evil.example:{port}", ""]
)
def test_another_host_name_is_refused_so_that_no_foreign_name_can_point_here(address, host):
    status, _, text = ask(address, Host=host.format(port=urlsplit(address).port))
    assert (status, text) == (403, "this server answers to 127.0.0.1 only")


def test_every_answer_forbids_frames_sniffing_and_caching(address):
    for answer in (ask(address), ask(address, path="nothing"), ask(address, Host="evil.example"), post(address, "{")):
        assert answer[1]["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert answer[1]["X-Content-Type-Options"] == "nosniff"
        assert answer[1]["Cache-Control"] == "no-store"
        assert answer[1]["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": None}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Host": "evil.example"}, 403),
    ],
)
def test_a_review_from_elsewhere_is_refused_and_changes_nothing(world, address, changes, status):
    assert post(address, GOOD, **changes)[0] == status
    assert not (world / "reviews.jsonl").exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("not json", 400),
        ("[1]", 400),
        ("[" * 100_000, 413),
        ("[" * 60_000, 400),
        ({**GOOD, "record_id": "../../x"}, 400),
        ({**GOOD, "dataset": "poems"}, 400),
        ({**GOOD, "verdict": "awful"}, 400),
        ({**GOOD, "note": "x" * 2001}, 400),
        ({**GOOD, "note": "\ud800"}, 400),
        ({**GOOD, "more": 1}, 400),
        ({**GOOD, "note": "x" * 70_000}, 413),
    ],
)
def test_what_is_no_review_is_refused_with_a_reason_and_changes_nothing(world, address, body, status):
    answer = post(address, body)
    assert answer[0] == status
    assert answer[2]
    assert not (world / "reviews.jsonl").exists()


def test_a_review_is_written_changed_and_taken_back(world, address):
    path = world / "reviews.jsonl"
    assert post(address, GOOD)[0] == 204
    assert list(read_jsonl(path)) == [GOOD]
    assert post(address, {**GOOD, "verdict": "bad", "note": "不像"})[0] == 204
    assert list(read_jsonl(path)) == [{**GOOD, "verdict": "bad", "note": "不像"}]
    assert post(address, {**GOOD, "verdict": None})[0] == 204
    assert list(read_jsonl(path)) == []
    path.unlink()


def test_a_page_can_hold_no_text_that_ends_its_data_block():
    text = "</script><script>alert(1)</script><!--<script>\u2028&"
    block = data_block({"text": text})
    assert "<" not in block
    assert json.loads(block) == {"text": text}


def test_a_port_in_use_and_a_repository_without_rows_are_said(world, address, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(world)
    with pytest.raises(SystemExit) as stopped:
        main(["browse", "--port", str(urlsplit(address).port)])
    assert stopped.value.code == 2
    assert "Address already in use; name another with --port" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((world / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["browse", "--static", "page"])
    assert stopped.value.code == 2
    assert "no rows to look at; `dvc repro` makes them" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_the_static_page_is_the_same_on_every_run(world, monkeypatch):
    monkeypatch.chdir(world)
    pages = []
    for name in ("one", "two"):
        main(["browse", "--static", name])
        pages.append((world / name / "index.html").read_bytes())
    assert pages[0] == pages[1]
    assert Blocks(pages[0].decode()).policy["connect-src"] == "'none'"
