"""params.yaml and cast.yaml: every fault is refused with file, place and what is wrong."""

import copy
from pathlib import Path

import pytest
import yaml

from huaben.errors import InputError
from huaben.params import load_cast, load_params
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
        ("llm.preset", "azure", "llm.preset: Input should be 'deepseek', 'openai', 'vllm', 'llamacpp' or 'ollama'"),
        ("llm.passage_characters", 499, "llm.passage_characters: Input should be greater than or equal to 500"),
        ("llm.max_money", -1.0, "llm.max_money: Input should be greater than or equal to 0"),
        ("llm.max_money", "10 CNY", "llm.max_money: Input should be a valid number"),
        ("llm.price.cache", "all", "llm.price.cache: Input should be 'units', 'blocks' or 'none'"),
        ("llm.price.peak.factor", 0.5, "llm.price.peak.factor: Input should be greater than or equal to 1"),
        ("llm.price.peak.zone", "Shanghai", "llm.price.peak.zone: Value error, a time zone such as Asia/Shanghai is"),
        ("llm.price.peak.zone", "../etc/passwd", "llm.price.peak.zone: Value error, a time zone"),
        ("llm.price.peak.hours", [[9, 25]], "llm.price.peak.hours.0.1: Input should be less than or equal to 24"),
        ("llm.price.peak.hours", [[9]], "llm.price.peak.hours.0: List should have at least 2 items"),
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


@pytest.mark.parametrize(("place", "value"), [("llm.max_money", None), ("llm.max_money", 0), ("llm.price.peak", None)])
def test_what_may_be_left_out_is_null(place, value, content, load):
    assert load(spoilt(content, place, value)).llm.max_money == (0 if value == 0 else None)


def test_datasets_made_and_skipped_depend_on_the_provider(content, load):
    with_model = load(spoilt(content, "llm.provider", "recorded"))
    assert sorted(with_model.made()) == sorted(DATASETS)
    assert with_model.skipped() == []
    without = load(spoilt(content, "llm.provider", "none"))
    assert without.made() == ["lines", "dialogue_raw", "dialogue", "preference", "pretrain"]
    assert without.skipped() == ["summary_v1", "summary_v2", "summary_qa_v1", "summary_qa_v2", "qa_v1", "qa_v2"]


def test_preference_by_contrast_needs_no_model_and_the_other_ways_do(content, load):
    content = spoilt(spoilt(content, "llm.provider", "none"), "summary.versions", ["v2"])
    content["qa"]["versions"] = []
    for ways in (["prompts"], ["grounded"], ["prompts", "grounded"]):
        content["preference"]["ways"] = ways
        assert load(content).skipped() == ["summary_v2", "summary_qa_v2", "preference"]
    assert load(content).made() == ["lines", "dialogue_raw", "dialogue", "pretrain"]
    content["preference"]["ways"] = []
    assert load(content).skipped() == ["summary_v2", "summary_qa_v2"]
