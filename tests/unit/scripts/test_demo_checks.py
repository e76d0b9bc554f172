import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo.checks import check_port, free_port, make_home, sole_user
from demo.errors import DemoError, HomeBusyError, NoSpaceError, PortTakenError


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTakenError, match=rf"^Port {port} is taken.*VIGIE_PORT=8081 make demo$"):
            check_port(port)


def test_a_free_port_is_free() -> None:
    check_port(free_port())


def test_a_second_demo_in_the_same_home_is_told_who_runs_the_first(tmp_path: Path) -> None:
    with (
        sole_user(tmp_path),
        pytest.raises(HomeBusyError, match=rf"already running in .* \(process {os.getpid()}\)"),
        sole_user(tmp_path),
    ):
        pytest.fail("the folder was given away twice")


def test_the_home_is_free_again_once_a_demo_has_ended(tmp_path: Path) -> None:
    with sole_user(tmp_path):
        pass
    with sole_user(tmp_path):
        pass


def test_a_home_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DemoError, match=r"cannot be written .*VIGIE_HOME="):
        make_home(tmp_path / "file")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", tmp_path], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_disk_with_too_little_room_is_a_plain_sentence(small_disk: Path) -> None:
    with pytest.raises(NoSpaceError, match=r"MB left; the demo needs 500 MB\. Make room"):
        make_home(small_disk / "home")


def test_a_full_disk_is_a_plain_sentence(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(b"x" * 2 * 1024**2)

    with pytest.raises(NoSpaceError, match="the demo needs 500 MB"):
        make_home(small_disk / "home")
