"""The exam: choices that cannot be told by form, length or shared words, and nothing that training saw."""

import pytest

from huaben.records import QA, Provenance
from huaben.training.evaluation.cloze import filling
from huaben.training.evaluation.exam import as_prompt, by_overlap, make_items, mark, overlap, unseen


def question(words, answer, number=0, wordings=(), angle="facts"):
    origin = Provenance(novel="n", chapter=1, chapter_id="c", spans=((0, 1),))
    return QA(
        record_id=f"{number:016x}",
        split="train",
        angle=angle,
        question=words,
        answer=answer,
        evidence="e",
        wordings=wordings,
        provenance=origin,
    )


def asked(*rows):
    return [(qa, qa.wordings[-2:] or (qa.question,)) for qa in rows]


def test_no_answer_stands_among_its_own_wrong_answers():
    rows = [question(f"第{i}问？", f"{'甲乙丙丁戊'[i % 5]}人", i) for i in range(20)]
    items = make_items(asked(*rows), frozenset())
    assert len(items) == 20
    for item in items:
        right, *wrong = item.askings[0].choices
        assert right == item.answer
        assert right not in wrong
        assert len(set(wrong)) == len(wrong) >= 3


def test_an_asking_is_worth_its_chance_of_beating_three_drawn_choices():
    assert mark([0, -1, -1, -1, -1]) == 1.0
    assert mark([0, -1, -1, -1, 1]) == 0.25
    assert mark([0, 1, 1, 1, 1]) == 0.0


def test_of_equal_best_choices_each_gets_its_share():
    assert mark([0, 0, 0, 0, 0]) == 0.25
    assert mark([0, 0, -1, -1]) == 0.5


def test_a_question_trained_in_nearly_the_same_words_is_no_exam():
    rows = [question("沈更生的母亲叫什么名字？", "韩素秋"), question("怀表停在几点？", "三点十七分", 1)]
    left = unseen(asked(*rows), ["沈更生的母亲叫做什么名字？"])
    assert [qa.question for qa, _ in left] == ["怀表停在几点？"]


def test_a_question_whose_answer_alone_repeats_it_is_not_asked():
    plain = [question(f"第{i}件事？", f"{'甲乙丙丁戊'[i]}人走了", i) for i in range(5)]
    telling = question("钟楼的大钟归谁看守？", "钟楼的大钟归沈家看守", 9)
    items = make_items(asked(*plain, telling), frozenset())
    assert telling.question not in {item.question for item in items}
    assert len(items) == 5


def test_wrong_answers_name_whom_the_question_names():
    names = ["铁九推船", "铁九唱歌", "铁九点灯", "铁九敲锣", "铁九咳嗽"]
    rows = [question(f"铁九第{i}回做什么？", answer, i) for i, answer in enumerate(names)]
    others = [question(f"第{i}问？", f"{'甲乙丙丁戊'[i - 5]}人喝茶", i) for i in range(5, 10)]
    item = make_items(asked(*rows, *others), frozenset())[0]
    assert sorted(item.askings[0].choices) == sorted(names)
    assert by_overlap(item) == 0.25


def test_overlap_counts_different_letters_and_pairs_but_no_punctuation():
    assert overlap("铁九，铁九？", "铁九，走了？") == 3
    assert overlap("豆灯", "沈更") == 0


@pytest.mark.parametrize(
    ("statement", "answer", "core"),
    [
        ("大钟归____看守。", "老契上写着大钟归沈家看守。", "沈家"),
        ("日晷就是没有____。", "照来照去，它就是没有影子。", "影子"),
        ("“不急，____呢”是口头禅。", "火上了房他也是这一句。", None),
        ("没有空处", "没有空处", None),
        ("两____处____", "两三处四五", None),
        ("她的灯漂走了，____把灯捞回来。", "她的灯漂走了，手指变淡；铁九把灯捞回来。", None),
    ],
)
def test_what_fills_a_blank_is_read_off_the_answer(statement, answer, core):
    assert filling(statement, answer) == core


def test_a_name_is_a_wrong_filling_for_a_name():
    people = ["铁九", "豆灯", "卫闻", "小满", "秋婆"]
    things = ["铜锣", "红枣", "馄饨", "日晷", "纸灯"]
    rows = [
        question(f"第{i}问？", f"那天来的是{text}呀。", i, (f"问{i}？", f"第{i}天来的是____呀。"))
        for i, text in enumerate([*people, *things])
    ]
    items = make_items(asked(*rows), frozenset(people))
    (cloze,) = [asking for asking in items[0].askings if asking.is_cloze]
    assert cloze.parts[0] == items[0].core == "铁九"
    assert set(cloze.parts) == set(people)
    assert cloze.choices[0] == "第0天来的是铁九呀。"


def test_a_statement_with_a_blank_is_put_as_a_task():
    assert as_prompt("大钟归____看守。") == [{"role": "user", "content": "补全：大钟归____看守。"}]
    assert as_prompt("谁看钟？") == [{"role": "user", "content": "谁看钟？"}]
