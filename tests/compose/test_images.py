"""What our images hold, and what they do not."""

import json
import subprocess

import pytest
from stack import ROOT, Stack, docker

# The public python:3.13-slim-trixie has some 120 MB unpacked; the base that a machine without a registry
# stands in with is larger. So what is ours on top of it is measured.
BASE = "python:3.13-slim-trixie"
BASE_MB = 125
API_LIMIT_MB = 350
OURS = ("api", "ui", "mlflow", "training")


def image(stack: Stack, name: str) -> str:
    return f"{stack.project}/{name}:latest"


def layers_mb(name: str) -> float:
    """Megabytes of an image's layers, unpacked."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", name)) / 1e6


def inside(stack: Stack, name: str, command: str) -> str:
    return docker("run", "--rm", "--entrypoint", "sh", image(stack, name), "-c", command)


def test_the_apis_image_is_small(stack: Stack) -> None:
    for name in OURS:
        ours = layers_mb(image(stack, name)) - layers_mb(BASE)
        print(f"{name:<10} {ours:6.0f} MB on top of Python")

    assert layers_mb(image(stack, "api")) - layers_mb(BASE) + BASE_MB <= API_LIMIT_MB


@pytest.mark.parametrize("name", OURS)
def test_an_image_holds_no_tool_that_built_it(stack: Stack, name: str) -> None:
    found = inside(stack, name, "for tool in gcc cc g++ make uv git; do command -v $tool; done; true")

    assert found == ""


@pytest.mark.parametrize("name", ["api", "ui", "training"])
def test_no_image_that_needs_none_holds_a_training_framework(stack: Stack, name: str) -> None:
    packages = inside(stack, name, "ls /opt/vigie/lib/python3.13/site-packages").split()

    assert not {"tensorflow", "torch", "keras", "jax"} & set(packages)
    if name != "training":
        assert not {"mlflow", "sklearn"} & set(packages)


@pytest.mark.parametrize("name", OURS)
def test_an_image_says_what_it_is(stack: Stack, name: str) -> None:
    config = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image(stack, name)))

    assert config["User"].split(":")[0].isdigit()
    assert config["User"].split(":")[0] != "0"
    for label in ("title", "description", "version", "revision"):
        assert config["Labels"][f"org.opencontainers.image.{label}"]


def test_version_and_commit_get_into_the_labels(stack: Stack) -> None:
    built = subprocess.run(
        [
            *("docker", "build", "--quiet", "--file", "services/ui/Dockerfile"),
            *("--build-arg", "VIGIE_VERSION=1.2.3", "--build-arg", "VIGIE_COMMIT=abc123", "."),
        ],
        cwd=ROOT,
        env=stack.environment | {"DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", built))

    assert labels["org.opencontainers.image.version"] == "1.2.3"
    assert labels["org.opencontainers.image.revision"] == "abc123"
