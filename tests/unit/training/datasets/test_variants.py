"""Variants of texts are made of their words, and are new."""

from hypothesis import given
from hypothesis import strategies as st

from sentiment_training.datasets import varied

TWEETS = [
    "@united my bag never came, nobody answers #fail",
    "thanks @jetblue for the free upgrade and the lovely crew",
    "late again and no word from the gate",
    "what a flight",
]


SAID = st.lists(st.sampled_from(["@united", "no", "bag", "😡", "\u2003late", "a\u00a0b", ""]), max_size=9)


@given(st.lists(SAID.map(" ".join), max_size=8), st.integers(1, 4), st.integers(0, 3))
def test_a_variant_is_new_and_says_nothing_that_nobody_said(texts: list[str], copies: int, seed: int) -> None:
    made = varied(texts, copies, seed)

    assert len(made) == len({*made} - {*texts})
    assert len(made) <= copies * sum(len(text.split()) > 2 for text in texts)
    assert {word for text in made for word in text.split()} <= {
        word for text in texts for word in text.split()
    }


def test_the_seed_makes_the_variants() -> None:
    assert varied(TWEETS, 20, 1) == varied(TWEETS, 20, 1) != varied(TWEETS, 20, 2)


def test_they_are_of_each_kind() -> None:
    made = varied(TWEETS, 200, 0)
    words = TWEETS[0].split()

    def of(known: list[str], text: str) -> bool:
        left = iter(known)
        return all(word in left for word in text.split())

    assert "bag never came, nobody" in made  # a run
    assert any(of(words, text) and len(text.split()) == len(words) - 1 for text in made)  # one left out
    assert any(
        text.startswith("@united my") and text.endswith("lovely crew") for text in made
    )  # two, spliced
    exchanged = [text for text in made if text.startswith("@united") and text.endswith("#fail")]
    assert any("the gate" in text or "a flight" in text for text in exchanged)


def test_two_words_are_too_few_to_vary() -> None:
    assert varied(["thanks @united", "no"], 10, 0) == []
