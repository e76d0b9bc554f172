import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from demo.errors import PartError
from demo.parts import Part, Parts
from demo.settings import ROOT

# A program that starts another one, as servers with workers do, and says both numbers.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
DEADLINE_S = 10


@pytest.fixture
def parts() -> Iterator[Parts]:
    parts = Parts()
    yield parts
    parts.stop()


def a_part(folder: Path, code: str, name: str = "The part") -> Part:
    return Part(name, [sys.executable, "-c", code], dict(os.environ), folder / "part.log")


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A process that nobody waits for stays as a zombie; it runs no more.
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return not state.stdout.strip().startswith("Z") and bool(state.stdout.strip())


def family(log: Path) -> list[int]:
    assert eventually(lambda: log.exists() and len(log.read_text().split()) == 2)
    return [int(number) for number in log.read_text().split()]


def test_stopping_ends_children_of_children_too(tmp_path: Path) -> None:
    parts = Parts()
    parts.start(a_part(tmp_path, FAMILY))
    members = family(tmp_path / "part.log")

    parts.stop()

    assert [lives(member) for member in members] == [False, False]


def test_a_part_that_will_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    parts = Parts(patience_s=0.3)
    stubborn = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('1 2', flush=True); time.sleep(600)"
    )
    process = parts.start(a_part(tmp_path, stubborn))
    family(tmp_path / "part.log")

    parts.stop()

    assert process.returncode == -signal.SIGKILL


def test_a_part_that_ends_is_named_with_its_last_words(tmp_path: Path, parts: Parts) -> None:
    parts.start(a_part(tmp_path, "print('the database is on fire'); raise SystemExit(3)", "The API"))

    with pytest.raises(
        PartError, match=r"(?s)^The API ended with exit code 3\..*part\.log:.*database is on fire"
    ):
        parts.wait_until(lambda: False, "The API", DEADLINE_S, lambda: None)


def test_a_part_that_was_killed_is_named_with_the_signal(tmp_path: Path, parts: Parts) -> None:
    process = parts.start(a_part(tmp_path, "import time; time.sleep(600)", "MLflow"))
    process.kill()

    with pytest.raises(PartError, match=r"MLflow was ended by SIGKILL"):
        parts.wait_until(lambda: False, "MLflow", DEADLINE_S, lambda: None)


def test_a_part_that_never_gets_ready_is_not_waited_for_for_ever(tmp_path: Path, parts: Parts) -> None:
    parts.start(a_part(tmp_path, "import time; time.sleep(600)"))

    with pytest.raises(PartError, match="The page did not become ready within 0 seconds"):
        parts.wait_until(lambda: False, "The page", 0.2, lambda: None)


def test_a_program_that_fails_ends_the_story(tmp_path: Path, parts: Parts) -> None:
    with pytest.raises(PartError, match="The training ended with exit code 1"):
        parts.run(a_part(tmp_path, "raise SystemExit(1)", "The training"), lambda: None)


def test_a_program_that_ends_well_is_forgotten(tmp_path: Path, parts: Parts) -> None:
    parts.run(a_part(tmp_path, "pass"), lambda: None)

    parts.check()


def test_even_when_the_demo_is_killed_nothing_goes_on_running(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT / "scripts")!r})
from pathlib import Path
from demo.parts import Part, Parts
parts = Parts()
log = Path({str(tmp_path / "part.log")!r})
parts.start(Part("p", [sys.executable, "-c", {FAMILY!r}], dict(os.environ), log))
time.sleep(600)
"""
    demo = subprocess.Popen([sys.executable, "-c", code])
    members = family(tmp_path / "part.log")

    demo.kill()
    demo.wait()

    assert eventually(lambda: not any(lives(member) for member in members))
