"""`huaben`: one command a stage, and the tools beside them."""

import os
import signal
import sys
from typing import Any

import click

from huaben import __version__
from huaben.cli.paths import STAGES, TOOLS
from huaben.cli.starter import end_with, starter
from huaben.errors import HuabenError


class LazyGroup(click.Group):
    """Imports a command's module only when that command runs, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the stages in the order of the flow, then the tools."""
        return [*STAGES, *TOOLS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command."""
        if name not in self.list_commands(ctx):
            return None
        from huaben.cli import stages, tools

        found = getattr(stages, name, None) or getattr(tools, "import_" if name == "import" else name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands under two headings."""
        for title, names in (("Stages, in the order of the flow", STAGES), ("Tools", TOOLS)):
            with formatter.section(title):
                rows = [(name, self.get_command(ctx, name)) for name in names]
                formatter.write_dl([(name, command.get_short_help_str(70)) for name, command in rows if command])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="huaben")
def cli() -> None:
    """Turn a novel into versioned, quality-gated fine-tuning datasets, and prove them by training.

    In a dataset repository `dvc repro` runs all stages; a stage's command runs that stage alone.

    \b
      huaben init my-dataset --novel novel.txt --character 济公 --alias 和尚
      cd my-dataset && dvc repro
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; translate our errors into messages and exit codes."""
    started_by = starter()
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    signal.signal(signal.SIGTERM, _terminate)
    try:
        end_with(started_by)
        cli.main(args=arguments, prog_name="huaben", standalone_mode=False)
    except HuabenError as error:
        click.echo(f"huaben: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("huaben: interrupted; what is finished is kept, run the same command again", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _terminate(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
