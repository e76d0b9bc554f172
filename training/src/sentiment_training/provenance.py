"""Says with what a model was made: code, packages, memory."""

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "tokenizers",
    "mlflow",
)
# What the version needs to answer outside of Vigie; pinned to what it was checked with.
SERVING_PACKAGES = ("numpy", "onnxruntime", "pandas", "tokenizers")
_GIT_TIMEOUT_S = 10


@dataclass(frozen=True)
class GitState:
    """The commit of the code that runs, and whether the tree differs from it."""

    commit: str
    dirty: bool

    def __str__(self) -> str:
        return self.commit + ("-dirty" if self.dirty else "")


def git_state(folder: Path) -> GitState | None:
    """Ask git about a folder, or the image that this runs in; None where neither knows."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        built_from = os.environ.get("VIGIE_COMMIT", "unknown")
        return None if built_from in {"", "unknown"} else GitState(built_from, dirty=False)
    return GitState(commit, bool(changes))


def package_versions() -> dict[str, str]:
    """Python's version and those of the packages that take part in training."""
    return {"python": sys.version.split()[0]} | {name: version(name) for name in PACKAGES}


def serving_requirements() -> list[str]:
    """Pinned requirements of a logged model."""
    return [f"{name}=={version(name)}" for name in ("mlflow", *SERVING_PACKAGES)]


def peak_memory_mib() -> float:
    """Largest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux KiB.
    return float(peak / 2**20 if sys.platform == "darwin" else peak / 2**10)


def _git(folder: Path, *arguments: str) -> str:
    answer = subprocess.run(  # noqa: S603 - fixed arguments
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git of whoever runs it
        check=True,
        capture_output=True,
        text=True,
        timeout=_GIT_TIMEOUT_S,
    )
    return answer.stdout.strip()
