"""Cleaning is part of the tokenizer: each named option does what its name says."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles import a_graph, a_tokenizer
from sentiment import Cleaning, splitter, write_bundle
from sentiment.cleaning_patterns import NEGATIONS
from sentiment.errors import CleaningError

CHOICES = Cleaning.choices()
EVERY_OPTION_ALONE = [f"{name}={choice}" for name, choices in CHOICES.items() for choice in choices[1:]]
# The last choice of each is the one that changes most.
EVERYTHING = ",".join(f"{name}={choices[-1]}" for name, choices in CHOICES.items() if choices[0] != "on")

# Characters that the patterns are about, besides any other.
TEXTS = st.text(
    st.one_of(
        st.sampled_from(
            "aAbB nNoOtT'\u2019#@_-:;=()[]/\\|dpDP<3!?.,019&;\ufe0f\u200d\u2764\U0001f621\U0001f3fd"
        ),
        st.characters(codec="utf-8"),
    )
)


@st.composite
def cleanings(draw: st.DrawFn) -> Cleaning:
    chosen = {name: draw(st.sampled_from(choices)) for name, choices in CHOICES.items()}
    return Cleaning.parse(",".join(f"{name}={choice}" for name, choice in chosen.items()))


def pieces(text: str, cleaning: Cleaning | str = "plain") -> list[str]:
    if isinstance(cleaning, str):
        cleaning = Cleaning.parse(cleaning)
    cleaned = cleaning.normalizer().normalize_str(text)
    return [piece for piece, _ in cleaning.splitter().pre_tokenize_str(cleaned)]


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
    assert expected == pieces(text)
    assert splitter().pre_tokenize_str(text) == Cleaning().splitter().pre_tokenize_str(text)


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ("html_entities=off", "&lt;3", ["&", "lt", "3"]),
        ("control_characters=off", "a\x07b", ["a", "\x07", "b"]),
        ("unicode=off", "\uff26ull", ["\uff46ull"]),
        ("links=kept", "http://t.co", ["http", ":/", "/", "t", "co"]),
        ("links=removed", "see http://t.co/x?a=1 now", ["see", "now"]),
        ("mentions=kept", "@united", ["@", "united"]),
        ("mentions=removed", "@united thanks a@b", ["thanks", "a", "@", "b"]),
        ("hashtags=words", "#GreatFlight #FAILAgain", ["great", "flight", "fail", "again"]),
        ("hashtags=words", "#great_flight #greatflight", ["great", "flight", "greatflight"]),
        ("hashtags=words", "camelCase #a#Bc # d", ["camelcase", "a", "bc", "#", "d"]),
        ("lowercase=off", "GOOD", ["GOOD"]),
        ("numbers=token", "12 bags, $1,000.50 at 10:30", ["0", "bags", "$", "0", "at", "0"]),
        ("numbers=removed", "row 12 of the b737 <3", ["row", "of", "the", "b737", "<3"]),
        ("emoticons=removed", "great:) bad :-( <3 :D", ["great", "bad"]),
        ("emoticons=removed", "ratio 1=p note:easy http://x", ["ratio", "1", "=p", "note", "easy", "url"]),
        ("emojis=removed", "ok 😡 \u2764\ufe0f \U0001f44d\U0001f3fd", ["ok"]),
        ("emojis=words", "\u2764\ufe0f\U0001f44d\U0001f3fd", ["\u2764", "\U0001f44d"]),
        ("repeated_letters=off", "soooo 1000", ["soooo", "1000"]),
        ("repeated_letters=on", "soooo 1000", ["soo", "100"]),
        ("contractions=split", "Don't, we're", ["do", "n't", "we", "'re"]),
        ("contractions=split", "dont cant want rock'n'roll", ["do", "nt", "ca", "nt", "want", "rock'n'roll"]),
        ("stop_words=dropped", "The crew was on time", ["crew", "time"]),
        ("stop_words=dropped", "It is NOT the best, I don't fly", ["not", "best", "don't", "fly"]),
        ("punctuation=removed", "what?! :) $5, 😡...", ["what", ":)", "5", "😡"]),
        ("lemmas=on", "delayed flights", ["delayed", "flights"]),  # the vocabulary's business
    ],
)
def test_an_option_does_what_its_name_says(options: str, text: str, expected: list[str]) -> None:
    assert expected == pieces(text, options)


@given(cleanings())
def test_what_is_written_is_read_again(cleaning: Cleaning) -> None:
    assert cleaning == Cleaning.parse(str(cleaning))


def test_the_text_form_names_what_differs() -> None:
    assert str(Cleaning()) == "plain"
    assert (
        str(Cleaning.parse(" numbers=token , hashtags=words,links=token")) == "hashtags=words,numbers=token"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write name=choice,name=choice, or plain"),
        ("hashtags=words,", "'' is no cleaning"),
        ("stemming=on", "there is no cleaning 'stemming'; there are html_entities, .*lemmas"),
        ("numbers=many", "numbers is one of kept, token, removed, not 'many'"),
        ("lowercase=words", "lowercase is one of on, off, not 'words'"),
        ("lemmas=on,lemmas=off", "lemmas is given twice"),
    ],
)
def test_what_is_not_understood_is_named_with_what_may_be_given(text: str, message: str) -> None:
    with pytest.raises(CleaningError, match=message):
        Cleaning.parse(text)


@given(text=TEXTS, cleaning=cleanings())
def test_cleaning_twice_is_cleaning_once(text: str, cleaning: Cleaning) -> None:
    # But for entities: `&amp;lt;` becomes `&lt;`, as it should, and a second time `<`.
    settled = replace(cleaning, html_entities=False)
    normalizer = settled.normalizer()
    once = normalizer.normalize_str(text)
    assert once.split() == normalizer.normalize_str(once).split()


@pytest.mark.parametrize("options", [*EVERY_OPTION_ALONE, EVERYTHING])
@given(text=TEXTS)
def test_any_text_can_be_cleaned_and_grows_within_bounds(options: str, text: str) -> None:
    cleaning = Cleaning.parse(options)
    cleaned = cleaning.normalizer().normalize_str(text)
    # A mention of one letter becomes " user ", and NFKC spells one sign out in 18 characters.
    assert len(cleaned) <= 18 * 3 * max(1, len(text))
    assert all(piece.strip() for piece in pieces(text, cleaning)) or "control" in options


@pytest.mark.parametrize("options", [*EVERY_OPTION_ALONE, EVERYTHING])
def test_a_negation_survives_every_option(options: str) -> None:
    for negation in sorted(NEGATIONS):
        found = pieces(f"it is {negation} good", options)
        assert negation in found or found[-2:] == ["nt", "good"]
    for negation in ("don't", "can't", "ISN'T", "couldn't've"):
        found = pieces(f"they {negation} fly", options)
        assert any("n't" in piece.lower() for piece in found)


@pytest.mark.parametrize("options", [*EVERY_OPTION_ALONE, EVERYTHING])
def test_a_bundle_with_any_option_can_be_opened(options: str, tmp_path: Path) -> None:
    cleaning = Cleaning.parse(options)
    tokenizer = a_tokenizer()
    tokenizer.normalizer, tokenizer.pre_tokenizer = cleaning.normalizer(), cleaning.splitter()
    bundle = write_bundle(
        tmp_path / "bundle",
        family="words",
        tokenizer=tokenizer,
        graph=a_graph().SerializeToString(),
        golden_texts=["a good flight", "#GoodFlight :)"],
    )
    assert bundle.probabilities(["good"]) > 0.5


@pytest.mark.parametrize("options", [*EVERY_OPTION_ALONE, EVERYTHING])
@pytest.mark.parametrize(
    "unit", ["a", "aA", "#aA", "a'", "1.", "1,", ":)", "don't", "@a", "\u2764\ufe0f", "a b "]
)
def test_no_long_text_takes_long(options: str, unit: str) -> None:
    # Ten times the longest text that the API takes; the file's time limit is the assertion.
    assert pieces(unit * math.ceil(10_000 / len(unit)), options) is not None


def test_the_plain_cleaning_is_written_as_ever() -> None:
    # Bundles of one training must not differ between two releases for nothing.
    steps = json.loads(a_tokenizer().to_str())["normalizer"]["normalizers"]
    assert ["Replace"] * 7 + ["NFKC"] + ["Replace"] * 3 + ["Lowercase", "Replace"] == [
        step["type"] for step in steps
    ]
