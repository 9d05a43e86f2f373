"""`huaben browse`: the page on which a person reads the rows and marks them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from huaben.cli import paths

if TYPE_CHECKING:
    from huaben.release.browse import Shelf

PORT = 8600


@click.command()
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--static", "folder", type=click.Path(path_type=Path), help="Write the page to this folder and end.")
def browse(port: int, folder: Path | None) -> None:
    """Read the rows beside their passages in a browser, and mark them good or bad.

    \b
      huaben browse                  # marks go to reviews.jsonl, which the stage `clean` reads
      huaben browse --static page    # page/index.html: one file, with the novel's text in it
    """
    from huaben.cli.stage import read_params
    from huaben.files import write_text
    from huaben.release.browse import render_browser

    shelf, params = _shelf(), read_params()
    if folder:
        write_text(folder / "index.html", render_browser(shelf, params, saves=False))
        click.echo(f"{folder / 'index.html'}: open it in a browser; it holds the novel's text")
        return
    from huaben.release.serve import listen, make_token, serve

    render_browser(shelf, params, saves=True)  # what is wrong with the data is said here, not in the browser
    token, listener = make_token(), listen(port)
    click.echo(f"http://127.0.0.1:{listener.getsockname()[1]}/{token}/  (Ctrl-C ends)")
    serve(listener, token, lambda: render_browser(shelf, params, saves=True), shelf.reviews)


def _shelf() -> "Shelf":
    from huaben.release.browse import Shelf

    return Shelf(
        datasets=paths.DEDUPE,
        dropped={"clean": paths.CLEAN / "dropped", "dedupe": paths.DEDUPE / "dropped"},
        refused=paths.QA / "dropped.jsonl",
        chapters=paths.CHAPTERS / "chapters.jsonl",
        gates=paths.REPORTS / "gates.json",
        schemas=paths.SCHEMAS,
        reviews=paths.REVIEWS,
    )
