from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment_api.alerts.service import Rule, in_bursts, pause_before_retry

START = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
RULE = Rule(reports=3, window=timedelta(seconds=300), cooldown=timedelta(seconds=900))


def at(*seconds: float) -> Sequence[datetime]:
    return [START + timedelta(seconds=each) for each in seconds]


@pytest.mark.parametrize(
    ("seconds", "covered"),
    [
        ([], []),
        ([0], []),
        ([0, 1], []),
        ([0, 1, 2], [0, 1, 2]),
        ([0, 150, 300], [0, 1, 2]),
        ([0, 150, 300.001], []),
        ([0, 299, 301, 500], [1, 2, 3]),
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        ([0, 1, 2, 1000, 2000, 2001, 2002], [0, 1, 2, 4, 5, 6]),
    ],
)
def test_a_burst_is_enough_reports_within_any_window(seconds: Sequence[float], covered: list[int]) -> None:
    assert covered == in_bursts(at(*seconds), RULE)


def test_old_reports_expire() -> None:
    """The fault elsewhere: reports were counted for ever, so the third one of a year raised an alert."""
    a_day = 86_400
    assert in_bursts(at(0, a_day, 2 * a_day, 3 * a_day), RULE) == []


@pytest.mark.parametrize("count", range(3, 12))
def test_every_number_of_reports_from_three_on_is_a_burst(count: int) -> None:
    """The fault elsewhere: only multiples of three were looked at, so four or five raised nothing."""
    assert list(range(count)) == in_bursts(at(*range(count)), RULE)


@given(st.lists(st.integers(0, 3_000), max_size=30).map(sorted), st.integers(1, 6))
def test_a_report_is_covered_exactly_if_some_window_with_it_holds_enough(
    seconds: list[int], reports: int
) -> None:
    rule = Rule(reports=reports, window=timedelta(seconds=300), cooldown=timedelta(0))
    expected = [
        index
        for index, second in enumerate(seconds)
        if any(
            start <= second <= start + 300
            and sum(start <= other <= start + 300 for other in seconds) >= reports
            for start in range(second - 300, second + 1)
        )
    ]
    assert expected == in_bursts(at(*seconds), rule)


def test_pauses_double_up_to_an_hour_and_never_end() -> None:
    pauses = [pause_before_retry(attempts, 0.999999).total_seconds() for attempts in range(1, 40)]
    assert [round(pause) for pause in pauses[:4]] == [10, 20, 40, 80]
    assert round(pauses[-1]) == 3600
    assert pause_before_retry(10_000, 0.0).total_seconds() == 1800
