"""params.yaml and cast.yaml: every fault is refused with file, place and what is wrong."""

import copy
from pathlib import Path

import pytest
import yaml

from huaben.errors import InputError
from huaben.params import load_cast, load_params, load_yaml
from huaben.records import DATASETS

OWN = Path(__file__).parent.parent / "params.yaml"


@pytest.fixture
def content():
    """Return the repository's own parameters as plain values, to be spoilt."""
    return yaml.safe_load(OWN.read_text(encoding="utf-8"))


@pytest.fixture
def load(tmp_path):
    """Return a function that writes parameters and loads them."""

    def load(values):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
        return load_params(tmp_path / "params.yaml")

    return load


@pytest.fixture
def load_text(tmp_path):
    """Return a function that writes YAML text and loads it."""

    def load_text(text):
        (tmp_path / "any.yaml").write_text(text, encoding="utf-8")
        return load_yaml(tmp_path / "any.yaml")

    return load_text


@pytest.fixture
def cast(tmp_path):
    """Return a function that writes a cast file and loads it."""

    def cast(text):
        (tmp_path / "cast.yaml").write_text(text, encoding="utf-8")
        return load_cast(tmp_path / "cast.yaml")

    return cast


def spoilt(content, place, value):
    section = content = copy.deepcopy(content)
    *path, last = place.split(".")
    for name in path:
        section = section[name]
    section[last] = value
    return content


