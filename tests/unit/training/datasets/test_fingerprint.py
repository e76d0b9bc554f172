"""The fingerprint names content, and nothing else."""

from collections.abc import Callable

from sentiment_training.datasets import Dataset, fingerprint


def test_it_does_not_change_with_the_order_of_rows_or_files(dataset: Callable[..., Dataset]) -> None:
    whole = dataset(["a", "b", "é"], [True, False, True])
    parts = [dataset(["é"], [True], name="x"), dataset(["b", "a"], [False, True], name="y")]

    assert fingerprint([whole]) == fingerprint(parts)


def test_it_changes_with_a_label_a_letter_or_a_row(dataset: Callable[..., Dataset]) -> None:
    base = (["a", "b"], [True, False])
    others = [
        (["a", "b"], [False, True]),
        (["a", "B"], [True, False]),
        (["a", "b", "b"], [True, False, False]),
    ]

    prints = {fingerprint([dataset(*each)]) for each in [base, *others]}

    assert len(prints) == 4
    assert {64} == {len(each) for each in prints}
