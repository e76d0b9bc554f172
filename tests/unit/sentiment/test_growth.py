"""How many times longer cleaning may make a text is bounded before it is used."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex
from tokenizers.normalizers import Normalizer, Prepend, Replace, Sequence

from sentiment import Cleaning
from sentiment.growth import growth, may_match_nothing


def reckoned(normalizer: Normalizer) -> int:
    return growth(json.loads(normalizer.__getstate__()))


@pytest.mark.parametrize(
    ("normalizer", "expected"),
    [
        (Replace("a", "bcd"), 3),
        (Replace("abc", "abcd"), 2),
        (Replace("abc", "d"), 1),
        (Replace(Regex("a+"), "bcd"), 3),
        (Replace(Regex("a*"), "bcd"), 4),
        (Replace(Regex("(?<=a)(?=b)"), " "), 2),
        (Prepend("\u2581"), 1),
        (Prepend("abcd"), 4),
        (Sequence([Replace("a", "aa"), Sequence([Replace("a", "aa"), Replace("a", "aaa")])]), 12),
        (Cleaning().normalizer(), 30),
    ],
)
def test_growth_is_the_product_of_the_steps(normalizer: Normalizer, expected: int) -> None:
    assert expected == reckoned(normalizer)


def test_nothing_and_what_is_no_normalizer_do_not_grow() -> None:
    assert growth(None) == 1
    assert growth({"type": "Lowercase"}) == 1


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "(?=",
        "a(?=",
        "[a",
        "a*",
        "a|",
        "(?=a)",
        "(?<!a)b?",
        "^",
        r"\b",
        r"\(?",
        r"[\]]*",
        "(?:a?)+",
        "b*+",
        "(?=a)(?:)*",
        # Not understood, or in more than one way.
        "(?x)a",
        "[]a]*",
        r"a\K",
        r"(?=(a*))(b)?\1",
        "(?>a)",
        "(a",
        "a)b",
    ],
)
def test_what_may_match_between_characters_is_found(pattern: str) -> None:
    assert may_match_nothing(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["a", "a(?=b)", "(?<!a)b+", r"\s+", " {2,}", "[a(?=]b]", "(?:a(?=[)])|b)", "[[:alpha:]]", "(?i)a"],
)
def test_what_takes_a_character_is_known_to(pattern: str) -> None:
    assert not may_match_nothing(pattern)


ATOMS = st.sampled_from(
    ["a", "b", ".", "^", "$", r"\b", r"\G", r"\(", r"\p{L}", "[^b]", "[a(?=]", "[[:alpha:]&&[^b]]"]
)
GROUPS = st.sampled_from(["(", "(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!"])
REPEATS = st.sampled_from(["*", "+", "?", "{2}", "{0,1}", "*+", "??"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join),
        st.tuples(GROUPS, inner).map(lambda parts: f"{''.join(parts)})"),
        st.tuples(inner, REPEATS).map(lambda parts: f"(?:{parts[0]}){parts[1]}"),
        inner.map(lambda part: f"(?i){part}"),
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(pattern=PATTERNS, text=st.text("abB([", max_size=12))
def test_no_text_grows_where_it_is_said_not_to(pattern: str, text: str) -> None:
    if may_match_nothing(pattern):
        return
    try:
        normalizer = Replace(Regex(pattern), "x")
    except Exception:  # noqa: BLE001 - such a file cannot be opened at all
        return
    assert len(normalizer.normalize_str(text)) <= len(text)


def _table(*texts: str) -> object:
    """A table of SentencePiece's, its trie left out, as `tokenizer.json` has it."""
    trie = b"\0" * 8
    charsmap = len(trie).to_bytes(4, "little") + trie + "".join(f"{each}\0" for each in texts).encode()
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()}


@pytest.mark.parametrize(("texts", "expected"), [([], 1), (["ss", "a" * 18], 1), (["ss", "é" * 1_000], 56)])
def test_a_table_grows_as_its_longest_text(texts: list[str], expected: int) -> None:
    # Regression: it counted as one that makes nothing longer.
    assert growth(_table(*texts)) == expected
    assert growth({"type": "Sequence", "normalizers": [_table(*texts)] * 2}) == expected**2


def test_a_table_that_is_none_does_not_grow() -> None:
    assert growth({"type": "Precompiled", "precompiled_charsmap": "?"}) == 1
    assert growth({"type": "Precompiled"}) == 1
