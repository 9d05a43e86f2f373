"""The tasks of a passage as turns of one conversation, against a real endpoint: what is sent, when, and how often."""

from dataclasses import replace
from pathlib import Path

import pytest

from conversing import V2, passage_of, prompt_of, served, write_chapters
from huaben.errors import HuabenError
from huaben.extract.asking import Asked
from huaben.extract.stages import run_qa, run_speakers, run_summary
from huaben.files import read_json

ROOT = Path(__file__).parent.parent
REPLIES = {
    "summary.v2": V2,
    "summary.v1": '{"summary": "钟停了。", "qa": [["什么停了？", "钟。", "停在三点十七分"]]}',
    "qa.v2": '{"plot": [["什么停了？", "钟。", "停在三点十七分"]]}',
    "speakers.v1": "1|?|?|1",
}
WAITS = "waits for summary.v2, which opens the conversation: "


@pytest.fixture
def live_run(live, endpoint, make_params, prompts):
    """Return a run against the endpoint, which answers every task; keywords change its parameters."""
    endpoint.default = served(REPLIES)

    def live_run(**changes):
        return Asked(make_params(llm=dict(live) | changes.pop("llm", {}), **changes), prompts, ())

    return live_run


@pytest.fixture
def stages(novel, tmp_path):
    """Return a function that runs stages by name over the small novel; it says how many requests each prompt got."""
    chapters, lines = write_chapters(tmp_path, novel)
    place = {
        "speakers": lambda run: run_speakers(chapters, lines, tmp_path / "s.jsonl", tmp_path / "r", novel.cast, run),
        "summary": lambda run: run_summary(chapters, lines, tmp_path / "summary", tmp_path / "r", run),
        "qa": lambda run: run_qa(
            chapters, lines, tmp_path / "summary/answers_v1.jsonl", tmp_path / "qa", tmp_path / "r", run
        ),
    }
    return lambda run, *names: [place[name](run) for name in names]


def sent(endpoint):
    """Return the prompts of the requests since the last call, sorted."""
    names = sorted(prompt_of(request) for request in endpoint.requests)
    endpoint.requests.clear()
    return names


def texts(request):
    return [message["content"] for message in request["messages"]]


# what is sent


def test_a_later_task_goes_on_from_the_first_answer_as_it_was_given(live_run, stages, endpoint):
    fenced = f"```json\n{V2}\n```"
    endpoint.default = served({**REPLIES, "summary.v2": fenced})
    stages(live_run(), "speakers", "summary", "qa")
    by_prompt = {prompt_of(r): r["messages"] for r in endpoint.requests if "三点十七分" in passage_of(r)}
    opening = by_prompt.pop("summary.v2")
    assert [m["role"] for m in opening] == ["system", "user"]
    assert sorted(by_prompt) == ["qa.v2", "speakers.v1", "summary.v1"]
    for messages in by_prompt.values():
        assert messages[:2] == opening
        assert messages[2] == {"role": "assistant", "content": fenced}
        assert [m["role"] for m in messages[3:]] == ["user"]


def test_the_chapter_stands_once_and_before_every_task(live_run, stages, endpoint, novel):
    stages(live_run(), "speakers", "summary", "qa")
    for request in endpoint.requests:
        said = texts(request)
        assert sum(text.count(passage_of(request)) for text in said) == 1
        assert said[1].startswith("<<<")
        assert said[1].index(passage_of(request)) < said[1].index("任务：")
        assert not any("任务：" in text for text in [said[0], *said[2:-1]])


def test_names_stand_in_the_last_turn_about_speakers_and_nowhere_else(live_run, stages, endpoint, novel):
    stages(live_run(), "speakers", "summary", "qa")
    names = [name for member in novel.cast for name in (member.name, *member.aliases)]
    asks_speakers = 0
    for request in endpoint.requests:
        *before, last = [text.replace(passage_of(request), "") for text in texts(request)]
        assert not any(name in text for text in before for name in names)
        asks_speakers += prompt_of(request) == "speakers.v1"
        assert any(name in last for name in names) == (prompt_of(request) == "speakers.v1")
    assert asks_speakers == 2


