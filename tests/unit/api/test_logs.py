import logging

import pytest

from sentiment_api.logs import event


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("7", "7"),
        (1.23456, "1.235"),
        ("two words", '"two words"'),
        ("a\nmodel_swapped version=9", '"a\\nmodel_swapped version=9"'),
        ("", '""'),
        ("\u202e", '"\\u202e"'),
        ("x" * 9_000, "x" * 500),
    ],
)
def test_an_event_stays_on_one_line_whatever_its_fields_hold(
    value: object, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        event(logging.getLogger("test"), "something_happened", field=value)
    assert [f"something_happened field={shown}"] == caplog.messages
