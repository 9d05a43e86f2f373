"""The annotation that people edit → replies to the prompts as they are now."""

import json
from dataclasses import replace

import pytest

from conversing import with_wordings
from huaben.coverage import Coverage
from huaben.errors import InputError
from huaben.extract import attribution, grounded, prompted, qa, summary
from huaben.extract.recorded import render
from huaben.llm.replies import load_recorded, write_replies

FIRST = """heading: 第1章 停钟
summary_v1: 钟停在三点十七分。
qa_v1:
  - {question: 钟停在几点？, answer: 三点十七分, evidence: 停在三点十七分}
summary_v2: {plot: 钟停了。, relations: 医患。, psychology: 不安。}
qa_v2:
  plot:
    - {question: 钟停在几点？, answer: 三点十七分。, evidence: 停在三点十七分}
speakers:
  - 1|钟又停了|沈更生|?|1
  - 2|你昨晚|梁明夷|沈更生|1
  - 3||沈更生|梁明夷|1
  - 4|水怎么|梁明夷|沈更生|1
"""
PAIRS = "- {prompt: 几点了？, chosen: 几更了？问得好。, rejected: 我看不到时间。}\n"


@pytest.fixture
def folder(tmp_path):
    """Return an annotation of the first chapter and of one prompt."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "01.yaml").write_text(FIRST, encoding="utf-8")
    (tmp_path / "preference.yaml").write_text(PAIRS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def rendered(folder, asked, novel):
    """Return a function that renders the annotation as it is now."""

    def rendered(prompts=("几点了？",), novel=novel):
        return render(asked, folder, novel.chapters, novel.lines, novel.cast, prompts, asked.recorded[0])

    return rendered


def test_every_annotated_answer_becomes_a_reply_that_its_stage_can_read(rendered, asked, novel):
    rows = rendered().rows
    assert sorted(row["prompt"] for row in rows) == [
        "chosen.v1",
        "qa.v2",
        "rejected.v1",
        "speakers.v1",
        "summary.v1",
        "summary.v2",
    ]
    write_replies(asked.recorded[0], rows)
    first = novel.chapters[:1]
    lines, used = novel.lines[1], []
    speakers = attribution.attribute(asked, first, lines, novel.cast, Coverage("speakers"), used)
    summaries, answers = summary.summarise(asked, "v1", first, novel.lines, Coverage("summary"), used)
    questions = [
        *qa.read_v1(asked, first, answers, Coverage("qa"), []),
        *qa.ask_v2(asked, first, novel.lines, Coverage("qa"), used, []),
    ]
    pairs = prompted.from_prompts(asked, ["几点了？"], Coverage("preference"), used)
    assert [line.speaker for line in speakers[:4]] == ["沈更生", "梁明夷", "沈更生", "梁明夷"]
    assert (summaries[0].summary, [q.answer for q in questions]) == (
        "钟停在三点十七分。",
        ["三点十七分", "三点十七分。"],
    )
    assert pairs[0].chosen[0].content == "几更了？问得好。"
    assert {reply.written_by for reply in used} == {"the huaben authors, CC0"}
    assert {reply.model for reply in used} == {"huaben-authors"}
    assert {tuple(reply.tokens.values()) for reply in used} == {(0, 0, 0)}


def test_wordings_are_rendered_by_the_number_of_their_question_and_leave_the_questions_as_they_were(
    folder, asked, novel
):
    texts = "[钟停在哪个时刻？, 三病区的钟指着几点？, 那只钟停下时是几点几分？, 请说出停钟的时刻。, 钟停在了____。]"
    before = render(asked, folder, novel.chapters, novel.lines, novel.cast, ["几点了？"], asked.recorded[0]).rows
    path = folder / "chapters/01.yaml"
    path.write_text(
        FIRST.replace("。, evidence: 停在三点十七分}", f"。, evidence: 停在三点十七分, wordings: {texts}}}")
    )
    wants = replace(asked, params=with_wordings(asked.params))
    rows = render(wants, folder, novel.chapters, novel.lines, novel.cast, ["几点了？"], asked.recorded[0]).rows
    (more,) = (row for row in rows if row not in before)
    assert more["prompt"] == "wordings.v1"
    (given,) = json.loads(more["reply"]["choices"][0]["message"]["content"])["wordings"]
    assert (given["number"], given["texts"][-1]) == (1, "钟停在了____。")
    write_replies(asked.recorded[0], rows)
    (row,) = qa.ask_v2(wants, novel.chapters[:1], novel.lines, Coverage("qa"), [], [])
    assert row.wordings == tuple(given["texts"])


def test_rendering_twice_gives_equal_rows(rendered):
    assert rendered().rows == rendered().rows


def test_an_answer_can_be_wrapped_as_models_wrap_theirs(rendered, folder, asked, novel):
    path = folder / "chapters" / "01.yaml"
    wrapped = 'wrapped: {qa_v2: "```json\\n$reply\\n```", speakers: "答：\\n$reply"}\n'
    path.write_text(FIRST + wrapped, encoding="utf-8")
    write_replies(asked.recorded[0], rendered().rows)
    coverage = Coverage("qa")
    assert len(qa.ask_v2(asked, novel.chapters[:1], novel.lines, coverage, [], [])) == 1
    assert coverage.repaired == {"fence around the reply": 1}
    speakers = attribution.attribute(asked, novel.chapters[:1], novel.lines[1], novel.cast, Coverage("s"), [])
    assert speakers[3].speaker == "梁明夷"


def test_a_prompt_whose_wording_changed_is_listed_for_a_person(rendered, asked, novel):
    assert rendered().changed == []
    write_replies(asked.recorded[0], rendered().rows)
    assert rendered().changed == []
    edited = novel.chapters[0].model_copy(update={"text": novel.chapters[0].text + "\n完。"})
    changed = type(novel)([edited, *novel.chapters[1:]], novel.lines)
    assert sorted(rendered(novel=changed).changed) == [
        "qa.v2: 第1章 停钟",
        "speakers.v1: 第1章 停钟",
        "summary.v1: 第1章 停钟",
        "summary.v2: 第1章 停钟",
    ]


def test_another_first_answer_words_the_tasks_that_go_on_from_it_differently(rendered, asked, folder):
    """The answer that opens the conversation is part of every later task's prompt, and of nothing else."""
    write_replies(asked.recorded[0], rendered().rows)
    edited = FIRST.replace("relations: 医患。", "relations: 医生和病人。")
    (folder / "chapters" / "01.yaml").write_text(edited, encoding="utf-8")
    assert sorted(rendered().changed) == ["qa.v2: 第1章 停钟", "speakers.v1: 第1章 停钟", "summary.v1: 第1章 停钟"]


