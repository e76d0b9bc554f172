import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from sentiment_ui.history import LIMIT, Entry, History, remembered


def test_the_newest_entry_stands_on_top(an_entry: Callable[[str], Entry]) -> None:
    history = History().with_new(an_entry("1")).with_new(an_entry("2"))

    assert [entry.text for entry in history.entries] == ["2", "1"]


def test_only_the_last_ones_are_kept(an_entry: Callable[[str], Entry]) -> None:
    history = History()
    for number in range(LIMIT + 5):
        history = history.with_new(an_entry(str(number)))

    assert (LIMIT, str(LIMIT + 4)) == (len(history.entries), history.entries[0].text)


def test_a_second_click_adds_no_second_entry(an_entry: Callable[[str], Entry]) -> None:
    first = an_entry("same")

    assert (first,) == History().with_new(first).with_new(an_entry("same")).entries


def test_a_report_is_noted_on_its_entry_alone(an_entry: Callable[[str], Entry]) -> None:
    one, other = an_entry("1"), an_entry("2")

    history = History((one, other)).with_report(other.id, "positive")

    assert [entry.expected for entry in history.entries] == [None, "positive"]


def test_what_the_browser_kept_comes_back_behind_what_is_new(an_entry: Callable[[str], Entry]) -> None:
    new, old = an_entry("new"), an_entry("old")

    assert (new, old) == History((new,)).with_older([new, old]).entries


def test_a_history_survives_the_browser(an_entry: Callable[[str], Entry]) -> None:
    history = History((an_entry("naïve ✈️ <b>"), an_entry("2")))

    assert list(history.entries) == remembered(json.dumps(history.dump()))


@given(st.one_of(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)))
def test_a_memory_that_is_no_history_counts_as_none(memory: str) -> None:
    assert remembered(memory) == []


def test_a_memory_that_is_far_too_long_counts_as_none(an_entry: Callable[[str], Entry]) -> None:
    entry = History((an_entry("x" * 2_000_000),)).dump()

    assert remembered(json.dumps(entry)) == []
