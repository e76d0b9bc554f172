"""`make init` and `make up` with a Docker that says what the test wants."""

import http.server
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from init import story
from servers import free_port, reply, serving

ROOT = Path(__file__).resolve().parents[3]
INFO = '{"ServerVersion": "24.0.2", "NCPU": 2, "MemTotal": 8000000000, "DockerRootDir": "/"}'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(ROOT / ".env.example", folder)
    monkeypatch.chdir(folder)  # so that the way back is kept
    for name in ("VIGIE_PORT", "VIGIE_SECRETS", "VIGIE_BIND"):
        monkeypatch.delenv(name, raising=False)
    return folder


def a_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, *, up: int = 0, ps: str = "") -> None:
    program = folder / "docker"
    program.write_text(
        "#!/bin/sh\n"
        'case "$1 $2" in\n'
        f"    'info --format') echo '{INFO}';;\n"
        "    'compose version') echo 2.26.1;;\n"
        f"    'compose up') exit {up};;\n"
        f"    'compose ps') case \"$*\" in *Service*) printf '{ps}';; esac;;\n"
        "    'compose logs') echo 'the last thing it said';;\n"
        "esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


class Well(http.server.BaseHTTPRequestHandler):
    """A platform that answers everything."""

    def do_GET(self) -> None:
        reply(self, b'{"probability": 0.9}')

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def platform() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Well)
    with serving(server):
        yield server.server_port


def test_init_writes_choices_and_secrets_and_starts_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    assert story.main(["init"], home) == 0
    assert (home / ".env").exists()
    assert (home / "secrets/mlflow_editor_password").exists()
    assert "make up" in capsys.readouterr().out


def test_up_ends_with_addresses_and_never_shows_a_password(
    home: Path,
    platform: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a_docker(tmp_path, monkeypatch)
    monkeypatch.setenv("VIGIE_PORT", str(platform))
    # The test's own server listens there already, as ours would.
    monkeypatch.setattr("init.docker.check_port", lambda *_: None)

    assert story.main(["up"], home) == 0
    said = capsys.readouterr().out
    assert f"http://127.0.0.1:{platform}/mlflow/" in said
    assert "cat secrets/mlflow_editor_password" in said
    for path in (home / "secrets").iterdir():
        assert not path.read_text() or path.read_text() not in said


def test_a_part_that_docker_cannot_start_is_shown_with_its_last_lines(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_docker(tmp_path, monkeypatch, up=1, ps="postgres,running,healthy,0\\nmlflow,exited,,1\\n")
    monkeypatch.setenv("VIGIE_PORT", str(free_port()))  # a demo may run on the usual one

    assert story.main(["up"], home) == 1
    said = capsys.readouterr().err
    assert "mlflow is exited, exit code 1" in said
    assert "the last thing it said" in said
    assert "postgres is" not in said


def test_a_first_model_that_fails_is_not_waited_for(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_docker(tmp_path, monkeypatch, ps="first-model,exited,,137\\nmigrate,exited,,0\\n")
    monkeypatch.setenv("VIGIE_PORT", str(free_port()))  # a demo may run on the usual one

    assert story.main(["up"], home) == 1
    assert "first-model is exited, exit code 137" in capsys.readouterr().err


def test_without_docker_nothing_is_written(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    assert story.main(["up"], home) == 1
    assert "Docker is not installed" in capsys.readouterr().err
    assert not (home / ".env").exists()
