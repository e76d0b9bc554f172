"""Progress is shown where someone looks, and measured always."""

import io

import pytest

from sentiment_training.progress import LineProgress, SilentProgress, Steps, shown_progress


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_pipe_gets_a_line_when_a_step_begins_and_ends() -> None:
    stream = io.StringIO()

    with shown_progress(stream) as progress, progress.step("fit", 10) as advance:
        advance(10)

    assert stream.getvalue().splitlines() == ["fit …", "fit: done in 0.0 s"]


def test_a_long_step_says_now_and_then_how_much_is_left() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = LineProgress(stream, clock=clock)

    with progress.step("fit", 100) as advance:
        for _ in range(4):
            clock.now += 6
            advance(10)

    assert stream.getvalue().splitlines() == [
        "fit …",
        "fit: 20 %, about 48 s left",
        "fit: 40 %, about 36 s left",
        "fit: done in 24.0 s",
    ]


def test_what_was_done_before_says_nothing_about_the_time_left() -> None:
    # Regression: a training that went on at its middle promised half the time that it took.
    stream, clock = io.StringIO(), Clock()

    with LineProgress(stream, clock=clock).step("fit", 100) as advance:
        advance(50)
        clock.now += 12
        advance(10)

    assert "fit: 60 %, about 48 s left" in stream.getvalue()


def test_seconds_are_summed_by_name_in_the_order_of_the_steps() -> None:
    clock = Clock()
    progress = SilentProgress(Steps(clock))

    for name, taken in (("load", 1.0), ("fit", 5.0), ("load", 2.0)):
        with progress.step(name):
            clock.now += taken

    assert progress.steps.seconds == {"load": 3.0, "fit": 5.0}
    assert list(progress.steps.seconds) == ["load", "fit"]


def test_a_step_that_fails_is_not_called_done() -> None:
    stream = io.StringIO()

    def fail() -> None:
        with shown_progress(stream) as progress, progress.step("fit"):
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised above
        fail()
    assert "done" not in stream.getvalue()
