"""`huaben push`: the release, to the hubs where datasets are published."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import click

from huaben.cli import paths
from huaben.files import read_json

if TYPE_CHECKING:
    from huaben.release.hubs.sending import Advance
    from huaben.release.push import Made, Push, Sent

MODULES = {"hf": "huggingface", "modelscope": "modelscope", "aistudio": "aistudio"}


@click.command()
@click.argument("hub", type=click.Choice([*MODULES]))
@click.argument("repository")
@click.option("--exports", is_flag=True, help="Send exports/ as well, as a folder beside the rows.")
@click.option("--public", is_flag=True, help="For everybody to see; else only for you.")
@click.option("--dry-run", is_flag=True, help="Check everything and show what would be sent; needs no token.")
def push(hub: str, repository: str, exports: bool, public: bool, dry_run: bool) -> None:
    """Send the release to REPOSITORY (OWNER/NAME) of Hugging Face, ModelScope or AI Studio.

    \b
      huaben push hf anna/two-watches --dry-run
      HF_TOKEN=... huaben push hf anna/two-watches
    """
    from huaben.release.push import plan_push

    # uploads through Xet, the default of huggingface_hub, keep a cache and a log in the user's home
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    planned = plan_push(repository, paths.DATASET, paths.EXPORTS if exports else None, _made(), not public)
    if dry_run:
        return _show(hub, planned)
    _say(hub, _send(hub, planned))


def _made() -> "Made":
    from huaben.cli.judge import GATES, PLACES, read_facts
    from huaben.cli.stage import read_params
    from huaben.gates.inputs import changed_inputs
    from huaben.release.push import Made

    params, gates = read_params(), read_json(GATES)
    return Made(paths.DEDUPE, gates, changed_inputs(gates, PLACES, params), params, read_facts())


def _send(hub: str, planned: "Push") -> "Sent":
    from huaben.release.hubs.sending import need_library, read_token

    module = import_module(f"huaben.release.hubs.{MODULES[hub]}")
    need_library(module.HUB)
    token = read_token(module.HUB)
    with _progress(sum(item.size for item in planned.items)) as advance:
        sent: Sent = module.send(planned, token, advance)
    return sent


@contextmanager
def _progress(total: int) -> Iterator["Advance"]:
    """Show the bytes that arrived, on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeElapsedColumn

    columns = (BarColumn(), DownloadColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)  # this one, whatever a library's output is kept in meanwhile
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("push", total=total)
        yield lambda size: bar.advance(task, size)


def _show(hub: str, planned: "Push") -> None:
    for item in planned.items:
        click.echo(f"{item.size:>12,}  {item.path}")
    seen = "private" if planned.is_private else "public"
    total = sum(item.size for item in planned.items)
    click.echo(f"{len(planned.items)} files, {total:,} bytes, would go to {hub}, {planned.repository} ({seen}),")
    click.echo(f"as the revision {planned.message!r}; nothing was sent, and the hub was not asked what it holds")


def _say(hub: str, done: "Sent") -> None:
    size = sum(item.size for item in done.sent)
    click.echo(f"push: {len(done.sent)} files sent ({size:,} bytes), {len(done.there)} were there already: {done.url}")
    if done.others:
        click.echo(f"  not of this release, and left as they are: {', '.join(done.others)}")
