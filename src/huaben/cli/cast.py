"""`huaben cast`: who is in a novel, as a cast.yaml to edit."""

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--min-lines", default=3, show_default=True, type=click.IntRange(1), help="Fewer lines by a cue: nobody."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file, if it is not there yet.")
def cast(file: Path, min_lines: int, out: Path | None) -> None:
    """Propose the characters of FILE as a cast.yaml that you edit.

    \b
      huaben cast novel.txt --out cast.yaml
    """
    from huaben.errors import InputError
    from huaben.files import write_text
    from huaben.novel.people.cast import propose_cast
    from huaben.novel.people.castfile import as_yaml
    from huaben.novel.reading.chapters import read_chapters
    from huaben.params import ANY_NOVEL

    if out and out.exists():
        raise InputError(f"{out}: is there already; name another file, so that what you edited stays")
    chapters, _ = read_chapters([file], "novel", ANY_NOVEL)
    proposal = propose_cast(chapters, min_lines)
    if not out:
        click.echo(as_yaml(proposal), nl=False)
        return
    write_text(out, as_yaml(proposal))
    click.echo(f"{out}: {len(proposal.people)} people proposed; join and delete before you use it")
