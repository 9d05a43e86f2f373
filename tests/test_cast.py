"""A proposed cast is a valid cast.yaml; names are joined only where they can be one person's."""

from pathlib import Path

import pytest

from conftest import REPOSITORY
from huaben.cli.main import main
from huaben.errors import InputError
from huaben.novel.people.cast import propose_cast
from huaben.novel.people.castfile import as_yaml
from huaben.novel.reading.chapters import read_chapters
from huaben.params import ANY_NOVEL, load_cast

TOLD = "他们把灯放在门口，一盏一盏地点起来。\n"


def said(name, times=4, line="你们把灯放在门口了吗？"):
    return "".join(f"{name}说：“{line}{n}”\n" for n in range(times)) + TOLD


@pytest.fixture
def people(make_chapter):
    """Return a function that gives the people of a text by name, and its roles."""

    def people(text):
        proposal = propose_cast([make_chapter(text)])
        return {p.name: p for p in proposal.people}, {r.name: r.lines for r in proposal.roles}

    return people


def test_a_name_that_cues_speech_often_is_proposed_with_its_lines(people):
    found, _ = people(said("沈更生", 5) + said("梁明夷", 3) + said("路过的", 1))
    assert [(p.name, p.lines, p.mentions) for p in found.values()] == [("沈更生", 5, 5), ("梁明夷", 3, 3)]
    assert found["沈更生"].samples[0] == "你们把灯放在门口了吗？0"


@pytest.mark.parametrize(
    "line",
    ["许知秋说：“{}”", "“{}”许知秋说。", "“{}”许知秋笑道，", "许知秋忙问：“{}”", "许知秋曰：{}。", "许知秋叹了：“{}”"],
)
def test_a_cue_before_or_after_names_the_speaker(line, people):
    found, _ = people("".join(line.format(f"灯亮了吗{n}") + "\n" for n in range(3)))
    assert list(found) == ["许知秋"]


@pytest.mark.parametrize("alias", ["更生", "沈师傅", "老沈", "阿生", "沈先生"])
def test_a_name_that_can_only_be_one_persons_is_an_alias(alias, people):
    found, _ = people(said("沈更生", 5) + said(alias, 3))
    assert list(found) == ["沈更生"]
    assert (found["沈更生"].aliases, found["沈更生"].lines) == ([alias], 8)


def test_a_title_that_fits_two_people_stays_apart(people):
    found, _ = people(said("沈更生") + said("沈素秋") + said("沈师傅"))
    assert set(found) == {"沈更生", "沈素秋", "沈师傅"}


def test_a_common_word_is_no_person_but_told(people):
    found, roles = people(said("沈更生") + said("和尚", 9) + said("知县", 5) + said("小和尚", 3))
    assert list(found) == ["沈更生"]
    assert roles == {"和尚": 9, "知县": 5, "小和尚": 3}


@pytest.mark.parametrize("word", ["他们", "忽然说", "有人问", "高声", "这时候", "大家", "自己"])
def test_what_stands_before_a_speech_verb_and_is_no_name_is_left_out(word, people):
    found, roles = people(said("沈更生") + said(word))
    assert (list(found), roles) == (["沈更生"], {})


def called(call, answerer, times=8, caller="路人甲", line="灯亮了没有"):
    return "".join(f"{caller}说：“{call}，{line}{n}？”\n{answerer}说：“亮了{n}回。”\n" for n in range(times)) + TOLD


def test_a_common_word_is_an_alias_where_one_person_answers_to_it(people):
    found, roles = people(said("沈更生", 9) + called("和尚", "沈更生") + said("和尚", 5))
    assert (found["沈更生"].aliases, found["沈更生"].lines) == (["和尚"], 22)
    assert found["沈更生"].reasons == ["和尚: of 8 who are called so, 8 answer as 沈更生"]
    assert roles == {}


@pytest.mark.parametrize(
    "text",
    [
        called("和尚", "沈更生", 7),
        called("和尚", "沈更生", 9) + called("和尚", "方小满", 7),
        called("和尚", "沈更生", 9, caller="和尚"),
        called("和尚", "沈更生", 9) + "和尚说：“灯呢？”\n沈更生说：“在呢。”\n" * 9,
    ],
    ids=["too few", "two people", "himself", "they take turns"],
)
def test_a_common_word_stays_apart_where_the_answers_do_not_show_it(text, people):
    found, roles = people(said("沈更生", 9) + said("方小满", 9) + said("和尚", 5) + text)
    assert (found["沈更生"].aliases, "和尚" in roles) == ([], True)


@pytest.mark.parametrize("call", ["师父", "哥哥", "二哥", "老爷", "客官", "贤弟"])
def test_what_anybody_is_called_is_never_an_alias(call, people):
    found, _ = people(said("沈更生", 9) + called(call, "沈更生", 20))
    assert found["沈更生"].aliases == []


def test_who_answers_to_an_alias_by_answers_has_both(people):
    text = said("沈更生", 9) + called("和尚", "沈更生") + said("和尚", 9) + called("圣僧", "和尚")
    assert people(text)[0]["沈更生"].aliases == ["和尚", "圣僧"]


def test_what_one_says_of_oneself_is_an_alias_and_once_only_told(people):
    text = (
        said("沈更生")
        + "沈更生说：“我名道济，是打更的。”\n沈更生说：“我名道济。”\n"
        + "有个人姓梁名守更，走了。"
        + "梁守更来了。" * 12
    )
    found, _ = people(text + "沈更生说：“我就是你表弟梁守更回来了。”\n")
    assert (found["沈更生"].aliases, found["沈更生"].perhaps) == (["道济"], ["梁守更"])


