"""A file is scored in its order, in pieces, and written whole or not at all."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from sentiment_training.errors import MissingColumnsError, OptionError
from sentiment_training.progress import SilentProgress
from sentiment_training.scoring.files import check_out
from sentiment_training.scoring.scoring import Answers, Engine, score_file

File = Callable[..., str]


@contextmanager
def by_length(largest: list[int] | None = None, fail_after: int = 10**9) -> Iterator[Engine]:
    """Take a text's length for its probability."""

    def score(pieces: Iterable[list[str]]) -> Iterator[Answers]:
        for number, texts in enumerate(pieces):
            if largest is not None:
                largest.append(len(texts))
            if number >= fail_after:
                raise OSError(28, "No space left on device")
            yield ["positive" for _ in texts], [float(len(text)) for text in texts]

    yield score


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_rows_keep_their_order_and_their_columns(a_file: File, tmp_path: Path, suffix: str) -> None:
    texts = ["x" * (i % 50 + 1) for i in range(20_000)]
    source = a_file(f"many.{suffix}", {"id": [f"{i:06d}" for i in range(20_000)], "text": texts})
    pieces: list[int] = []
    out = tmp_path / "out.parquet"

    rows = score_file(Path(source), out, by_length(pieces), SilentProgress())

    found = pd.read_parquet(out)
    assert rows == 20_000
    assert list(found.columns) == ["id", "text", "prediction", "probability"]
    assert found["probability"].tolist() == [len(text) for text in texts]
    assert found["id"].tolist() == [f"{i:06d}" for i in range(20_000)], "a CSV's zeros stay"
    assert max(pieces) <= 8192


def test_a_row_without_text_has_no_answer(a_file: File, tmp_path: Path) -> None:
    source = a_file("gaps.parquet", {"text": ["a", None, "ccc"]})
    score_file(Path(source), tmp_path / "out.csv", by_length(), SilentProgress())
    found = pd.read_csv(tmp_path / "out.csv")
    assert [1.0, 3.0] == found["probability"].dropna().tolist()
    assert found["prediction"].isna().tolist() == [False, True, False]


def test_what_fails_midway_leaves_nothing_and_what_was_there(a_file: File, tmp_path: Path) -> None:
    source = a_file("many.parquet", {"text": ["a"] * 30_000})
    out = tmp_path / "out.parquet"
    out.write_text("before")

    with pytest.raises(OSError, match="No space left"):
        score_file(Path(source), out, by_length(fail_after=2), SilentProgress())

    assert out.read_text() == "before"
    assert {"many.parquet", "out.parquet"} == {each.name for each in tmp_path.iterdir()}


def test_texts_that_look_like_numbers_are_texts(tmp_path: Path) -> None:
    source, out = tmp_path / "digits.csv", tmp_path / "out.csv"
    source.write_text("id,text\n007,123\n008,4\n")
    score_file(source, out, by_length(), SilentProgress())
    found = pd.read_csv(out, dtype=str)
    assert found["text"].tolist() == ["123", "4"]
    assert found["id"].tolist() == ["007", "008"]
    assert found["probability"].astype(float).tolist() == [3, 1]


def test_a_file_that_cannot_be_scored_is_said(a_file: File, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    with pytest.raises(MissingColumnsError, match="no column text; found tweet"):
        score_file(Path(a_file("a.csv", {"tweet": ["a"]})), out, by_length(), SilentProgress())
    taken = a_file("b.csv", {"text": ["a"], "probability": [1]})
    with pytest.raises(OptionError, match="column probability already"):
        score_file(Path(taken), out, by_length(), SilentProgress())
    with pytest.raises(OptionError, match="suffix"):
        check_out(tmp_path / "out.xlsx")
