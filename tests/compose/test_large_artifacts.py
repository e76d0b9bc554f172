"""A model of a gigabyte on its way through nginx and MLflow into the store, and back."""

import hashlib
import os
from collections.abc import Iterator

import httpx
from stack import Stack, docker

# A bundle's largest file may have 1 GiB; MLflow's container may use 1.5 GiB, of which it has a third in use.
MEBIBYTES = 1100


def test_a_gigabyte_passes_through_and_is_held_in_no_memory(stack: Stack) -> None:
    url = f"{stack.address}/mlflow/api/2.0/mlflow-artifacts/artifacts/1/large.bin"
    block, sent, received = os.urandom(2**20), hashlib.sha256(), hashlib.sha256()
    started = docker("inspect", "--format", "{{.State.StartedAt}}", stack.container("mlflow"))

    def parts() -> Iterator[bytes]:
        for _ in range(MEBIBYTES):
            sent.update(block)
            yield block

    login = ("editor", stack.secret("mlflow_editor_password"))
    with httpx.Client(auth=login, timeout=300, trust_env=False) as client:
        length = {"Content-Length": str(MEBIBYTES * 2**20)}  # as MLflow's client sends it
        answer = client.put(url, content=parts(), headers=length)
        # MLflow's answer says nothing of why; its log, and the store's, do.
        assert answer.status_code == 200, f"{answer.text[:300]}\n{stack.logs('mlflow', 'minio')}"
        with client.stream("GET", url) as answer:
            assert answer.status_code == 200
            for part in answer.iter_raw():
                received.update(part)
        assert client.delete(url).status_code in {200, 204}

    assert received.digest() == sent.digest()
    assert docker("inspect", "--format", "{{.State.StartedAt}}", stack.container("mlflow")) == started
