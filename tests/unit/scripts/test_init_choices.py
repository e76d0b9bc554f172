import os
import shutil
import socket
from pathlib import Path

import pytest
from init import choices, docker
from init.errors import ChoiceError, DockerError, PortTakenError, RoomError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


def test_the_first_run_writes_choices_that_fit_the_machine(root: Path) -> None:
    assert choices.write(root, choices.found_out({"VIGIE_PORT": "9000"}, cpus=1))

    written = (root / ".env").read_text()
    assert "\nVIGIE_PORT=9000\n" in written
    assert "\nVIGIE_PUBLIC_URL=http://127.0.0.1:9000\n" in written
    assert "\nVIGIE_CPUS=1\n" in written
    assert choices.read(root, {}).port == 9000


def test_choices_that_are_there_stay(root: Path) -> None:
    (root / ".env").write_text("VIGIE_PORT=9001\n# mine\n")

    assert not choices.write(root, choices.found_out({}, cpus=2))
    assert (root / ".env").read_text() == "VIGIE_PORT=9001\n# mine\n"


def test_the_environment_goes_before_the_file(root: Path) -> None:
    (root / ".env").write_text('VIGIE_PORT="9001"\nVIGIE_BIND=127.0.0.1\n')
    read = choices.read(root, {"VIGIE_PORT": "9002"})

    assert (read.port, read.bind, read.address) == (9002, "127.0.0.1", "http://127.0.0.1:9002")


@pytest.mark.parametrize("port", ["0", "65536", "http", "80 80", "-1"])
def test_a_port_that_is_none_is_refused(root: Path, port: str) -> None:
    with pytest.raises(ChoiceError, match="VIGIE_PORT"):
        choices.read(root, {"VIGIE_PORT": port})


def test_a_taken_port_is_named_with_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", fake_docker(tmp_path, "{}", ""))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTakenError, match=f"Port {port} is taken.*VIGIE_PORT={port + 1}"):
            docker.check_port("127.0.0.1", port)


def test_too_little_memory_is_said_in_gigabytes() -> None:
    with pytest.raises(RoomError, match=r"1\.0 GB of memory; Vigie needs 2 GB"):
        docker.check_room({"MemTotal": 1024**3}, "vigie/api:latest")


def test_too_little_disk_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", fake_docker(tmp_path, "{}"))
    usage = shutil.disk_usage(tmp_path)._replace(free=300 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(RoomError, match=r"0\.3 GB left.*docker system df"):
        docker.check_room({"DockerRootDir": str(tmp_path / "absent")}, "vigie/absent:none")


def test_without_docker_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(DockerError, match="not installed"):
        docker.check()


def fake_docker(folder: Path, info: str, compose: str = "2.26.1", status: int = 0) -> str:
    program = folder / "docker"
    answers = f"info) echo '{info}'; exit {status};; compose) echo '{compose}';; *) exit 1;;"
    program.write_text(f"#!/bin/sh\ncase $1 in {answers} esac\n")
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("info", "compose", "status", "why"),
    [
        ('{"ServerVersion": "19.03.15"}', "2.26.1", 0, "19.03.15 is too old; 20.10"),
        ('{"ServerVersion": "24.0.2"}', "2.5.0", 0, "Compose 2.5.0 is too old; 2.20"),
        ("{}", "2.26.1", 1, "does not answer"),
        ('{"ServerErrors": ["permission denied"]}', "2.26.1", 1, "may not speak to Docker"),
    ],
)
def test_an_old_or_silent_docker_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, info: str, compose: str, status: int, why: str
) -> None:
    monkeypatch.setenv("PATH", fake_docker(tmp_path, info, compose, status))

    with pytest.raises(DockerError, match=why):
        docker.check()


def test_an_old_nas_is_good_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    info = '{"ServerVersion": "20.10.24", "NCPU": 4, "CpuCfsQuota": false}'
    monkeypatch.setenv("PATH", fake_docker(tmp_path, info, "v2.20.2"))

    assert docker.cpu_limit(docker.check()) == 0
    # Regression: `make init`, which comes first, did not ask, and `make up` leaves a .env as it is.
    assert docker.cpu_limit(docker.known()) == 0
    assert docker.cpu_limit({"NCPU": 1, "CpuCfsQuota": True}) == 1
    assert docker.cpu_limit({"NCPU": 8, "CpuCfsQuota": True}) == 2


def test_where_docker_does_not_answer_yet_the_machines_own_processors_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", fake_docker(tmp_path, "{}", "v2.20.2", 1))
    assert docker.known() == {"NCPU": os.cpu_count()}
    monkeypatch.setenv("PATH", "/nonexistent")
    assert docker.known() == {"NCPU": os.cpu_count()}
