"""The `vigie` command: reads what a person typed, and says what came of it."""

import sys

from sentiment.errors import BundleError, VigieError
from sentiment_training.cli import comparing, exploring, scoring, searching, teaching, training, versions
from sentiment_training.cli.application import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USER,
    Interrupted,
    app,
)
from sentiment_training.errors import ParityError

__all__ = [
    "app",
    "comparing",
    "exploring",
    "main",
    "scoring",
    "searching",
    "teaching",
    "training",
    "versions",
]


def main() -> None:
    """Run the command; what fails is one line on stderr, and a traceback only if it was asked for."""
    try:
        app()
    except (VigieError, OSError, MemoryError, Interrupted) as fault:
        if "--debug" in sys.argv:
            raise
        sentence, code = _told(fault)
        print(f"vigie: {sentence}", file=sys.stderr)
        sys.exit(code)


def _told(fault: BaseException) -> tuple[str, int]:
    if isinstance(fault, Interrupted):
        registers = {"train", "grid", "search", "register"} & set(sys.argv[1:2])
        return "interrupted" + "; nothing was registered" * bool(registers), EXIT_INTERRUPTED
    if isinstance(fault, MemoryError):
        return f"not enough memory: {str(fault) or 'nothing more can be had'}", EXIT_FAILED
    if isinstance(fault, OSError):
        where = f" ({fault.filename})" if fault.filename else ""
        return f"{fault.strerror or fault}{where}", EXIT_FAILED
    return str(fault), EXIT_FAILED if isinstance(fault, ParityError | BundleError) else EXIT_USER
