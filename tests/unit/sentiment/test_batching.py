"""Texts of like length go together, each once."""

from hypothesis import given
from hypothesis import strategies as st

from sentiment.batching import by_length


@given(lengths=st.lists(st.integers(0, 120), max_size=60), tokens=st.integers(1, 200))
def test_batches_hold_every_text_once_and_few_tokens(lengths: list[int], tokens: int) -> None:
    batches = list(by_length(lengths, tokens))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or longest * len(batch) <= tokens
    shown = [(lengths[place], place) for batch in batches for place in batch]
    assert shown == sorted(shown)