def test_no_message_holds_anything_of_another_chapter(live_run, stages, endpoint, novel):
    """Every reply bears a mark of its chapter; a request bears at most its own."""

    def marked(request):
        (mark,) = (c.index for c in novel.chapters if c.text[:5] in passage_of(request))
        return REPLIES[prompt_of(request)].replace("钟停了。", f"钟停了。第{mark}章的答案") + "\n" * mark

    endpoint.default = marked
    stages(live_run(), "speakers", "summary", "qa")
    assert len(endpoint.requests) == 11
    for request in endpoint.requests:
        said = "".join(texts(request))
        (own,) = (c for c in novel.chapters if c.text[:5] in passage_of(request))
        others = [c for c in novel.chapters if c is not own]
        assert not any(f"第{c.index}章" in said or c.title in said or c.text[:8] in said for c in others)


def test_no_message_holds_what_rules_decided(live_run, stages, endpoint, novel, tmp_path):
    """So a better rule asks nothing again: lines with speakers word the same requests as lines without."""
    stages(live_run(), "speakers", "summary", "qa")
    sent(endpoint)
    decided = {
        i: [line.model_copy(update={"speaker": "沈更生", "scene": 9, "certainty": 1.0}) for line in lines]
        for i, lines in novel.lines.items()
    }
    write_chapters(tmp_path, replace(novel, lines=decided))
    stages(live_run(), "speakers", "summary", "qa")
    assert sent(endpoint) == []


@pytest.mark.parametrize(
    ("versions", "prompts_sent"),
    [
        ({"summary": ["v1"], "qa": ["v1", "v2"]}, ["qa.v2", "speakers.v1", "summary.v1"]),
        ({"summary": [], "qa": ["v2"]}, ["qa.v2", "speakers.v1"]),
        ({"summary": [], "qa": []}, ["speakers.v1"]),
    ],
)
def test_without_version_2_another_task_opens(live_run, stages, endpoint, versions, prompts_sent):
    run = live_run(**{stage: {"versions": wanted} for stage, wanted in versions.items()})
    stages(run, "speakers", *(stage for stage, wanted in versions.items() if wanted))
    about = [r for r in endpoint.requests if "三点十七分" in passage_of(r)]
    assert sorted(map(prompt_of, about)) == prompts_sent
    first = prompts_sent[-1] if "summary.v1" in prompts_sent else prompts_sent[0]
    assert {prompt_of(r): len(r["messages"]) for r in about} == {p: 2 if p == first else 4 for p in prompts_sent}


# who asks for the first answer


def test_whoever_comes_first_asks_for_the_first_answer_and_nobody_again(live_run, stages, endpoint):
    stages(live_run(summary={"versions": ["v2"]}), "speakers")
    assert sent(endpoint) == ["speakers.v1"] * 2 + ["summary.v2"] * 2
    stages(live_run(summary={"versions": ["v2"]}), "summary")
    assert sent(endpoint) == ["summary.v2"], "the chapter without quotations"
    stages(live_run(summary={"versions": ["v2"]}, qa={"versions": ["v2"]}), "summary", "qa")
    assert sent(endpoint) == ["qa.v2"] * 3


def test_after_speakers_alone_the_summaries_of_these_chapters_cost_nothing(
    live_run, stages, endpoint, novel, tmp_path
):
    two = replace(novel, chapters=novel.chapters[:2])
    write_chapters(tmp_path, two)
    stages(live_run(summary={"versions": ["v2"]}), "speakers")
    endpoint.requests.clear()
    (coverage,) = stages(live_run(summary={"versions": ["v2"]}), "summary")
    assert (endpoint.requests, coverage.outcomes) == ([], {"ok": 2})


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ("$filter", "finish_content_filter"),
        ("我不能概括。", "invalid reply: not JSON"),
        ("$400", "http_400"),
    ],
)
def test_where_the_first_task_fails_for_good_the_others_ask_for_themselves(
    live_run, stages, endpoint, tmp_path, refusal, reason
):
    special = {"$filter": endpoint.completion(None, "content_filter"), "$400": endpoint.Http(400, b"no")}
    endpoint.default = served({**REPLIES, "summary.v2": special.get(refusal, refusal)})
    run = live_run(summary={"versions": ["v2"]}, qa={"versions": ["v2"]})
    with pytest.raises(HuabenError, match="3 of 3 units failed"):
        stages(run, "summary")
    assert read_json(tmp_path / "r/coverage/summary.json")["reasons"] == {reason: 3}
    endpoint.requests.clear()
    speakers, qa = stages(run, "speakers", "qa")
    assert (speakers.outcomes, qa.outcomes) == ({"ok": 2}, {"ok": 3})
    assert [len(r["messages"]) for r in endpoint.requests] == [2] * 5
    assert sent(endpoint) == ["qa.v2"] * 3 + ["speakers.v1"] * 2, "the first task is not tried again"


