"""How uv is fetched where it is absent."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_python_that_is_on_the_path_but_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """Regression: pyenv's shim of a version that is not switched on ended the set-up."""
    programs = _bare_machine(tmp_path)
    _program(programs / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    _program(programs / "python3.12", f'echo "$@" >>{tmp_path}/asked')

    done = _get_uv(tmp_path, programs)

    assert 0 == done.returncode, done.stderr
    assert "pip install" in (tmp_path / "asked").read_text()


def test_without_any_python_it_says_what_to_install(tmp_path: Path) -> None:
    programs = _bare_machine(tmp_path)
    _program(programs / "false", "exit 1")

    done = _get_uv(tmp_path, programs)

    assert 1 == done.returncode
    assert "Install one and run this again" in done.stderr


def _bare_machine(root: Path) -> Path:
    """Lay the script out alone, with a path that holds no Python; return that path."""
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "get-uv", root / "scripts")
    programs = root / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "env"):
        (programs / name).symlink_to(shutil.which(name) or name)
    return programs


def _get_uv(root: Path, programs: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [root / "scripts" / "get-uv"],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!{os.path.realpath('/bin/sh')}\n{body}\n")
    path.chmod(0o755)
