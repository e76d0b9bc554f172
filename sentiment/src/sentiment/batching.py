"""Puts texts of like length together: little padding, and bounded memory."""

from collections.abc import Iterator, Sequence


def by_length(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Part texts into batches, the shortest first.

    Parameters
    ----------
    lengths
        Tokens of each text.
    tokens
        In a batch at most, padding included; a longer text is a batch of its own.

    Yields
    ------
    list
        Places of texts, from 0; of equally long ones in their order.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * lengths[order[end]] <= tokens:
            end += 1
        yield order[start:end]
        start = end
