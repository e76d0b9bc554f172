"""What an operation says to a person, and what it asks."""

import sys

from .errors import DeclinedError


class Talk:
    """Says what goes on, line by line; asks only where somebody can answer."""

    def __init__(self, *, answer_yes: bool = False) -> None:
        self._answer_yes = answer_yes
        self._colours = sys.stdout.isatty()

    def doing(self, text: str) -> None:
        """Say what is begun."""
        print(f"  … {text}", flush=True)

    def done(self, text: str) -> None:
        """Say what was reached."""
        print(f"  {self._paint('32', '✓')} {text}", flush=True)

    def say(self, text: str = "") -> None:
        """Say something as it stands."""
        print(f"  {text}".rstrip(), flush=True)

    def warn(self, text: str) -> None:
        """Say what a person should look at."""
        print(f"  {self._paint('33', '!')} {text}", flush=True)

    def trouble(self, text: str) -> None:
        """Say what went wrong."""
        print(f"  {self._paint('31', '✗')} {text}", file=sys.stderr, flush=True)

    def confirm(self, question: str) -> None:
        """Ask before something is lost.

        Raises
        ------
        DeclinedError
            If the answer is no, or nobody could be asked.
        """
        if self._answer_yes:
            return
        if not sys.stdin.isatty():
            raise DeclinedError("Nobody is there to be asked. Say it in advance: YES=1")
        if input(f"  {question} [y/N] ").strip().lower() not in {"y", "yes"}:
            raise DeclinedError("Nothing was changed.")

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colours else text
