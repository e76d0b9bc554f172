"""Checkpoints belong to one training alone, and do not stay for ever."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from sentiment_training.checkpoints import PIECES, identity, kept_checkpoints, open_cache
from sentiment_training.errors import DiskError, TrackingError

KNOWN = identity("epochs", {"units": "8"}, "f" * 64, [("train", 1.0)], 0)


def interrupted(cache: Path, of: dict[str, object], say: Callable[[str], None] = print) -> None:
    """Train one epoch, and no more."""
    with suppress(KeyboardInterrupt), kept_checkpoints(cache, of, say) as folder:
        assert folder is not None
        (folder / "epoch").write_text("1")
        raise KeyboardInterrupt


def found(cache: Path, of: dict[str, object], *, fresh: bool = False) -> list[str]:
    with kept_checkpoints(cache, of, print, fresh=fresh) as folder:
        assert folder is not None
        return [each.name for each in folder.iterdir()]


def test_an_interrupted_training_finds_its_epochs_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    interrupted(tmp_path, KNOWN, said.append)
    assert "goes on from its last epoch" in said[0]

    with kept_checkpoints(tmp_path, KNOWN, said.append) as folder:
        assert folder is not None
        assert (folder / "epoch").read_text() == "1"
    assert "--fresh starts over" in said[1]


def test_a_training_that_succeeded_leaves_nothing(tmp_path: Path) -> None:
    interrupted(tmp_path, KNOWN)
    assert found(tmp_path, KNOWN) == ["epoch"]
    assert found(tmp_path, KNOWN) == []


@pytest.mark.parametrize(
    "other",
    [
        identity("other", {"units": "8"}, "f" * 64, [("train", 1.0)], 0),
        identity("epochs", {"units": "9"}, "f" * 64, [("train", 1.0)], 0),
        identity("epochs", {"units": "8"}, "e" * 64, [("train", 1.0)], 0),
        identity("epochs", {"units": "8"}, "f" * 64, [("train", 2.0)], 0),
        identity("epochs", {"units": "8"}, "f" * 64, [("train", 1.0)], 1),
        identity("epochs", {"units": "8"}, "f" * 64, [("other", 1.0)], 0),
        identity("epochs", {"units": "8"}, "f" * 64, [("train", 1.0), ("other", 1.0)], 0),
        {**KNOWN, "code": "changed"},
    ],
)
def test_another_training_never_finds_them(tmp_path: Path, other: dict[str, object]) -> None:
    interrupted(tmp_path, KNOWN)
    assert found(tmp_path, other) == []


def test_a_folder_that_says_of_itself_to_be_another_is_not_used(tmp_path: Path) -> None:
    interrupted(tmp_path, KNOWN)
    [about] = tmp_path.glob("checkpoints/*/identity.json")
    about.write_text("{}")
    assert found(tmp_path, KNOWN) == []


def test_fresh_takes_them_away(tmp_path: Path) -> None:
    interrupted(tmp_path, KNOWN)
    assert found(tmp_path, KNOWN, fresh=True) == []


def test_an_interruption_before_the_first_epoch_keeps_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), kept_checkpoints(tmp_path, KNOWN, print):
        raise KeyboardInterrupt
    assert not [each for each in (tmp_path / "checkpoints").iterdir() if each.is_dir()]


def test_two_that_train_the_same_at_once_do_not_share(tmp_path: Path) -> None:
    with kept_checkpoints(tmp_path, KNOWN, print), kept_checkpoints(tmp_path, KNOWN, print) as second:
        assert second is None


def test_what_is_older_than_two_weeks_goes(tmp_path: Path) -> None:
    interrupted(tmp_path, KNOWN)
    young = {**KNOWN, "seed": 1}
    interrupted(tmp_path, young)
    [old] = [
        each.parent
        for each in tmp_path.glob("checkpoints/*/identity.json")
        if '"seed": 0' in each.read_text()
    ]
    pieces = [tmp_path / PIECES / name for name in ("old.npy", "young.npy")]
    pieces[0].parent.mkdir()
    for each in pieces:
        each.touch()
    long_ago = time.time() - 15 * 86_400
    for each in (old, *old.rglob("*"), pieces[0]):
        os.utime(each, (long_ago, long_ago))

    open_cache(tmp_path)

    assert not old.exists()
    assert [each.exists() for each in pieces] == [False, True]
    assert found(tmp_path, young) == ["epoch"]


def test_a_cache_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="VIGIE_CACHE_FOLDER"):
        open_cache(tmp_path / "file" / "cache")


def test_too_little_room_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(DiskError, match="0 MB of free space, training wants 400 MB"):
        open_cache(tmp_path)


def test_what_others_take_away_meanwhile_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Regression: a file that had just got its name ended the command.
    pieces = tmp_path / PIECES
    pieces.mkdir()
    (pieces / ".piece.npy.part").write_text("x")
    lstat = Path.lstat

    def gone(path: Path) -> os.stat_result:
        path.unlink(missing_ok=True)
        return lstat(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "lstat", lambda path: gone(path) if path.suffix == ".part" else lstat(path))
        assert open_cache(tmp_path) == tmp_path


def test_data_sets_in_another_order_are_another_training() -> None:
    one, other = [("a", 1.0), ("b", 1.0)], [("b", 1.0), ("a", 1.0)]
    assert identity("epochs", {}, "f" * 64, one, 0) != identity("epochs", {}, "f" * 64, other, 0)


def test_where_mlflow_is_what_went_away_nobody_is_told_to_train_again(tmp_path: Path) -> None:
    said: list[str] = []
    with suppress(TrackingError), kept_checkpoints(tmp_path, KNOWN, said.append) as folder:
        assert folder is not None
        (folder / "epoch").write_text("1")
        raise TrackingError("MLflow is gone; to register it: vigie register FOLDER")
    assert said == []
    assert found(tmp_path, KNOWN) == ["epoch"]
