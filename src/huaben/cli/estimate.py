"""`huaben estimate`: what the asking stages will send and cost, before they do."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from huaben.cli import paths
from huaben.cli.stage import read_cast, read_params
from huaben.errors import InputError

if TYPE_CHECKING:
    from huaben.llm.store import ReplyStore
    from huaben.params import Params
    from huaben.records import Chapter, Conversation


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def estimate(as_json: bool) -> None:
    """Say what the asking stages would send and cost now, before they do.

    The real prompts are rendered; what the reply store already answers costs nothing. DeepSeek's tokens are
    counted exactly with `pip install 'huaben[tokenizer]'`, else by kinds of characters.
    """
    from huaben.cli.progress import settings
    from huaben.extract.estimate import estimate as work_out
    from huaben.novel.stages import load_chapters, load_lines

    params = read_params()
    chapters = paths.CHAPTERS / "chapters.jsonl"
    if not chapters.exists() or not paths.LINES.exists():
        raise InputError(f"{chapters} and {paths.LINES} are needed; run `dvc repro lines` first")
    with Console(stderr=True).status("rendering prompts, counting tokens"), _store() as store:
        run = settings(params)
        known = load_chapters(chapters)
        spoken = _conversations(known, params)
        found = work_out(run, known, load_lines(paths.LINES), read_cast(), store, spoken)
    if params.llm.max_money is not None:
        found["max_money"] = params.llm.max_money
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else _table(found))


def _conversations(chapters: "list[Chapter]", params: "Params") -> "list[Conversation]":
    """Return what the lines for `grounded` are taken from: stage `dialogue`'s, or before it what rules decide."""
    from huaben.cli.trial import by_rules
    from huaben.extract.stages import read_conversations

    if "grounded" not in params.preference.ways:
        return []
    return read_conversations(paths.DIALOGUE) if paths.DIALOGUE.exists() else by_rules(chapters, read_cast(), params)


@contextmanager
def _store() -> Iterator["ReplyStore | None"]:
    """Open the reply store to read, where there is one."""
    from huaben.llm.store import ReplyStore, store_path

    if not store_path().exists():
        yield None
        return
    with closing(ReplyStore(store_path(), writes=False)) as store:
        yield store


def _table(found: dict[str, Any]) -> str:
    currency, total = found["currency"], found["total"]
    rows = [f"{'stage':<12}{'requests':>9}{'hit':>12}{'miss':>12}{'output':>12}{currency:>12}"]
    for name, stage in [*found["stages"].items(), ("total", total)]:
        tokens = "".join(f"{stage[f'tokens_{kind}']:>12,}" for kind in ("hit", "miss", "output"))
        rows.append(f"{name:<12}{stage['requests']:>9,}{tokens}{stage['money']:>12.4f}")
    rows.append(f"at peak hours: {total['money_at_peak']:.4f} {currency}; tokens by {found['tokens_counted_by']}")
    rows.append("The same requests in other layouts:")
    rows += [f"  {money:>10.4f}  {name}" for name, money in found["layouts"].items()]
    if found.get("max_money") is not None:
        rows.append(f"llm.max_money: {found['max_money']:g} {currency} for this novel in all")
    return "\n".join(rows)
