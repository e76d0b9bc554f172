"""N-grams of token ids: which have a column, and that none is missed or made up."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment_training.families.classic import ngrams
from sentiment_training.families.classic.ngrams import LONGEST, NgramTable, largest_prime_below


def a_table(
    texts: list[list[int]], longest: int, min_count: int = 1, most_buckets: int = 2**20
) -> NgramTable:
    return NgramTable.build(
        *laid_out(texts), vocabulary=41, longest=longest, most_buckets=most_buckets, min_count=min_count
    )


def laid_out(texts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(list(itertools.chain(*texts)), np.int32), np.array(
        [len(text) for text in texts], np.int64
    )


def ngrams_of(text: list[int], longest: int) -> list[tuple[int | str, ...]]:
    """Those of two and more with the text's edges."""
    edged = ["begin", *text, "end"]
    return [(token,) for token in text] + [
        tuple(edged[start : start + size])
        for size in range(2, longest + 1)
        for start in range(len(edged) - size + 1)
    ]


@given(
    texts=st.lists(st.lists(st.integers(1, 40), max_size=12), min_size=1, max_size=6),
    longest=st.integers(1, LONGEST),
)
def test_the_matrix_holds_each_ngram_of_each_text_and_no_other(texts: list[list[int]], longest: int) -> None:
    table = a_table(texts, longest)
    matrix = table.counts(*laid_out(texts))
    assert matrix.shape == (len(texts), table.columns)
    # Two n-grams may want one bucket, and the rarer one is then not seen; a table is half full at most.
    longer = {ngram for text in texts for ngram in ngrams_of(text, longest) if len(ngram) > 1}
    unseen = len(longer) - np.count_nonzero(table.fingerprints)
    assert unseen <= len(longer) / 2
    for row, text in enumerate(texts):
        distinct = set(ngrams_of(text, longest))
        assert [matrix[row, token] for token in sorted(set(text))] == [
            text.count(token) for token in sorted(set(text))
        ]
        assert len(distinct) - unseen <= matrix[row].nnz <= len(distinct)
        assert len(set(text)) == (matrix[row].indices < table.vocabulary).sum()


def test_an_ngram_that_is_too_rare_is_not_seen() -> None:
    table = a_table([[1, 2, 3], [1, 2, 4]], longest=2, min_count=2)
    assert np.count_nonzero(table.fingerprints) == 2  # of "[begin] 1" and "1 2"
    assert table.counts(*laid_out([[1, 2]])).nnz == 4
    assert table.counts(*laid_out([[2, 3]])).nnz == 2


def test_of_two_ngrams_in_one_bucket_the_more_frequent_stays() -> None:
    frequent = [1, 2]
    for rare in ([first, second] for first in range(3, 41) for second in range(3, 41)):
        table = a_table([frequent] * 3 + [rare] * 2, longest=2)
        apart = np.count_nonzero(a_table([rare] * 2, longest=2).fingerprints) == 3
        # Each has three pairs, edges included.
        if apart and np.count_nonzero(table.fingerprints) == 5:
            assert table.counts(*laid_out([frequent])).nnz == 5
            assert table.counts(*laid_out([rare])).nnz == len(set(rare)) + 2
            return
    pytest.fail("of 1,444 texts none met the first in 251 buckets")


def test_an_ngram_never_reaches_into_the_next_text() -> None:
    table = a_table([[1, 2]], longest=2)
    assert table.counts(*laid_out([[1], [2]])).nnz == 4
    assert table.counts(*laid_out([[1, 2]])).nnz == 5


def test_a_text_s_edges_are_seen() -> None:
    table = a_table([[1, 2]], longest=2)
    assert table.counts(*laid_out([[1, 3]])).nnz == 3  # 1, 3, "[begin] 1"
    assert table.counts(*laid_out([[3, 2]])).nnz == 3  # 3, 2, "2 [end]"
    assert table.counts(*laid_out([[2, 1]])).nnz == 2
    assert table.counts(*laid_out([[]])).nnz == 0


def test_the_largest_prime_below_is_prime() -> None:
    assert [largest_prime_below(limit) for limit in (4, 10, 2**14, 2**22)] == [3, 7, 16381, 4194301]


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_common_words_do_not_crowd_into_few_buckets(size: int) -> None:
    """Multipliers near powers of two once left tiny remainders: the common pairs shared their buckets."""
    texts = [
        list(item)
        for item in itertools.product(range(1, {2: 41, 3: 20, 4: 9, 5: 6, 6: 5}[size]), repeat=size)
    ]
    table = a_table(texts, longest=size, most_buckets=2**22)
    distinct = len({ngram for text in texts for ngram in ngrams_of(text, size) if len(ngram) > 1})
    # n in 2n buckets at random: 1 - e^-½ of the buckets, 0.79 n, are taken.
    assert np.count_nonzero(table.fingerprints) >= 0.75 * distinct


def test_chosen_columns_are_counted_as_among_all() -> None:
    texts = [[1, 2, 3, 1, 2], [4, 1, 2], [5]]
    table = a_table(texts, longest=3)
    everything = table.counts(*laid_out(texts))
    chosen = np.flatnonzero(everything.sum(axis=0))[::2]
    assert (table.counts(*laid_out(texts), chosen) != everything[:, chosen]).nnz == 0


def test_a_large_corpus_is_counted_in_pieces_that_never_cut_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [[1, 2, 3], [], [2, 3], [1, 2, 3, 4, 5, 6, 7], [], [3, 3]]
    table = a_table(texts, longest=2)
    whole = table.counts(*laid_out(texts))
    monkeypatch.setattr(ngrams, "TOKENS_AT_ONCE", 2)
    assert (table.counts(*laid_out(texts)) != whole).nnz == 0
