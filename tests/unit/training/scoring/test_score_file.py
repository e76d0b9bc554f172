"""A file is scored in its order, in pieces, and written whole or not at all."""

import gzip
import io
import socket
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from bundles import a_graph, a_tokenizer
from sentiment import Bundle, Provenance, write_bundle
from sentiment_training.errors import (
    DatasetError,
    DatasetNotFoundError,
    EngineError,
    MissingColumnsError,
    NotUtf8Error,
    OptionError,
    UnreadableFileError,
)
from sentiment_training.progress import SilentProgress
from sentiment_training.pyfunc_model import TweetSentiment
from sentiment_training.scoring.files import check_out, open_source
from sentiment_training.scoring.scoring import Answers, Engine, Scored, local_engine, score_file

File = Callable[..., str]
GERMAN = "Vielen Dank für den wunderbaren Flug und das freundliche Personal an Bord"


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

    scored = score_file(Path(source), out, by_length(pieces), SilentProgress())

    found = pd.read_parquet(out)
    assert scored == Scored(20_000)
    assert list(found.columns) == ["id", "text", "prediction", "probability"]
    assert found["probability"].tolist() == [len(text) for text in texts]
    assert found["id"].tolist() == [f"{i:06d}" for i in range(20_000)], "a CSV's zeros stay"
    assert max(pieces) <= 8192


def test_a_row_without_text_has_no_answer(a_file: File, tmp_path: Path) -> None:
    # Blank ones, too, as the API has it: they were labelled by what the model makes of nothing.
    source = a_file("gaps.parquet", {"text": ["a", None, "ccc", "", " \u3000\n"]})
    scored = score_file(Path(source), tmp_path / "out.csv", by_length(), SilentProgress())
    found = pd.read_csv(tmp_path / "out.csv")
    assert [1.0, 3.0] == found["probability"].dropna().tolist()
    assert found["prediction"].isna().tolist() == [False, True, False, True, True]
    assert scored == Scored(5, without_text=3)


def test_a_text_in_a_language_that_the_version_does_not_know_has_no_answer(
    a_file: File, tmp_path: Path
) -> None:
    # Regression: it was guessed at.
    folder = tmp_path / "bundle"
    write_bundle(
        folder,
        family="made-up",
        tokenizer=a_tokenizer(),
        graph=a_graph().SerializeToString(),
        golden_texts=["thank you"],
        provenance=Provenance(languages=("en",)),
    )
    source = a_file("two.csv", {"text": ["thank you for nothing", GERMAN]})
    scored = score_file(
        Path(source), tmp_path / "out.parquet", local_engine(Bundle.open(folder)), SilentProgress()
    )
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["probability"].isna().tolist() == found["prediction"].isna().tolist() == [False, True]
    assert scored.unanswered() == "1 in a language that it does not know"

    model = TweetSentiment()
    model.load_context(SimpleNamespace(artifacts={"bundle": str(folder)}))  # type: ignore[arg-type]
    answers = model.predict(None, pd.DataFrame({"text": ["thank you for nothing", GERMAN]}))  # type: ignore[arg-type]
    assert answers["label"].tolist() == [found["prediction"][0], None]
    assert answers["probability"].tolist() == [found["probability"][0], None]
    known = model.predict(None, pd.DataFrame({"text": ["thank you"]}, index=[7]))  # type: ignore[arg-type]
    assert known["probability"].dtype == float
    assert known.index.tolist() == [7]


def test_the_text_is_found_as_training_finds_it(tmp_path: Path) -> None:
    table = pd.DataFrame({" Text": pd.Categorical(["a", "bb", "a"]), "id": [1, 2, 3]})
    table.to_parquet(tmp_path / "category.parquet")
    score_file(tmp_path / "category.parquet", tmp_path / "out.csv", by_length(), SilentProgress())
    found = pd.read_csv(tmp_path / "out.csv")
    assert found.columns.tolist() == [" Text", "id", "prediction", "probability"]
    assert found["probability"].tolist() == [1, 2, 1]


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
    (tmp_path / "twice.csv").write_text("text,text\na,b\n")
    with pytest.raises(UnreadableFileError, match="column text occurs twice; keep one"):
        score_file(tmp_path / "twice.csv", out, by_length(), SilentProgress())
    (tmp_path / "both.csv").write_text("text,Text\na,b\n")
    with pytest.raises(UnreadableFileError, match="columns text and Text may both be the text"):
        score_file(tmp_path / "both.csv", out, by_length(), SilentProgress())
    pd.DataFrame({"text": ["a"], "tags": [["x"]]}).to_parquet(tmp_path / "nested.parquet")
    with pytest.raises(OptionError, match=r"the column tags holds list<.*>, which no CSV can; .* \.parquet"):
        score_file(tmp_path / "nested.parquet", tmp_path / "out.csv", by_length(), SilentProgress())
    score_file(tmp_path / "nested.parquet", out, by_length(), SilentProgress())
    with pytest.raises(OptionError, match="suffix"):
        check_out(tmp_path / "out.xlsx")