@pytest.mark.parametrize("fault", ["blank", "http_503"])
def test_where_the_first_task_fails_for_now_the_others_wait(live_run, stages, endpoint, impatient, tmp_path, fault):
    """What another run may still get must not be asked in other words today, and paid twice."""
    failing = endpoint.completion("") if fault == "blank" else endpoint.Http(503)
    endpoint.default = served({**REPLIES, "summary.v2": failing})
    run = live_run(qa={"versions": ["v2"]}, validate_={"max_failures": {"qa": 1.0}})
    with pytest.raises(HuabenError, match="3 of 3 units are still missing") as caught:
        stages(run, "qa")
    assert caught.value.exit_code == 1
    coverage = read_json(tmp_path / "r/coverage/qa.json")
    assert (coverage["failed"], coverage["reasons"]) == (3, {f"{WAITS}{fault}": 3})
    assert set(sent(endpoint)) == {"summary.v2"}
    endpoint.default = served(REPLIES)
    assert stages(run, "qa")[0].outcomes == {"ok": 3}
    assert sent(endpoint) == ["qa.v2"] * 3 + ["summary.v2"] * 3


# what is kept, and what is asked again


def test_what_succeeded_stays_and_the_next_run_asks_for_the_rest_alone(live_run, stages, endpoint, tmp_path):
    def moody(request):
        return endpoint.completion("") if "馄饨" in passage_of(request) else REPLIES[prompt_of(request)]

    endpoint.default = moody
    run = live_run(summary={"versions": ["v2"]}, validate_={"max_failures": {"summary": 1.0}})
    with pytest.raises(HuabenError, match=r"1 of 3 units are still missing \(blank: 1\)\. What was answered is kept"):
        stages(run, "summary")
    coverage = read_json(tmp_path / "r/coverage/summary.json")
    assert (coverage["ok"], coverage["failed"], coverage["rows"]) == (2, 1, 4)
    endpoint.requests.clear()
    endpoint.default = served(REPLIES)
    assert stages(run, "summary")[0].outcomes == {"ok": 3}
    assert ["馄饨" in passage_of(request) for request in endpoint.requests] == [True]


def test_the_budget_covers_what_failed_for_good_and_asks_it_no_more(live_run, stages, endpoint):
    def filters(request):
        is_refused = "馄饨" in passage_of(request)
        return endpoint.completion(None, "content_filter") if is_refused else REPLIES[prompt_of(request)]

    endpoint.default = filters
    run = live_run(summary={"versions": ["v2"]}, validate_={"max_failures": {"summary": 0.34}})
    (coverage,) = stages(run, "summary")
    assert (coverage.outcomes, coverage.reasons) == ({"ok": 2, "failed": 1}, {"finish_content_filter": 1})
    endpoint.requests.clear()
    stages(run, "summary")
    assert endpoint.requests == []
    strict = live_run(summary={"versions": ["v2"]}, validate_={"max_failures": {"summary": 0.33}})
    with pytest.raises(HuabenError, match=r"1 of 3 units failed \(finish_content_filter: 1\)"):
        stages(strict, "summary")


def test_a_passage_is_halved_against_a_real_endpoint_and_the_second_run_asks_nothing(live_run, stages, endpoint):
    def limited(request):
        is_long = passage_of(request).count("〔") > 4 and prompt_of(request) == "speakers.v1"
        return endpoint.completion("1|", "length") if is_long else REPLIES[prompt_of(request)].replace("1|?", "4|?")

    endpoint.default = limited
    run = live_run(summary={"versions": ["v2"]})
    (coverage,) = stages(run, "speakers")
    assert coverage.outcomes == {"ok": 2}
    assert sent(endpoint) == ["speakers.v1"] * 4 + ["summary.v2"] * 4
    stages(run, "speakers", "summary")
    assert sent(endpoint) == ["summary.v2"], "the chapter without quotations"