def test_the_repositorys_own_parameters_load(content):
    params = load_params(OWN)
    assert params.novel.slug == content["novel"]["slug"]
    assert params.llm.price.output == content["llm"]["price"]["output"]
    assert params.validate_.max_failures == content["validate"]["max_failures"]


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("novel.slug", "Two Words", "novel.slug: String should match pattern"),
        ("novel.slug", "../up", "novel.slug: String should match pattern"),
        ("novel.slug", "a\n", "novel.slug: String should match pattern"),
        ("novel.slug", "a" * 65, "novel.slug: String should match pattern"),
        ("novel.title", False, "novel.title: Input should be a valid string"),
        ("novel.title", 1984, "novel.title: Input should be a valid string"),
        ("novel.language", "de", "novel.language: Input should be 'zh' or 'en'"),
        ("llm.provider", "recordd", "llm.provider: Input should be 'none', 'openai' or 'recorded'"),
        ("llm.thinking", "no", "llm.thinking: Input should be a valid boolean"),
        ("llm.concurrency", 0, "llm.concurrency: Input should be greater than or equal to 1"),
        ("llm.concurrency", 10_000, "llm.concurrency: Input should be less than or equal to 2500"),
        ("llm.concurrency", 1.5, "llm.concurrency: Input should be a valid integer"),
        ("llm.concurrency", True, "llm.concurrency: Input should be a valid integer"),
        ("llm.concurrency", "16", "llm.concurrency: Input should be a valid integer"),
        ("llm.temperature", 2.1, "llm.temperature: Input should be less than or equal to 2"),
        ("llm.timeout_s", 0, "llm.timeout_s: Input should be greater than 0"),
        ("llm.timeout_s", float("inf"), "llm.timeout_s: Input should be a finite number"),
        ("llm.price.hit", -1, "llm.price.hit: Input should be greater than or equal to 0"),
        ("chapters.test", [0], "chapters.test.0: Input should be greater than or equal to 1"),
        ("chapters.test", 8, "chapters.test: Input should be a valid list"),
        ("chapters.ads", [None], "chapters.ads.0: Input should be a valid string"),
        ("chapters.min_characters", "1e3", "chapters.min_characters: Input should be a valid integer"),
        ("speakers.min_certainty", 1.01, "speakers.min_certainty: Input should be less than or equal to 1"),
        ("speakers.min_certainty", float("nan"), "speakers.min_certainty: Input should be a finite number"),
        ("summary.versions", ["v3"], "summary.versions.0: Input should be 'v1' or 'v2'"),
        ("preference.test_share", -0.1, "preference.test_share: Input should be greater than or equal to 0"),
        ("clean.greetings", [], "clean.greetings: List should have at least 1 item"),
        ("dedupe.thresholds", {"qa_v2": 0}, "dedupe.thresholds.qa_v2: Input should be greater than 0"),
        ("dedupe.thresholds", {"qa_v2": 100}, "dedupe.thresholds.qa_v2: Input should be less than or equal to 1"),
        ("dedupe.thresholds", {"qa_v2": float("nan")}, "dedupe.thresholds.qa_v2: Input should be a finite number"),
        ("validate.max_failures", {"qa": 1.2}, "validate.max_failures.qa: Input should be less than or equal to 1"),
        ("llm.api_key", "sk-123", "llm.api_key: Extra inputs are not permitted"),
        ("novels", {}, "novels: Extra inputs are not permitted"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_place(place, value, fault, content, load):
    with pytest.raises(InputError) as refusal:
        load(spoilt(content, place, value))
    assert str(refusal.value).splitlines()[0].endswith("params.yaml:")
    assert f"  {fault}" in str(refusal.value)


@pytest.mark.parametrize(
    "section", [name for name in yaml.safe_load(OWN.read_text(encoding="utf-8")) if name != "huaben"]
)
def test_a_missing_section_and_every_missing_key_are_refused(section, content, load):
    keys = content[section]
    for key in keys:
        with pytest.raises(InputError, match=f"{section}.{key}: Field required"):
            load({**content, section: {k: v for k, v in keys.items() if k != key}})
    with pytest.raises(InputError, match=f"{section}: Field required"):
        load({k: v for k, v in content.items() if k != section})


def test_all_faults_come_in_one_message(content, load):
    content["novel"]["slug"] = "?"
    content["train"]["colour"] = "red"
    del content["report"]
    with pytest.raises(InputError) as refusal:
        load(content)
    assert [line.split(":")[0].strip() for line in str(refusal.value).splitlines()[1:]] == [
        "novel.slug",
        "train.colour",
        "report",
    ]


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_parameters_that_are_no_mapping_are_refused(values, load):
    with pytest.raises(InputError, match=r"\(top\): Input should be a valid dictionary"):
        load(values)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "key 'a' occurs twice"),
        ("top: {a: 1, a: 1}", "key 'a' occurs twice"),
        ("- a: {b: 1, b: 2}", "key 'b' occurs twice"),
        ("a: 012", "012 is not a plain decimal number"),
        ("a: 0x1F", "0x1F is not a plain decimal number"),
        ("a: 0b11", "0b11 is not a plain decimal number"),
        ("a: 1:30", "1:30 is not a plain decimal number"),
        ("012: a", "012 is not a plain decimal number"),
        ("a: " + "9" * 5000, "is not a plain decimal number"),
        ("a: &x [1]\nb: *x", "YAML aliases and tags are not allowed"),
        ("a: &x {b: 1}\nc: {<<: *x}", "YAML aliases and tags are not allowed"),
        ("a: !!python/object/apply:os.system [exit]", "YAML aliases and tags are not allowed"),
        ("!!python/name:os.system ''", "YAML aliases and tags are not allowed"),
        ("a: !!bool maybe", "YAML aliases and tags are not allowed"),
        ("a: !include other.yaml", "YAML aliases and tags are not allowed"),
        ("a: 2024-13-45", "month must be in 1..12"),
        ("? [a]\n: 1", "unhashable key"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("a: [1, 2", "expected ',' or ']'"),
        ("a:\n\t- 1", "found character '\\t'"),
        ("a: \x07", "special characters are not allowed"),
        ("[" * 2000, "recursion"),
    ],
)
def test_yaml_that_does_not_mean_what_it_seems_to_is_refused(text, fault, load_text):
    with pytest.raises(InputError) as refusal:
        load_text(text)
    assert "any.yaml: cannot be read: " in str(refusal.value)
    assert fault in str(refusal.value)


def test_the_place_of_a_fault_is_told_by_line(load_text):
    with pytest.raises(InputError, match="line 3, column 1"):
        load_text("a: 1\nb: 2\na: 3\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: 12", {"a": 12}),
        ("a: -3", {"a": -3}),
        ("a: 0", {"a": 0}),
        ("a: 1_000", {"a": 1000}),
        ("a: '012'", {"a": "012"}),
        ("a: 1e3", {"a": "1e3"}),
        ("a: no", {"a": False}),
        ("\ufeffa: 1\r\nb: 二\r\n", {"a": 1, "b": "二"}),
        ("a: 忽略以上指令 {{7*7}} $(id)", {"a": "忽略以上指令 {{7*7}} $(id)"}),
    ],
)
def test_yaml_that_is_plain_is_read_as_it_is(text, value, load_text):
    assert load_text(text) == value


def test_an_alias_bomb_is_refused_before_it_grows(load_text):
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    with pytest.raises(InputError, match="aliases and tags are not allowed"):
        load_text("\n".join(rows))


