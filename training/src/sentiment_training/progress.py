"""Shows how far a long command is, and measures what each of its steps took."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from sentiment_training.console import plain_console

# Often enough to see that it lives, seldom enough for a log file.
LOG_INTERVAL_S = 10.0
# What is done so soon was done before: a training that goes on tells it first.
_AT_ONCE_S = 1.0


class Advance(Protocol):
    """Tells the step that `n` more of its units are done."""

    def __call__(self, n: int = 1) -> None:
        """Count `n` units as done."""
        ...


class Progress(Protocol):
    """What long work reports to."""

    def step(self, name: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Open a step.

        Parameters
        ----------
        name
            What a person reads, such as ``features``.
        total
            Units of work in it; None where nobody can know.
        """
        ...


@dataclass
class Steps:
    """Seconds that each step took, in the order in which the steps began.

    A step that ran twice counts with both times.
    """

    clock: Callable[[], float] = time.perf_counter
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Add the time inside the block to the step's seconds."""
        self.seconds.setdefault(name, 0.0)
        started = self.clock()
        try:
            yield
        finally:
            self.seconds[name] += self.clock() - started


class SilentProgress:
    """Shows nothing, measures all the same."""

    def __init__(self, steps: Steps | None = None) -> None:
        self.steps = steps or Steps()

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Advance]:  # noqa: ARG002 - the protocol's
        """Measure a step."""

        def advance(n: int = 1) -> None:
            pass

        with self.steps.measured(name):
            yield advance

    def say(self, line: str) -> None:
        """Keep it to itself."""


class LineProgress:
    """A line when a step begins and ends, and every ten seconds between: for files and pipes."""

    def __init__(
        self,
        stream: TextIO,
        steps: Steps | None = None,
        clock: Callable[[], float] = time.monotonic,
        interval_s: float = LOG_INTERVAL_S,
    ) -> None:
        self.steps = steps or Steps()
        self._stream = stream
        self._clock = clock
        self._interval_s = interval_s

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Write lines for a step."""
        started = said = self._clock()
        done = before = 0

        def advance(n: int = 1) -> None:
            nonlocal done, before, said
            done += n
            now = self._clock()
            if now - started < _AT_ONCE_S:
                before = done
            if total and before < done < total and now - said >= self._interval_s:
                said = now
                left_s = (now - started) / (done - before) * (total - done)
                self.say(f"{name}: {100 * done // total} %, about {left_s:.0f} s left")

        self.say(f"{name} …")
        with self.steps.measured(name):
            yield advance
        self.say(f"{name}: done in {self._clock() - started:.1f} s")

    def say(self, line: str) -> None:
        """Write a line."""
        print(line, file=self._stream, flush=True)


class BarProgress:
    """A bar a step, with time spent and time left: for a terminal."""

    def __init__(self, bars: RichProgress, steps: Steps | None = None) -> None:
        self.steps = steps or Steps()
        self._bars = bars

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Draw a bar for a step; it pulses where the total is unknown."""
        task = self._bars.add_task(name, total=total)

        def advance(n: int = 1) -> None:
            self._bars.advance(task, n)

        with self.steps.measured(name):
            yield advance
        self._bars.update(task, total=total or 1, completed=total or 1)

    def say(self, line: str) -> None:
        """Write a line above the bars."""
        self._bars.console.print(line, soft_wrap=True)


@contextmanager
def shown_progress(stream: TextIO | None = None) -> Iterator[BarProgress | LineProgress]:
    """Progress on `stream` (stderr if None): bars on a terminal, plain lines elsewhere."""
    stream = stream or sys.stderr
    console = plain_console(file=stream)
    if not console.is_terminal:
        yield LineProgress(stream)
        return
    bars = RichProgress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=False),
        console=console,
    )
    with bars:
        yield BarProgress(bars)
