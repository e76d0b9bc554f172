"""Cleaning is part of the tokenizer: each named option does what its name says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import Cleaning, splitter


def pieces(text: str, cleaning: Cleaning | None = None) -> list[str]:
    cleaned = (cleaning or Cleaning()).normalizer().normalize_str(text)
    return [piece for piece, _ in splitter().pre_tokenize_str(cleaned)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@united thanks", ["user", "thanks"]),
        ("see http://t.co/x?a=1&b=2 now", ["see", "url", "now"]),
        ("WWW.EXAMPLE.ORG and HTTPS://X.Y", ["url", "and", "url"]),
        ("mail me: a@b.com", ["mail", "me", "a", "@", "b", "com"]),
        ("Fish &amp; Chips &lt;3", ["fish", "&", "chips", "<3"]),
        ("soooooo goooood", ["soo", "good"]),
        ("don\u2019t", ["don't"]),
        ("what?! no!!! wait...", ["what", "?", "!", "no", "!!!", "wait", "..."]),
        ("great :) awful :-(", ["great", ":)", "awful", ":-("]),
        ("#FAIL 😡😡", ["#", "fail", "😡", "😡"]),
        ("\uff26\uff55\uff4c\uff4c width", ["full", "width"]),
        ("zero\u200bwidth\x00nul", ["zero", "width", "nul"]),
    ],
)
def test_a_tweet_is_cut_into_what_it_says(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(
    ("option", "text", "kept"),
    [
        ("html_entities", "&lt;3", "lt"),
        ("links", "http://t.co", "http"),
        ("mentions", "@united", "united"),
        ("lowercase", "GOOD", "GOOD"),
        ("repeated_letters", "soooo", "soooo"),
    ],
)
def test_an_option_that_is_off_leaves_the_text_alone(option: str, text: str, kept: str) -> None:
    assert kept not in pieces(text)
    assert kept in pieces(text, Cleaning(**{option: False}))


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    # But for entities: `&amp;lt;` becomes `&lt;`, as it should, and a second time `<`.
    normalizer = Cleaning(html_entities=False).normalizer()
    once = normalizer.normalize_str(text)
    assert normalizer.normalize_str(once).split() == once.split()
