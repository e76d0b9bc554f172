"""What was computed for a piece of texts is kept, and taken again for just these texts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from sentiment_training.pieces import is_kept, kept_piece


class Lengths:
    """Computes two numbers a text, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked += 1
        return np.array([[len(text), self.asked] for text in texts], np.float32)


def kept(
    texts: Sequence[str], folder: Path | None, lengths: Lengths, identity: str = "one"
) -> list[list[float]]:
    rows: list[list[float]] = kept_piece(texts, folder, identity, lengths, (2,)).tolist()
    return rows


def test_a_piece_is_computed_once(tmp_path: Path) -> None:
    lengths = Lengths()
    folder = tmp_path / "made" / "here"

    assert kept(["late", "never"], folder, lengths) == [[4, 1], [5, 1]]
    assert kept(["late", "never"], folder, lengths) == [[4, 1], [5, 1]]
    assert [path.suffix for path in folder.iterdir()] == [".npy"]


@pytest.mark.parametrize(
    "others", [["latenever"], ["late", "ever"], ["never", "late"], ["late", "never", ""], []]
)
def test_other_texts_are_another_piece(tmp_path: Path, others: list[str]) -> None:
    lengths = Lengths()
    kept(["late", "never"], tmp_path, lengths)
    assert kept(others, tmp_path, lengths) == [[len(text), 2] for text in others]


def test_what_another_computed_is_another_piece(tmp_path: Path) -> None:
    lengths = Lengths()
    kept(["late"], tmp_path, lengths)
    assert kept(["late"], tmp_path, lengths, identity="two") == [[4, 2]]


def test_what_is_kept_is_known(tmp_path: Path) -> None:
    kept(["late"], tmp_path, Lengths())
    assert is_kept(["late"], tmp_path, "one")
    assert not is_kept(["late"], tmp_path, "two")
    assert not is_kept(["later"], tmp_path, "one")


def test_a_piece_may_be_lent_from_its_file(tmp_path: Path) -> None:
    lengths = Lengths()
    for _ in range(2):
        lent = kept_piece(["late"], tmp_path, "one", lengths, (2,), lent=True)
        assert isinstance(lent, np.memmap)
        assert lent.tolist() == [[4, 1]]


@pytest.mark.parametrize("damage", [b"", b"PK", b"\x93NUMPY\x01\x00"])
def test_a_damaged_piece_is_computed_again(tmp_path: Path, damage: bytes) -> None:
    lengths = Lengths()
    kept(["late"], tmp_path, lengths)
    (path,) = tmp_path.iterdir()
    for whatever in (damage, path.read_bytes()[:-1]):
        path.write_bytes(whatever)
        before = lengths.asked
        assert kept(["late"], tmp_path, lengths) == [[4, before + 1]]


def test_without_a_folder_nothing_is_kept() -> None:
    lengths = Lengths()
    kept(["late"], None, lengths)
    assert kept(["late"], None, lengths) == [[4, 2]]