def test_items_are_rendered_as_the_prompts_ask_for_them(rendered, folder):
    path = folder / "chapters" / "01.yaml"
    path.write_text(FIRST.replace("qa_v1:\n", "qa_v1:\n  - {question: 缺}\n  - [也, 可以, 这样]\n"), encoding="utf-8")
    contents = {r["prompt"]: r["reply"]["choices"][0]["message"]["content"] for r in rendered().rows}
    assert json.loads(contents["qa.v2"]) == {"plot": [["钟停在几点？", "三点十七分。", "停在三点十七分"]]}
    assert json.loads(contents["summary.v1"])["qa"] == [
        {"question": "缺"},
        ["也", "可以", "这样"],
        ["钟停在几点？", "三点十七分", "停在三点十七分"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("heading: 第1章 停钟", "heading: 第9章 没有", "no chapter has the heading '第9章 没有'"),
        ("heading: 第1章 停钟\n", "", "`heading` is missing"),
        ("1|钟又停了", "1|钟没有停", "quotation 1 now begins '钟又停了，停在三点十七分'"),
        ("4|水怎么", "8|水怎么", "the chapter has the quotations 1 to 7"),
        ("4|水怎么", "0|水怎么", "the chapter has the quotations 1 to 7"),
        ("4|水怎么", "四|水怎么", "the chapter has the quotations 1 to 7"),
        ("speakers:", "spoken:", "'speakers' is missing"),
        ("qa_v2:", "qa_v3:", "'qa_v2' is missing"),
        ("summary_v1:", "summary_v2:", "occurs twice"),
    ],
)
def test_a_fault_in_the_annotation_is_named_with_its_file(rendered, folder, old, new, message):
    assert old in FIRST
    (folder / "chapters" / "01.yaml").write_text(FIRST.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        rendered()


def test_a_prompt_without_answers_is_an_input_error(rendered):
    with pytest.raises(InputError, match=r"preference\.yaml: no answers to the prompt '吃什么？'"):
        rendered(("几点了？", "吃什么？"))


def test_chapters_with_one_heading_are_answered_each_by_its_own_numbers(rendered, novel):
    """Numbers that restart in every volume give equal headings."""
    again = novel.chapters[0].model_copy(update={"index": 2, "chapter_id": "c2"})
    twins = type(novel)([novel.chapters[0], again], {1: novel.lines[1], 2: novel.lines[1]})
    rows = rendered(novel=twins).rows
    contents = {r["reply"]["choices"][0]["message"]["content"] for r in rows if r["prompt"] == "speakers.v1"}
    assert contents == {"1|沈更生|?|1\n2|梁明夷|沈更生|1\n3|沈更生|梁明夷|1\n4|梁明夷|沈更生|1"}


def test_what_is_rendered_is_strict_json(rendered):
    for row in rendered().rows:
        content = row["reply"]["choices"][0]["message"]["content"]
        if row["prompt"].startswith(("summary", "qa")):
            assert isinstance(json.loads(content), dict)


def test_rendered_replies_load_without_contradiction(rendered, tmp_path):
    rows = rendered().rows
    write_replies(tmp_path / "r.jsonl", rows)
    assert len(load_recorded([tmp_path / "r.jsonl"])) == len(rows) == 6


REWRITE = "- {answers: 你昨晚敲钟了吗？, line: 我没敲，是水敲的。, plain: 我昨天晚上没有敲钟。}\n"


def test_a_plain_rewrite_is_the_reply_to_the_question_for_it(rendered, folder, asked):
    (folder / "grounded.yaml").write_text(REWRITE, encoding="utf-8")
    (row,) = (row for row in rendered().rows if row["prompt"] == "plain.v1")
    ask = grounded.question(asked, "你昨晚敲钟了吗？", "我没敲，是水敲的。")
    assert (row["key"], row["unit"]) == (ask.request.key, "我没敲，是水敲的。")
    assert row["reply"]["choices"][0]["message"]["content"] == "我昨天晚上没有敲钟。"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("我没敲，", "我没敲过，", "the novel has no line '我没敲过"),
        (", plain: 我昨天晚上没有敲钟。", "", "`plain` are expected"),
    ],
)
def test_a_rewrite_of_no_line_or_without_its_fields_is_an_input_error(rendered, folder, old, new, message):
    (folder / "grounded.yaml").write_text(REWRITE.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=rf"grounded\.yaml: .*{message}"):
        rendered()


def test_a_prompt_that_was_never_answered_has_not_changed(rendered, asked):
    write_replies(asked.recorded[0], [row for row in rendered().rows if row["prompt"] != "qa.v2"])
    assert rendered().changed == []