@pytest.mark.parametrize(
    "told", ["童林童海川来了。" * 5, "此人姓童名林表字海川。", "那人姓童，名林，字海川。", "原来是童林，表字海川。"]
)
def test_a_courtesy_name_is_an_alias(told, people):
    found, _ = people(said("童林", 5) + said("海川", 9) + "童海川走了。" * 12 + told)
    assert set(found) == {"海川"}
    assert found["海川"].aliases == ["童林", "童海川"]


def test_a_title_that_may_mean_a_commoner_short_name_is_only_told(people):
    found, _ = people(said("于小三") + said("于爷") + said("于恒", 9))
    assert (set(found), found["于小三"].perhaps) == ({"于小三", "于爷", "于恒"}, ["于爷"])


def test_a_common_word_is_not_the_given_name_of_a_title(people):
    assert people(said("李天王", 5) + said("天王", 5))[0]["李天王"].aliases == []


def test_a_name_that_begins_with_a_numeral_is_a_name(people):
    assert set(people(said("三藏", 9) + said("三人", 9) + said("二爷", 9))[0]) == {"三藏"}


def test_a_name_with_the_next_word_is_that_name(people):
    text = "".join(f"海川走了{n}里路。\n" for n in range(40)) + said("海川", 9) + said("海川一", 3)
    assert list(people(text)[0]) == ["海川"]


def test_a_shorter_name_that_may_be_the_same_is_told(people):
    found, _ = people(said("沈更", 9) + said("沈更生", 6))
    assert (set(found), found["沈更"].perhaps) == ({"沈更", "沈更生"}, ["沈更生"])


def test_who_is_introduced_or_often_acts_is_proposed_without_a_line(people):
    acts = "".join(f"庞满仓{verb}下来，{TOLD}" for verb in "坐走停跑躺站跳掉慢静沉瘦")
    found, _ = people(f"此人姓李名茂春，住在城里。{acts}" + "李茂春来了。" * 12)
    assert {name: p.lines for name, p in found.items()} == {"庞满仓": 0, "李茂春": 0}


@pytest.mark.parametrize(
    ("name", "told", "gender"),
    [
        ("王夫人", "", "female"),
        ("苏员外", "", "male"),
        ("方小满", "方小满把她的手绢收起来。" * 4, "female"),
        ("梁明夷", "梁明夷把他的本子合上了。" * 4 + "她走了。", "male"),
        ("梁明夷", "梁明夷把他的本子合上了。梁明夷把她的本子合上了。" * 4, None),
        ("梁明夷", "梁明夷把他的本子合上了。" * 99, None),
    ],
)
def test_gender_is_told_by_a_title_or_by_pronouns_or_not_at_all(name, told, gender, people):
    found, _ = people(said(name).replace(TOLD, "") + told)
    assert found[name].gender == gender


def test_english_names_are_found_as_well(people):
    text = "“You are late,” said Mrs. Harrow.\n“I am,” Tom Pell answered.\n" * 3
    found, _ = people(text)
    assert {p.name: (p.lines, p.gender) for p in found.values()} == {
        "Mrs. Harrow": (3, "female"),
        "Tom Pell": (3, None),
    }


def test_an_english_title_introduces_a_name(people):
    assert set(people("Mrs. Harrow waited by the river with Miss Pell. " * 12)[0]) == {"Mrs. Harrow", "Miss Pell"}


@pytest.mark.parametrize("line", ["他说：# - 好\t{x}", "““好", "好\ufffe\u202e完了吗", "- name: x", "'\"'"])
def test_a_proposal_is_a_valid_cast_file_whatever_the_lines_hold(line, make_chapter, tmp_path):
    proposal = propose_cast([make_chapter(said("沈更生", 4, line) + said("更生") + said("和尚", 4, line))])
    (tmp_path / "cast.yaml").write_text(as_yaml(proposal), encoding="utf-8")
    cast = load_cast(tmp_path / "cast.yaml")
    assert [(member.name, member.aliases) for member in cast] == [("沈更生", ["更生"])]


def test_a_text_in_which_nobody_speaks_gives_an_empty_cast(make_chapter, tmp_path):
    (tmp_path / "cast.yaml").write_text(as_yaml(propose_cast([make_chapter(TOLD)])), encoding="utf-8")
    assert load_cast(tmp_path / "cast.yaml") == []


def test_every_person_of_the_embedded_novel_is_proposed_by_some_name():
    chapters, _ = read_chapters([REPOSITORY / "data/raw/lianggengtian.txt"], "novel", ANY_NOVEL)
    proposal = propose_cast(chapters)
    names = {name for person in proposal.people for name in (person.name, *person.aliases)}
    cast = load_cast(REPOSITORY / "cast.yaml")
    assert [m.name for m in cast if not names & {m.name, *m.aliases}] == []
    assert len(proposal.people) <= 15


def test_the_command_prints_a_cast_or_writes_it_once(tmp_path, capsys):
    novel, out = tmp_path / "novel.txt", tmp_path / "cast.yaml"
    novel.write_text(said("沈更生"), encoding="utf-8")
    main(["cast", str(novel)])
    assert '- name: "沈更生"  # 4 lines' in capsys.readouterr().out
    main(["cast", str(novel), "--out", str(out)])
    assert load_cast(out)[0].name == "沈更生"
    with pytest.raises(SystemExit) as stop:
        main(["cast", str(novel), "--out", str(out)])
    assert stop.value.code == InputError.exit_code
    assert "is there already" in capsys.readouterr().err


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(SystemExit):
        main(["cast", str(Path(tmp_path / "none.txt"))])
