"""What a sentence of narration says about who speaks beside it."""

import pytest

from huaben.novel.attribution.cues import read_cue
from huaben.novel.people.names import Names
from huaben.params import CastMember

NAMES = Names([CastMember(name="沈更生"), CastMember(name="许知秋")])


def cue(text):
    return read_cue(text, NAMES.find(text))


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("沈更生看了看表，说：", "沈更生"),
        ("沈更生走了，许知秋问：", "许知秋"),
        ("沈更生对许知秋说：", "沈更生"),
        ("他回答许知秋说：", None),
        ("他姐姐许知秋说：", "许知秋"),
        ("沈更生的脸红了，说：", "沈更生"),
        ("沈更生的徒弟说：", None),
        ("他还听见许知秋嘟囔说：", "许知秋"),
        ("许知秋看着沈更生。", "许知秋"),
        ("天亮了。", None),
    ],
)
def test_the_subject_is_the_name_that_opens_the_clause_of_the_verb(text, subject):
    token = cue(text).subject
    assert (token.name if token else None) == subject


@pytest.mark.parametrize(
    ("text", "gender", "is_role"),
    [
        ("他说：", "male", False),
        ("她笑了。", "female", False),
        ("妻子说：", "female", True),
        ("老汉说：", "male", True),
    ],
)
def test_pronouns_and_roles_tell_the_gender_of_the_subject(text, gender, is_role):
    subject = cue(text).subject
    assert (subject.name, subject.gender, subject.is_role) == (None, gender, is_role)


def test_they_are_no_single_subject():
    assert cue("他们说：").subject is None
    assert cue("他们说：").pronoun == "他们"


def test_marks_and_verbs_are_seen():
    assert (cue("沈更生说：").has_colon, cue("沈更生说，").ends_in_comma) == (True, True)
    assert (cue("沈更生问她。").says_last, cue("沈更生走了。").says_last) == (True, False)
    assert (cue("沈更生答应了。").says, cue("他知道。").says) == (True, False)


def test_names_after_the_subject_are_not_whom_a_pronoun_means():
    assert cue("他看着许知秋说：").objects == {"许知秋"}
