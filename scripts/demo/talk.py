"""What the demo says to the person at the terminal."""

import os
import sys
import time


class Talk:
    """Lines for what is done, one moving line for what is going on."""

    def __init__(self) -> None:
        self._lively = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._colours = self._lively and not os.environ.get("NO_COLOR")
        self._began = time.monotonic()
        self._doing = ""
        self._since = self._began

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._began

    def title(self, text: str) -> None:
        """Say what this is."""
        print(f"\n  {self.bold(text)}\n", flush=True)

    def doing(self, text: str) -> None:
        """Say what is being waited for."""
        self._doing, self._since = text, time.monotonic()
        if self._lively:
            self.tick()
        else:
            print(f"  … {text}", flush=True)

    def tick(self) -> None:
        """Move the line of what is going on."""
        if self._lively and self._doing:
            wheel = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[int(time.monotonic() * 10) % 10]
            seconds = time.monotonic() - self._since
            print(
                f"\r\033[K  {self._paint('36', wheel)} {self._doing} {self.quiet(f'{seconds:.0f} s')}",
                end="",
                flush=True,
            )

    def done(self, text: str) -> None:
        """Say what has been reached."""
        self._clear()
        print(f"  {self._paint('32', '✓')} {text} {self.quiet(f'{self.seconds:.1f} s')}", flush=True)

    def say(self, text: str = "") -> None:
        """Say something as it stands."""
        self._clear()
        print(text, flush=True)

    def trouble(self, text: str) -> None:
        """Say what went wrong."""
        self._clear()
        print(f"\n  {self._paint('31', '✗')} {text}\n", file=sys.stderr, flush=True)

    def bold(self, text: str) -> str:
        """Make a text stand out."""
        return self._paint("1", text)

    def quiet(self, text: str) -> str:
        """Make a text stand back."""
        return self._paint("2", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colours else text

    def _clear(self) -> None:
        self._doing = ""
        if self._lively:
            print("\r\033[K", end="", flush=True)
