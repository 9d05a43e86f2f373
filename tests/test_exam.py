"""What the exam asks is trained on nowhere: a row whose exam is nearly a trained question gives up its wordings."""

from alike import qa
from huaben.refine.exam import exam_of, leaks, trained_of, without_leaks

FIVE = ("甲在何处？", "乙往哪里去了？", "丙从什么地方来？", "沈更生的母亲叫什么名字呢？", "沈更生的母亲叫____。")


def asked(record_id, wordings=FIVE, question="谁敲的钟？", split="train"):
    return qa(question, "水敲的。", record_id, split).model_copy(update={"wordings": wordings})


def test_the_last_two_wordings_are_the_exams_and_the_others_are_trained_on_in_train_alone():
    rows = [asked("a"), asked("b", ()), asked("c", split="test")]
    assert [(one.record_id, one.text) for one in exam_of(rows)] == [
        ("a", FIVE[3]),
        ("a", FIVE[4]),
        ("c", FIVE[3]),
        ("c", FIVE[4]),
    ]
    assert trained_of(rows) == ["谁敲的钟？", *FIVE[:3], "谁敲的钟？"]


def test_what_differs_in_a_mark_or_a_character_is_the_same_question():
    exam = exam_of([asked("a")])
    assert leaks(exam, ["沈更生的母亲，叫什么名字呢"]) == {"a"}
    assert leaks(exam, ["沈更生的母亲叫什么名字？"]) == {"a"}
    assert leaks(exam, ["沈更生的母亲叫什么？"]) == set()
    assert leaks(exam, ["沈更生的母亲叫啊。"]) == {"a"}
    assert leaks(exam, []) == leaks([], ["谁？"]) == set()


def test_two_wordings_of_the_exam_may_be_alike():
    rows = [asked("a"), asked("b")]
    assert without_leaks(rows, []) == (rows, 0)


def test_a_row_whose_exam_is_trained_on_stays_without_wordings_and_is_counted():
    same = (*FIVE[:2], "沈更生的母亲叫什么名字？", "甲乙丙丁？", "戊己庚____。")
    first, second = asked("a"), asked("b", same)
    assert without_leaks([first, second], []) == ([asked("a", ()), second], 1)
    assert without_leaks([second], ["甲乙丙丁！"]) == ([asked("b", ())], 1)
    assert without_leaks([asked("a", split="test"), second], [])[0][0].wordings == ()
