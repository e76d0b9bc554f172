"""Cleaning: nothing is learned twice, both ways, or before the exam."""

from collections.abc import Callable

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment_training.datasets import Dataset, normalised, without_duplicates, without_texts_of

any_text = st.text(st.characters(exclude_categories=["Cs"]))


def norm(*texts: str) -> list[str]:
    return normalised(pa.array(texts, pa.large_string())).to_pylist()


def test_mentions_links_case_and_spaces_make_no_difference() -> None:
    assert len(set(norm("@jane  Look: https://x.org/a", "USER look: URL", " @joe look:\twww.y.org "))) == 1


def test_words_marks_and_emoticons_make_a_difference() -> None:
    assert len(set(norm("good", "good!", "good :)", "good :("))) == 4


@given(any_text)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    [once] = norm(text)
    assert [once] == norm(once)


def test_the_first_of_equal_texts_stays(dataset: Callable[..., Dataset]) -> None:
    [cleaned] = without_duplicates([dataset(["Bad", "good", "bad ", "BAD"], [False, True, False, False])])

    assert cleaned.texts.to_pylist() == ["Bad", "good"]
    assert (cleaned.counts.duplicate, cleaned.counts.contradictory) == (2, 0)


def test_texts_with_both_labels_go_altogether(dataset: Callable[..., Dataset]) -> None:
    [cleaned] = without_duplicates([dataset(["ok", "OK", "good", "bad"], [False, True, True, False])])

    assert cleaned.texts.to_pylist() == ["good", "bad"]
    assert (cleaned.counts.duplicate, cleaned.counts.contradictory) == (0, 2)


def test_equal_texts_are_found_across_files(dataset: Callable[..., Dataset]) -> None:
    first, second = without_duplicates(
        [dataset(["a", "b", "c"], [True, False, True]), dataset(["A", "b", "d"], [True, True, False])]
    )

    assert first.texts.to_pylist() == ["a", "c"]
    assert second.texts.to_pylist() == ["d"]
    assert (second.counts.duplicate, second.counts.contradictory) == (1, 1)


def test_what_an_evaluation_set_holds_is_not_learned(dataset: Callable[..., Dataset]) -> None:
    [left] = without_texts_of(
        [dataset(["@a hello", "b", "c"], [True, False, True])], [dataset(["@z HELLO", "x"], [False, True])]
    )

    assert left.texts.to_pylist() == ["b", "c"]
    assert left.counts.evaluated == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "A ", "b", "c", "@x", "@y"]), st.booleans()), min_size=1)
)
def test_every_row_is_either_kept_or_counted(
    dataset: Callable[..., Dataset], rows: list[tuple[str, bool]]
) -> None:
    texts, labels = zip(*rows, strict=True)
    [cleaned] = without_duplicates([dataset(texts, labels)])

    counts = cleaned.counts
    assert len(rows) == counts.kept + counts.duplicate + counts.contradictory
    assert len(cleaned) == counts.kept == len(set(norm(*cleaned.texts.to_pylist())))
