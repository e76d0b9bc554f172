"""Where a command says something to a person: as it stands, whatever is in it."""

from typing import TextIO

from rich.console import Console


def plain_console(*, stderr: bool = False, file: TextIO | None = None, width: int | None = None) -> Console:
    """Make a console that takes nothing for markup: a path may hold brackets, a name a smiley's code."""
    return Console(stderr=stderr, file=file, width=width, markup=False, highlight=False, emoji=False)