def zipped(member: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, b"text\na\n")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,id\na,1\n".encode("utf-16"), "UTF-16 is not read; save it as UTF-8"),
        (gzip.compress(b"text,id\na,1\n", mtime=0), r"gzip is not read; unpack it first \(`gunzip`\)"),
        (b'[{"text": "a", "id": 1}]\n', "JSON is not read; save it as CSV or parquet"),
        (b'{"text": "a", "id": 1}\n{"text": "b", "id": 2}\n', "JSON is not read; save it as CSV or parquet"),
        (b"text;id\na, b;1\n", "its cells are parted by semicolons; save it with commas"),
        (b"text\tid\na, b\t1\n", "its cells are parted by tabs; save it with commas"),
        (b"id,text\n1,fine\n2,caf\xe9 \x93so so\x94\n", "line 3 is not UTF-8; save the file as UTF-8"),
        (b"id,caf\xe9,text\n1,2,fine\n", "line 1 is not UTF-8; save the file as UTF-8"),
        (b"caf\xe9 \x1b[31m,1\n", "no column text; found caf\ufffd"),
        (zipped("xl/workbook.xml"), "an Excel workbook is not read; save it as CSV UTF-8"),
        (zipped("a.csv"), "no zip is scored; unpack it and give the file"),
        (b"\x7fELF\x02\x01\0\0\xff\xfe\n", "neither parquet, CSV nor zip"),
        (b"PAR1 and no more", "not a whole parquet file"),
        (
            b"text,id\na,1\nsecret \x1b[31m\x01,2,3\n",
            r"not a CSV \(.*Row #\d+: Expected 2 columns, got 3\); quote texts",
        ),
        (b'text,id\n"' + b"secret " * 2_000_000, "a quote that is not closed, or is longer than 4 MB"),
        (b"", "the file is empty"),
    ],
)
def test_what_cannot_be_scored_is_called_by_its_name_as_training_does(
    content: bytes, said: str, tmp_path: Path
) -> None:
    # Regression: pyarrow's words were all that was said, with the bytes and the tweets that it quotes.
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=said) as told:
        score_file(tmp_path / "a.csv", tmp_path / "out.csv", by_length(), SilentProgress())
    assert str(told.value).isprintable()
    assert "secret" not in str(told.value)
    assert not (tmp_path / "out.csv").exists()


def test_a_fault_far_down_is_told_before_anything_is_scored(tmp_path: Path) -> None:
    # Regression: it ended the scoring when its line came.
    (tmp_path / "a.csv").write_bytes(b"text\n" + b"fine\n" * 2_000_000 + b"caf\xe9\n")
    with pytest.raises(NotUtf8Error, match="line 2,000,002 is not UTF-8"):
        open_source(tmp_path / "a.csv")


def test_a_damaged_page_of_a_parquet_file_is_said(a_file: File, tmp_path: Path) -> None:
    path = Path(a_file("a.parquet", {"text": [f"tweet {number}" for number in range(1000)]}))
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"a\.parquet: not a whole parquet file"):
        score_file(path, tmp_path / "out.csv", by_length(), SilentProgress())


def test_a_file_to_score_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"none\.csv: no such file; give a parquet or CSV file"):
        open_source(tmp_path / "none.csv")
    with pytest.raises(UnreadableFileError, match=r"cannot be read \(Is a directory\)"):
        open_source(tmp_path)


def test_a_cluster_that_is_not_there_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # Regression: Ray waited for it, and said nothing.
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from sentiment_training.scoring.ray_engine import ray_engine  # noqa: PLC0415 - slow

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for spelled in (address, f"ray://{address}"):
            monkeypatch.setenv("RAY_ADDRESS", spelled)
            with pytest.raises(EngineError, match=f"no Ray cluster answers at {spelled} .*; set RAY_ADDRESS"):
                ray_engine("models:/m/1", "http://127.0.0.1", 1).__enter__()


def test_an_empty_line_of_a_single_column_is_a_row(tmp_path: Path) -> None:
    # Regression: it was dropped, and what followed stood a line higher.
    (tmp_path / "one.csv").write_text("text\ngood\n\nbad\n")
    assert score_file(tmp_path / "one.csv", tmp_path / "out.csv", by_length(), SilentProgress()) == Scored(
        3, without_text=1
    )
    (tmp_path / "two.csv").write_text("text,id\ngood,1\n\nbad,2\n")
    assert score_file(tmp_path / "two.csv", tmp_path / "out2.csv", by_length(), SilentProgress()) == Scored(2)
