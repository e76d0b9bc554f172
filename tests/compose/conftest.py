"""The real stack: images built, containers started on a free port, with secrets and volumes of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import free_port, wait_until
from stack import ROOT, Stack, docker

sys.path.insert(0, str(ROOT / "scripts"))  # the scripts are run, not installed

# The first model is trained meanwhile, on a machine that others use too.
FIRST_START_LIMIT_S = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if shutil.which("docker") is None:
        pytest.skip("Docker is not installed")
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
        pytest.skip("Docker's engine does not answer")
    from init import secret_files  # noqa: PLC0415 - found since the path above is there

    folder = tmp_path_factory.mktemp("platform")
    (folder / "env").write_text("")  # the tests' own choices, not those of an .env that lies here
    secret_files.write(folder / "secrets")
    stack = Stack(f"vigie-test-{os.getpid()}", free_port(), free_port(), folder)
    stack.compose("build")
    try:
        stack.compose("up", "--detach")
        wait_until(stack.predicts, FIRST_START_LIMIT_S, "a first prediction")
        yield stack
    finally:
        if os.environ.get("VIGIE_TEST_KEEP") != "1":
            stack.compose("--profile", "*", "down", "--volumes", "--timeout", "5", check=False)
            ours = docker("image", "ls", "--quiet", f"{stack.project}/*").split()
            subprocess.run(["docker", "image", "rm", "--force", *ours], capture_output=True, check=False)
