"""What the layout promises: names agree, dependencies are declared, documents say what is on the disk."""

import ast
import re
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from huaben.cli.main import cli
from huaben.cli.paths import STAGES, TOOLS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "huaben"
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
FOREIGN = re.compile(rb"index[-]url|find[-]links|pypi[.]org|/(work|root|tmp|home)/")
"""What stands on one machine only; written so that it does not find itself."""


def imports_of(tree):
    """Every huaben module that a piece of code imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("huaben"):
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def file_of(module):
    path = SOURCE.parent / Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


def rooms_of_stage(stage):
    """The files that a stage's command, given no file, imports outside cli, followed to the end."""
    commands = ast.parse((SOURCE / "cli" / "stages.py").read_text(encoding="utf-8"))
    tools = ast.parse((SOURCE / "cli" / "tools.py").read_text(encoding="utf-8"))
    function = next(n for n in [*commands.body, *tools.body] if isinstance(n, ast.FunctionDef) and n.name == stage)
    waiting, seen = list(imports_of(function)), set()
    not_the_stage = {SOURCE / "cli" / "main.py", SOURCE / "cli" / "anyfile.py"}
    while waiting:
        path = file_of(waiting.pop())
        if path and path not in seen and path not in not_the_stage:
            seen.add(path)
            waiting += imports_of(ast.parse(path.read_text(encoding="utf-8")))
    return {path for path in seen if "cli" not in path.relative_to(SOURCE).parts[:1]}


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_depends_on_every_room_that_its_command_imports(stage):
    deps = [ROOT / dep for dep in PIPELINE[stage]["deps"]]
    undeclared = {
        str(path.relative_to(ROOT))
        for path in rooms_of_stage(stage)
        if path.name != "__init__.py" and not any(path == dep or dep in path.parents for dep in deps)
    }
    assert undeclared == set()


def test_a_change_of_a_measure_trains_nothing_again():
    measures = set((SOURCE / "training" / "evaluation").glob("*.py"))
    deps = {ROOT / dep for dep in PIPELINE["train"]["deps"]}
    assert measures & rooms_of_stage("evaluate")
    assert not [path for path in measures if {path, *path.parents} & deps]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_one_name_in_dvc_cli_and_params(stage):
    assert PIPELINE[stage]["cmd"] == f"huaben {stage}"
    assert isinstance(cli.get_command(click.Context(cli), stage), click.Command)
    assert stage in PARAMS or stage == "lines"


@pytest.mark.parametrize("stage", ["speakers", "summary", "qa", "preference", "evaluate"])
def test_an_asking_stage_depends_on_prompts_and_recorded_replies(stage):
    assert {"prompts", "data/recorded/replies.jsonl", "data/replies.jsonl"} <= set(PIPELINE[stage]["deps"])


def test_money_and_speed_are_no_params_of_any_stage():
    declared = {name for stage in PIPELINE.values() for name in stage.get("params", [])}
    assert not declared & {"llm", "llm.concurrency", "llm.timeout_s", "llm.price", "llm.api_key_env"}


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_a_stage_that_may_tell_models_the_persona_depends_on_it(stage):
    params = set(PIPELINE[stage]["params"])
    assert "train" in params
    assert params & {"character", "character.persona"}


def test_every_command_has_help_and_stands_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in [*STAGES, *TOOLS]:
        assert cli.get_command(click.Context(cli), name).help
        assert re.search(rf"\b{name}\b", readme), f"README.md does not speak of {name}"


def test_the_tree_in_the_readme_is_the_tree_on_the_disk():
    for name in ("README.md", "README.zh-CN.md"):
        block = re.search(r"```text tree\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
        named = [line.split()[0] for line in block[1].splitlines() if line.strip()]
        missing = [entry for entry in named if not (ROOT / entry).exists()]
        rooms = {f"src/huaben/{path.name}/" for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
        assert not missing
        assert rooms <= set(named)


def test_every_module_that_a_script_or_a_test_imports_is_there():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    trees = {name: ast.parse((ROOT / name).read_text(encoding="utf-8")) for name in listed.split("\0") if name}
    named = {(name, node.module) for name, tree in trees.items() for node in ast.walk(tree) if is_ours(node)}
    assert len(trees) > 200
    assert [(name, module) for name, module in named if file_of(module) is None] == []


def is_ours(node):
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "huaben"


def test_no_tracked_file_names_a_registry_host_or_a_path_of_one_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if (ROOT / name).is_file()]
    assert ROOT / "README.md" in paths
    assert [path for path in paths if FOREIGN.search(path.read_bytes())] == []
