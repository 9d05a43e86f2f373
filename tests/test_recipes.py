"""Recipes: each is a whole section `train`, and params.yaml overrides it key by key."""

from pathlib import Path

import pytest
import yaml

from huaben.errors import InputError
from huaben.params import load_params
from huaben.params.training import with_recipe

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


@pytest.fixture
def repository(tmp_path):
    """Return a function that writes params.yaml, its section `train` as given, beside the project's recipes."""
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))

    def write(**train):
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump({**content, "train": train}, allow_unicode=True), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_each_recipe_is_a_whole_section_and_says_what_it_is_for(recipe, repository):
    train = load_params(repository(recipe=f"recipes/{recipe.name}", seeds=[7])).train
    assert train.base == yaml.safe_load(recipe.read_text(encoding="utf-8"))["base"]
    assert recipe.read_text(encoding="utf-8").startswith("# ")
    assert f"recipes/{recipe.name}" in (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


def test_the_embedded_example_is_trained_by_the_recipe_of_the_tiny_base():
    recipe = yaml.safe_load((ROOT / "recipes" / "tiny.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["train"] == recipe


def test_the_7b_recipe_is_that_of_the_project_this_work_began_with(repository):
    train = load_params(repository(recipe="recipes/qwen2.5-7b-lora.yaml")).train
    assert (train.base, train.dpo_lr, train.dpo_epochs, train.lora) == ("Qwen/Qwen2.5-7B-Instruct", 5e-5, 2.0, True)


def test_the_persona_is_told_where_the_base_is_a_model_to_talk_to(repository):
    told = {path.stem: load_params(repository(recipe=f"recipes/{path.name}")).train.persona for path in RECIPES}
    assert told == {"qwen2.5-0.5b-cpu": True, "qwen2.5-7b-lora": True, "tiny": False}


def test_what_stands_in_params_overrides_the_recipe_key_by_key(repository):
    given = {"recipe": "recipes/tiny.yaml", "seeds": [1], "dpo_epochs": 5.0, "mixture": {"qa": 0.0}}
    train = load_params(repository(**given)).train
    assert (train.seeds, train.dpo_epochs, train.mixture.qa, train.mixture.dialogue) == ([1], 5.0, 0.0, 1.0)


def test_a_recipe_that_is_not_there_or_holds_no_keys_is_said(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml"):
        with_recipe({"train": {"recipe": "none.yaml"}}, tmp_path / "params.yaml")
    (tmp_path / "list.yaml").write_text("- base\n", encoding="utf-8")
    with pytest.raises(InputError, match="a recipe holds the keys"):
        with_recipe({"train": {"recipe": "list.yaml"}}, tmp_path / "params.yaml")


def test_base_tiny_without_its_section_is_refused(repository):
    with pytest.raises(InputError, match="needs the section `tiny`"):
        load_params(repository(recipe="recipes/qwen2.5-7b-lora.yaml", base="tiny"))
