"""`huaben diff`: what a change did to the rows, the gates, the price and the models."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from huaben.errors import HuabenError, InputError
from huaben.files import write_text

OUT = click.Path(path_type=Path, allow_dash=True)


@click.command()
@click.argument("base")
@click.argument("head", required=False)
@click.option("--markdown", type=OUT, help="Write Markdown for a pull request; - is standard output.")
@click.option("--json", "as_json", type=OUT, help="Write everything as JSON; - is standard output.")
def diff(base: str, head: str | None, markdown: Path | None, as_json: Path | None) -> None:
    """Say what changed between BASE and HEAD (else the files on disk): rows, gates, price, evaluation.

    Each is a revision of git, the folder of a dataset repository, or a published release.

    \b
      huaben diff main
      huaben diff v1.0 v1.1 --markdown diff.md
      huaben diff ../old/dataset dataset
    """
    from huaben.release.diff.difference import diff as compare
    from huaben.release.diff.difftext import as_markdown

    outputs = {markdown: as_markdown, as_json: _as_json}
    if markdown == as_json and markdown:
        raise InputError("--markdown and --json write to one place; name two")
    result = compare(Path(), base, head, lambda message: click.echo(message, err=True))
    for place, write in outputs.items():
        if place == Path("-"):
            click.echo(write(result), nl=False)
        elif place:
            write_text(place, write(result))
    if Path("-") not in outputs:
        _print(result)
    if result["datasets"] is None:
        raise HuabenError(
            "the rows were not compared: " + "; ".join(result["base"]["notes"] + result["head"]["notes"])
        )


def _as_json(result: Mapping[str, Any]) -> str:
    return json.dumps(result, ensure_ascii=False, indent=1) + "\n"


def _print(result: Mapping[str, Any]) -> None:
    from rich.console import Console

    from huaben.cli.difference import renderables

    console = Console(highlight=False)
    for part in renderables(result):
        console.print(part, soft_wrap=True)  # the terminal wraps: Chinese has no blanks to wrap at
