"""A report is written whole, and over nothing that was not to be replaced."""

from pathlib import Path

import pytest

from sentiment_training.errors import OptionError
from sentiment_training.exploration.writing import require_place, write_whole


def test_a_file_that_is_there_is_only_replaced_on_request(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    with pytest.raises(OptionError, match="--force"):
        require_place(path, force=False)
    require_place(path, force=True)
    write_whole(path, "new é")

    assert path.read_text("utf-8") == "new é"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_absent_or_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no folder"):
        require_place(tmp_path / "nowhere" / "report.html", force=False)
    with pytest.raises(OptionError, match="that is a folder"):
        require_place(tmp_path, force=True)


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half\ud800")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
