"""The command line: the only room that knows where things are, prints, and exits."""

from huaben.cli.main import main

__all__ = ["main"]
