"""The statistics, against small cases that were counted by hand."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sentiment_training.datasets import Counts, Rows
from sentiment_training.exploration import ngrams
from sentiment_training.exploration.balance import class_counts, in_training
from sentiment_training.exploration.corpus import Corpus
from sentiment_training.exploration.lengths import drift, lengths, measured
from sentiment_training.exploration.marks import marks
from sentiment_training.exploration.ngrams import (
    PRIOR_SHARE,
    count_ngrams,
    log_odds_z,
    typical_ngrams,
    written,
)
from sentiment_training.exploration.projections import agreement, projected, tfidf_space
from sentiment_training.exploration.repeats import repeats
from sentiment_training.exploration.vectors import factored_vectors, read_vectors
from sentiment_training.families.deep.vectors import look_into
from sentiment_training.progress import SilentProgress

Make = Callable[..., Corpus]


def test_classes_are_counted_with_wilsons_interval(corpus: Make) -> None:
    negative, positive = class_counts(corpus(["a", "b", "c", "d"], "---+"))

    assert (negative.name, negative.n, negative.share.value) == ("negative", 3, 0.75)
    assert (positive.name, positive.n, positive.share.value) == ("positive", 1, 0.25)
    # Wilson 1927 for 1 of 4, from a table.
    assert positive.share.low == pytest.approx(0.0456, abs=1e-4)
    assert positive.share.high == pytest.approx(0.6994, abs=1e-4)


def test_what_training_would_drop_is_counted_over_all_files(rows: Callable[..., Rows]) -> None:
    first = rows(["same", "both", "so so", " ", "own"], "+-0++", name="one")
    second = rows(["SAME", "both", "praise"], "+++", name="one")
    neutral = rows(["hm"], "0", name="three")

    found = in_training([first, second, neutral])

    assert found.counts == {
        "one": Counts(read=5, neutral=1, empty=1, contradictory=1, kept=2),
        "one 2": Counts(read=3, duplicate=1, contradictory=1, kept=1),
        "three": Counts(read=1, neutral=1),
    }


def test_repeated_and_contradictory_texts_are_told_apart(corpus: Make) -> None:
    found = repeats(
        corpus(
            ["Same @you", "same  @me", "both", "BOTH", "both", "mixed", "mixed", "once", "same @x"],
            "++-++0+-+",
        )
    )

    assert (found.n, found.distinct) == (9, 4)
    assert found.duplicates == 3  # two of "same @", one positive "both"
    assert (found.contradictory, found.opposed, found.contradictory_rows) == (2, 1, 5)
    assert [(each.text, each.counts) for each in found.most_contradictory] == [
        ("both", [1, 0, 2]),
        ("mixed", [0, 1, 1]),
    ]
    assert [(each.text, each.n) for each in found.most_repeated] == [("Same @you", 3)]


def test_lengths_are_in_characters_and_words(corpus: Make) -> None:
    made = corpus(["é😀", "two words", "three words here"], "-++")
    units = measured(made)

    assert units["characters"].tolist() == [2, 9, 16]
    assert units["words"].tolist() == [2, 2, 3]
    described = lengths(made, "words", units["words"])
    assert [each.mean.value for each in described.summaries] == [2, 2.5]
    assert [each.longest for each in described.summaries] == [2, 3]
    assert described.histogram.edges.tolist() == [0, 1, 2, 3, 4]
    assert described.histogram.shares.tolist() == [[0, 0, 1, 0], [0, 0, 0.5, 0.5]]


def test_a_few_very_long_texts_share_the_last_bar(corpus: Make) -> None:
    made = corpus(["a"] * 200 + ["a " * 500], "+" * 201)

    shown = lengths(made, "words", made.words.lengths).histogram

    assert shown.edges.tolist() == [0, 1, 2]
    assert shown.shares.tolist() == [[0, 1]]


def test_lengths_drift_by_month_where_there_are_dates(corpus: Make) -> None:
    times = ["2026-01-15"] * 10 + ["2026-04-01"] * 10 + ["2026-04-30"]
    made = corpus(["one"] * 10 + ["one two three"] * 10 + ["one two three four"], "+" * 20 + "-", times=times)

    found = drift(made, {"words": made.words.lengths})

    assert found is not None
    assert (found.rule, list(found.periods)) == ("month", ["Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026"])
    assert found.counts.tolist() == [[0, 0, 0, 1], [10, 0, 0, 10]]
    negative, positive = found.means["words"]
    assert negative == [None] * 4  # one text is too few
    assert [each and each.value for each in positive] == [1, None, None, 3]


@pytest.mark.parametrize(
    ("last", "rule", "periods"),
    [("2026-01-20", "day", 20), ("2026-12-01", "month", 12), ("2036-01-01", "year", 11)],
)
def test_a_period_is_as_long_as_the_time_that_texts_span(
    corpus: Make, last: str, rule: str, periods: int
) -> None:
    made = corpus(["a", "b"], "+-", times=["2026-01-01", last])

    found = drift(made, measured(made))

    assert found is not None
    assert (found.rule, len(found.periods)) == (rule, periods)


def test_a_few_dates_far_from_all_others_do_not_stretch_the_time(corpus: Make) -> None:
    # Regression: four texts of 1970 made years of 27 days.
    dates = [f"2015-02-{1 + i % 27:02}" for i in range(800)]
    made = corpus(["a"] * 804, "+-" * 402, times=["1970-01-01"] * 3 + dates + ["9999-12-31"])

    found = drift(made, measured(made))

    assert found is not None
    assert (found.rule, len(found.periods), found.strays) == ("day", 27, 4)
    assert (found.periods[0], found.periods[-1]) == ("01 Feb 2015", "27 Feb 2015")
    assert found.counts.sum() == 800


def test_a_text_without_a_date_is_in_no_period(corpus: Make) -> None:
    made = corpus(["a", "b", "c"], "+-+", times=["2026-01-01", "NaT", "2026-01-03"])

    found = drift(made, measured(made))

    assert found is not None
    assert (found.rule, found.counts.tolist(), found.strays) == ("day", [[0, 0, 0], [1, 0, 1]], 0)


def test_where_there_are_no_dates_each_class_is_cut_into_blocks_of_the_files_order(corpus: Make) -> None:
    # Sorted by class first, as Sentiment140 is; the positive half stands backwards.
    texts = ["a"] * 10 + ["a b"] * 10 + ["a b c"] * 10 + ["a"] * 10
    order = [*range(20), *range(40, 20, -1)]
    made = corpus(texts, "-" * 20 + "+" * 20, order=order)

    found = drift(made, {"words": made.words.lengths})

    assert found is not None
    assert (found.rule, list(found.periods)) == ("block", ["1", "2"])
    assert [[each and each.value for each in means] for means in found.means["words"]] == [[1, 2], [1, 3]]


@pytest.mark.parametrize("known", [{}, {"times": ["2026-01-01"] * 4}, {"order": [1, 2, 3, 4]}])
def test_there_is_no_drift_without_time_or_within_one_period(
    corpus: Make, known: dict[str, list[object]]
) -> None:
    made = corpus(["a", "b", "c", "d"], "++--", **known)

    assert drift(made, measured(made)) is None


def test_ngrams_are_counted_within_texts(corpus: Make) -> None:
    made = corpus(["a b a b", "a b", "b"], "-+-")

    pairs = count_ngrams(made.words, made.codes, 2, 2)

    assert {
        written(made.words.vocabulary, ids): counts
        for ids, counts in zip(pairs.ids, pairs.counts.tolist(), strict=True)
    } == {"a b": [1, 1], "b a": [1, 0]}
    assert pairs.totals.tolist() == [2, 1]
    assert count_ngrams(made.words, made.codes, 2, 3).counts.tolist() == [[1, 0], [1, 0]]
    assert len(count_ngrams(corpus(["a"], "-").words, np.zeros(1, np.int8), 1, 3).counts) == 0


def test_a_text_that_says_the_same_over_and_over_decides_nothing(corpus: Make) -> None:
    # Regression: one tweet of 32 equal emojis made them the most typical of its class.
    made = corpus(["love it", *["kind crew"] * 39, *["lost bag"] * 40], "+" * 40 + "-" * 40)
    shouting = corpus(
        ["love it " + "\U0001f60d " * 32, *["kind crew"] * 39, *["lost bag"] * 40], "+" * 40 + "-" * 40
    )

    for size in (1, 2, 3):
        quiet, loud = (
            typical_ngrams(each, count_ngrams(each.words, each.codes, 2, size), 1, 9)
            for each in (made, shouting)
        )
        assert [each.text for each in loud] == [each.text for each in quiet]


def test_texts_are_counted_alike_however_many_are_searched_together(
    corpus: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = corpus(["a b a b", "", "a b", "b b b", "a b a b", "a"], "-+-++-")
    whole = [count_ngrams(made.words, made.codes, 2, size) for size in (1, 2, 3)]

    for at_once in (1, 2, 5):
        monkeypatch.setattr(ngrams, "_TEXTS_AT_ONCE", at_once)
        for size, expected in enumerate(whole, start=1):
            counted = count_ngrams(made.words, made.codes, 2, size)
            assert counted.ids.tolist() == expected.ids.tolist()
            assert counted.counts.tolist() == expected.counts.tolist()


def test_the_log_odds_are_those_of_monroe_and_others() -> None:
    counts = np.array([[30, 10], [70, 90]])

    z = log_odds_z(counts, np.array([100, 100]), 0)

    prior = PRIOR_SHARE * 200
    y, others = 30 + prior * 0.2, 10 + prior * 0.2
    expected = math.log(y / (100 + prior - y)) - math.log(others / (100 + prior - others))
    assert z[0] == pytest.approx(expected / math.sqrt(1 / y + 1 / others))
    assert z[0] > 1.96
    assert z[1] < 0
    assert log_odds_z(counts, np.array([100, 100]), 1) == pytest.approx(-z)


def test_the_only_word_there_is_is_typical_of_nothing(corpus: Make) -> None:
    # Regression: its odds are infinite in both classes.
    made = corpus(["bad"] * 80, "-+" * 40)

    assert typical_ngrams(made, count_ngrams(made.words, made.codes, 2, 1), 0, 9) == []


def test_an_ngram_that_is_as_frequent_everywhere_is_typical_of_nothing(corpus: Make) -> None:
    made = corpus(["the crew was kind"] * 50 + ["the bag was lost"] * 50, "+" * 50 + "-" * 50)
    words = count_ngrams(made.words, made.codes, 2, 1)

    found = typical_ngrams(made, words, 1, 10)

    assert {each.text for each in found} == {"crew", "kind"}
    assert (found[0].inside, found[0].outside) == (50, 0)


def test_with_one_class_the_most_frequent_words_are_given(corpus: Make) -> None:
    made = corpus(["a a b", "a c"], "++")

    found = typical_ngrams(made, count_ngrams(made.words, made.codes, 1, 1), 0, 2)

    assert [(each.text, each.inside) for each in found] == [("a", 2), ("b", 1)]


@pytest.mark.parametrize("labels", ["+" * 80, "+" * 40 + "-" * 40])
def test_what_cannot_be_seen_is_typical_of_nothing(corpus: Make, labels: str) -> None:
    # Regression: what follows an emoji, to give it colours or to join it, was listed by its number.
    made = corpus(["lovely \u263a\ufe0f \U0001f469\u200d\U0001f52c"] * 40 + ["bad bag"] * 40, labels)

    words, pairs = (
        [
            each.text
            for each in typical_ngrams(
                made, count_ngrams(made.words, made.codes, len(made.classes), size), -1, 9
            )
        ]
        for size in (1, 2)
    )

    assert {"lovely", "\u263a"} < set(words)
    assert "lovely \u263a" in pairs
    assert not [each for each in (*words, *pairs) if re.search("U\\+|\ufe0f|\u200d", each)]


def test_where_a_class_has_no_pairs_none_is_typical_of_any(corpus: Make) -> None:
    # Regression: the most frequent pairs stood there as if they had been compared.
    made = corpus(["bad"] * 40 + ["very good"] * 40, "-" * 40 + "+" * 40)
    pairs = count_ngrams(made.words, made.codes, 2, 2)

    assert [typical_ngrams(made, pairs, code, 9) for code in (0, 1)] == [[], []]


def test_pairs_are_compared_though_a_third_class_has_none(corpus: Make) -> None:
    made = corpus(["bad bag"] * 40 + ["hm"] * 40 + ["very good"] * 40, "-" * 40 + "0" * 40 + "+" * 40)
    pairs = count_ngrams(made.words, made.codes, 3, 2)

    found = [[each.text for each in typical_ngrams(made, pairs, code, 9)] for code in range(3)]

    assert found == [["bad bag"], [], ["very good"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't know", {"negations"}),
        ("DIDN’T work", {"negations", "words in capitals"}),
        ("what a note", set()),
        ("why?!", {"question marks", "exclamation marks"}),
        ("well…", {"dots (...)"}),
        ("see you. bye", set()),
        ("nice :)", {"happy emoticons"}),
        ("nice =D &lt;3", {"happy emoticons"}),
        ("oh no :-(", {"negations", "sad emoticons"}),
        ("hm :/", {"sad emoticons"}),
        ("&quot;so (they say)&quot;)", set()),
        ("see http://a.b/c", {"links"}),
        ("USER look at URL", {"mentions", "links"}),
        ("@you #fail", {"mentions", "hashtags"}),
        ("gate #3 at a.b@c.de &#39;", set()),
        ("love \U0001f60d", {"emojis"}),
        ("WORST day", {"words in capitals"}),
        ("I AM ok", set()),
        ("note:people", set()),
    ],
)
def test_marks_are_seen_where_they_are_and_nowhere_else(corpus: Make, text: str, expected: set[str]) -> None:
    found = marks(corpus([text], "+"))

    assert {each.name for each in found if each.shares[0].value} == expected


def test_the_share_of_a_mark_is_by_class_and_counts_a_text_once(corpus: Make) -> None:
    found = {each.name: each for each in marks(corpus(["a!", "b! b!", "c", "d"], "++-+"))}

    negative, positive = found["exclamation marks"].shares
    assert (negative.value, positive.value) == (0, pytest.approx(2 / 3))
    assert positive.low < 2 / 3 < positive.high


def test_neighbours_agree_where_classes_lie_apart() -> None:
    vectors = np.concatenate([np.eye(2)[[0]].repeat(20, axis=0), np.eye(2)[[1]].repeat(20, axis=0)])
    codes = np.repeat([0, 1], 20).astype(np.int8)

    assert agreement(vectors, codes) == 1
    assert agreement(vectors, np.tile([0, 1], 20).astype(np.int8)) < 0.6


def test_a_map_lies_in_the_unit_square_and_is_the_same_each_time(corpus: Make) -> None:
    made = corpus([f"{'kind crew' if i % 2 else 'lost bag'} {i % 7} {i}" for i in range(40)], "+-" * 20)
    rows = made.sample(30, 0)
    vectors = tfidf_space(made.words, made.words.of(rows), 0)

    once, again = (projected(made, rows, vectors, "words", 0) for _ in range(2))

    assert once is not None
    assert again is not None
    assert once.points.tolist() == again.points.tolist()
    assert (once.points.min(), once.points.max()) == (0, 1)
    assert once.chance == pytest.approx(0.5)


def test_too_few_different_texts_make_no_map(corpus: Make) -> None:
    made = corpus(["same"] * 50, "+-" * 25)
    rows = made.sample(50, 0)

    assert projected(made, rows, tfidf_space(made.words, made.words, 0), "words", 0) is None


def test_factored_vectors_bring_words_together_that_stand_in_for_each_other(corpus: Make) -> None:
    made = corpus(["the crew was kind"] * 9 + ["the staff was kind"] * 9 + ["my lost bag"] * 9, "+" * 27)

    table = factored_vectors(made.words, 0).table
    crew, staff, bag = (table[list(made.words.vocabulary).index(each)] for each in ("crew", "staff", "bag"))

    def cosine(one: np.ndarray, other: np.ndarray) -> float:
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert cosine(crew, staff) > 0.9 > cosine(crew, bag)


def test_vectors_are_read_from_a_file_and_texts_are_the_mean_of_what_it_knows(
    corpus: Make, tmp_path: Path
) -> None:
    path = tmp_path / "glove.txt"
    path.write_text("kind 1 0\ncrew 0 1\nother 5 5\n")
    made = corpus(["kind crew", "kind", "unheard of"], "++-")

    read = read_vectors(look_into(path), made.words, SilentProgress())

    assert read.means(made.words).tolist() == [[0.5, 0.5], [1, 0], [0, 0]]
    assert read.source == "glove.txt, which knows 60\xa0% of the words as they occur"