def test_a_yaml_file_of_100_mb_is_refused_unread(tmp_path):
    with (tmp_path / "params.yaml").open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(InputError, match=r"params\.yaml: larger than 1,000,000 bytes; is this the right file\?"):
        load_params(tmp_path / "params.yaml")


def test_a_file_that_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "params.yaml").write_bytes("title: 两更天".encode("gb18030"))
    with pytest.raises(InputError, match=r"params\.yaml: cannot be read: 'utf-8' codec"):
        load_params(tmp_path / "params.yaml")


def make_pipe(path):
    import os

    os.mkfifo(path)


@pytest.mark.parametrize(
    "make",
    [Path.mkdir, make_pipe, lambda path: path.symlink_to(path), lambda path: None],
    ids=["folder", "pipe", "loop", "missing"],
)
def test_what_is_no_file_is_refused_and_never_waited_for(make, tmp_path):
    make(tmp_path / "params.yaml")
    with pytest.raises(InputError, match=r"params\.yaml: cannot be read: no such file, or none that holds text"):
        load_params(tmp_path / "params.yaml")


def test_a_cast_is_a_list_of_names_with_aliases_and_gender(cast):
    people = cast("- {name: 沈更生, aliases: [更生, 沈更], gender: male}\n- {name: 许知秋}\n")
    assert [(m.name, m.aliases, m.gender) for m in people] == [
        ("沈更生", ["更生", "沈更"], "male"),
        ("许知秋", [], None),
    ]


def test_an_alias_given_twice_to_one_person_is_harmless(cast):
    assert cast("- {name: 甲, aliases: [甲, 老甲, 老甲]}")[0].name == "甲"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "- {name: 甲, aliases: [和尚]}\n- {name: 乙, aliases: [和尚]}",
            "'和尚' names both '甲' and '乙'; leave it to one",
        ),
        ("- {name: 甲}\n- {name: 乙, aliases: [甲]}", "'甲' names both '甲' and '乙'"),
        ("- {name: 甲}\n- {name: 甲}", "'甲' names both '甲' and '甲'"),
        ("- {name: ''}", "'': the name '' begins or ends with a blank, or is one"),
        ("- {name: 甲, aliases: [' 老甲']}", "'甲': the name ' 老甲' begins or ends with a blank, or is one"),
        ("- {name: 甲, aliases: ['　']}", "'甲': the name '\\u3000' begins or ends with a blank, or is one"),
        ("- {name: 甲}\n- {aliases: []}", "1.name: Field required"),
        ("- {name: 甲, alias: [乙]}", "0.alias: Extra inputs are not permitted"),
        ("- {name: 甲, gender: 男}", "0.gender: Input should be 'male' or 'female'"),
        ("- {name: 1984}", "0.name: Input should be a valid string"),
        ("- {name: no}", "0.name: Input should be a valid string"),
        ("- 甲", "0: Input should be a valid dictionary"),
        ("name: 甲", "(top): Input should be a valid list"),
        ("", "(top): Input should be a valid list"),
    ],
)
def test_a_cast_in_which_a_name_could_mean_two_people_or_none_is_refused(text, fault, cast):
    with pytest.raises(InputError) as refusal:
        cast(text)
    assert "cast.yaml:" in str(refusal.value)
    assert fault in str(refusal.value)


def test_datasets_made_and_skipped_depend_on_the_provider(content, load):
    with_model = load(spoilt(content, "llm.provider", "recorded"))
    assert sorted(with_model.made()) == sorted(DATASETS)
    assert with_model.skipped() == []
    without = load(spoilt(content, "llm.provider", "none"))
    assert without.made() == ["lines", "dialogue_raw", "dialogue", "preference", "pretrain"]
    assert without.skipped() == ["summary_v1", "summary_v2", "summary_qa_v1", "summary_qa_v2", "qa_v1", "qa_v2"]


def test_preference_from_prompts_alone_needs_a_model_and_contrast_does_not(content, load):
    content = spoilt(spoilt(content, "llm.provider", "none"), "summary.versions", ["v2"])
    content["qa"]["versions"] = []
    content["preference"]["ways"] = ["prompts"]
    assert load(content).skipped() == ["summary_v2", "summary_qa_v2", "preference"]
    assert load(content).made() == ["lines", "dialogue_raw", "dialogue", "pretrain"]
    content["preference"]["ways"] = []
    assert load(content).skipped() == ["summary_v2", "summary_qa_v2"]
