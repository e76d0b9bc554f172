"""A file is written whole, and over nothing that was not to be replaced."""

import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from sentiment_training.errors import DiskError, OptionError
from sentiment_training.files import require_place, whole


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    with whole(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def write_half() -> None:
        with whole(path) as file:
            file.write(b"half")
            raise UnicodeError

    with pytest.raises(UnicodeError):
        write_half()

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with whole(tmp_path / "report.html") as file:
            file.write(b"new")
    finally:
        os.umask(mask)

    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o640


def test_a_file_that_is_there_is_only_replaced_on_request(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    with pytest.raises(OptionError, match="--force"):
        require_place(path, force=False)
    require_place(path, force=True)


def test_a_folder_that_is_absent_or_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no folder"):
        require_place(tmp_path / "nowhere" / "report.html", force=False)
    with pytest.raises(OptionError, match="that is a folder"):
        require_place(tmp_path, force=True)


def test_too_little_room_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Regression: an exploration or answers to a large file found a full disk at their end.
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100 * 2**20))
    path = tmp_path / "answers.csv"

    require_place(path, force=False)
    with pytest.raises(
        DiskError, match=r"has 100 MB of free space, \S+/answers.csv wants 1,024 MB; make room"
    ):
        require_place(path, force=False, room=2**30)


def test_a_full_disk_says_what_was_being_written(tmp_path: Path) -> None:
    # Regression: "No space left on device", of which nobody knew.
    path = tmp_path / "answers.parquet"

    def fill() -> None:
        with whole(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as found:
        fill()
    assert found.value.filename == str(path)
