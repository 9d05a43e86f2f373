"""What is a copy and what is none: swapped clauses, legitimate repeats, short questions, other datasets."""

from alike import ANSWER, QUESTION, outcome, pair, piece, qa, talk

# swapped clauses


def test_swapped_clauses_are_a_copy_of_a_summary_but_not_of_a_question():
    texts = ("沈更生半夜起来修钟，发现水在钟里头敲", "老板娘站在门口等他，手里提着一盏灯笼")
    one, two = "，".join(texts), "，".join(texts[::-1])
    assert outcome([piece(one, "a"), piece(two, "b")]) == (["a"], [("b", "reordering", "a")])
    assert outcome([qa("谁？", one, "a"), qa("谁？", two, "b")], dataset="qa_v2") == (["a", "b"], [])


# legitimate repeats


def test_a_catchphrase_of_another_scene_stays_where_the_parameter_says_so():
    said = {"asked": "你昨晚敲钟了吗？", "said": "三更差一刻，两边都准。"}
    records = [
        talk(**said, record_id="a"),
        talk(**said, record_id="b", scene=2),
        talk(**said, record_id="c", chapter=3),
        talk(**said, record_id="d"),
    ]
    assert outcome(records, dataset="dialogue", repeats=["dialogue"]) == (
        ["a", "b", "c"],
        [("d", "exact duplicate", "a")],
    )
    assert outcome(records, dataset="dialogue", repeats=["preference"])[0] == ["a"]


def test_a_repeat_of_a_held_out_record_goes_all_the_same():
    records = [talk("谁？", "三更差一刻，两边都准。", "a"), talk("谁？", "三更差一刻，两边都准。", "b", "test", 2)]
    assert outcome(records, dataset="dialogue", repeats=["dialogue"]) == (["b"], [("a", "exact duplicate", "b")])


def test_a_scene_stands_once_for_each_hero():
    records = [
        talk("谁？", "三更差一刻，两边都准。", "a"),
        talk("谁？", "三更差一刻，两边都准。", "b", character="豆灯"),
    ]
    assert outcome(records, dataset="dialogue") == (["a", "b"], [])
    held_out = talk("谁？", "三更差一刻，两边都准。", "c", "test", 2)
    assert outcome([*records, held_out], dataset="dialogue")[0] == ["c"]


# short questions


def test_short_questions_of_two_chapters_are_one_only_if_they_are_themselves_alike():
    one, two = qa("沈更生怎么了？", ANSWER * 3, "a"), qa("老板娘怎么了？", ANSWER * 3, "b", chapter=2)
    assert outcome([one, two], dataset="qa_v2") == (["a", "b"], [])
    assert outcome([one, two], dataset="qa_v2", short=(6, 0.9))[0] == ["a"]
    assert outcome([one, two], dataset="qa_v2", short=(20, 0.5))[0] == ["a"]
    same = qa("沈更生怎么了？", ANSWER * 3, "c", chapter=2)
    assert outcome([one, same], dataset="qa_v2") == (["a"], [("c", "exact duplicate", "a")])


def test_short_questions_of_one_chapter_are_one_by_question_and_answer_together():
    one, two = qa("沈更生怎么了？", ANSWER * 3, "a"), qa("老板娘怎么了？", ANSWER * 3, "b")
    assert outcome([one, two], dataset="qa_v2") == (["a"], [("b", "near duplicate", "a")])


def test_a_short_prompt_must_be_as_like_a_held_out_one_as_a_short_question():
    train = pair("九十年没亮过天了吗", "我没敲，是水敲的，水会敲钟，你听，它在钟里头。", "a", chapter=2)
    test = pair("八十年没亮过天了吗", "三更差一刻，两边都准，要哪一边？都得加钱。", "b", "test")
    assert outcome([train, test], 0.85, "preference") == (["a", "b"], [])
    assert outcome([train, test], 0.85, "preference", short=(9, 0.9)) == (
        ["b"],
        [("a", "prompt of a held-out pair", "b")],
    )


# other datasets


def test_a_train_record_goes_by_a_held_out_one_of_another_dataset_and_no_other_does():
    same = (QUESTION, ANSWER)
    records = [qa(*same, "a", chapter=2), qa(*same, "b", "validation", 3)]
    assert outcome([records[0]], dataset="qa_v2", held_out={"qa_v1": [qa(*same, "c", "test")]}) == (
        [],
        [("a", "near copy of a held-out record of qa_v1", "c")],
    )
    assert outcome([records[1]], dataset="qa_v2", held_out={"qa_v1": [qa(*same, "c", "test")]}) == (["b"], [])
    assert outcome([records[0]], dataset="qa_v2", held_out={"qa_v1": [qa(*same, "c")]}) == (["a"], [])
    assert outcome(records, dataset="qa_v2", held_out={"qa_v1": [qa(*same, "c", "test")]}) == (
        ["b"],
        [("a", "exact duplicate", "b")],
    )
