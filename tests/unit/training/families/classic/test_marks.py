"""Hand-made counts: what is counted, from token ids alone."""

import numpy as np
import pytest

from sentiment import Cleaning
from sentiment_training.families.classic.marks import CAPITALS, MARKS, MarkTable, capitals_marker
from sentiment_training.families.classic.tokens import token_ids
from sentiment_training.families.vocabulary import train_tokenizer
from sentiment_training.progress import SilentProgress

TEXT = "NEVER AGAIN @you!!! http://t.co/ABC #fail ... I don't know?? :( \U0001f621\U0001f621 no"


def a_table(*texts: str) -> tuple[MarkTable, np.ndarray, np.ndarray]:
    tokenizer = train_tokenizer(
        [TEXT, *texts],
        Cleaning(),
        SilentProgress(),
        max_words=1_000,
        min_count=1,
        max_length=64,
        first=capitals_marker(),
    )
    return MarkTable.of(tokenizer), *token_ids(tokenizer, texts or [TEXT])


def test_every_mark_of_a_text_is_counted() -> None:
    table, ids, lengths = a_table()
    (counted,) = table.counts(ids, lengths)
    assert dict(zip(MARKS, counted.tolist(), strict=True)) == {
        "length": 16,
        "capitals": 2,
        "exclamations": 3,
        "questions": 2,
        "ellipses": 1,
        "hashtags": 1,
        "links": 1,
        "mentions": 1,
        "negations": 3,
        "emoticons": 1,
        "emojis": 2,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GREAT", 1),
        ("so GREAT, SO good", 2),
        ("I am", 0),
        ("Great", 0),
        ("GREATest", 0),
        ("see HTTP://A.B", 0),
        ("WWW.A.COM", 0),
        ("mail ME@HOME.org", 0),
        ("@UNITED", 0),
        ("ÉTÉ", 1),
        ("", 0),
    ],
)
def test_words_in_capitals_are_counted_and_nothing_else(text: str, expected: int) -> None:
    table, ids, lengths = a_table(text)
    assert expected == table.counts(ids, lengths)[0, MARKS.index("capitals")]


def test_the_marker_of_capitals_does_not_stand_between_two_words() -> None:
    loud, loud_ids, loud_lengths = a_table("this is GREAT", "this is great")
    ids, lengths = loud.without_markers(loud_ids, loud_lengths)
    assert lengths.tolist() == [3, 3]
    assert ids[:3].tolist() == ids[3:].tolist()


def test_no_mark_is_found_where_none_is() -> None:
    table, ids, lengths = a_table("", "great flight")
    assert table.counts(ids, lengths).tolist() == [[0] * len(MARKS), [2] + [0] * (len(MARKS) - 1)]
    assert len(CAPITALS) == 1
