"""Which tags an image is pushed under: what people follow must never be a candidate."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts/ci/image-tags"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def tags(ref: str, commit: str = COMMIT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, ref, commit], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/tags/v1.2.3", ["1.2.3", "1.2", "0123456789ab", "latest"]),
        ("refs/tags/v10.20.30", ["10.20.30", "10.20", "0123456789ab", "latest"]),
        ("refs/tags/v2.0.0-rc1", ["2.0.0-rc1", "0123456789ab"]),
        ("refs/heads/main", ["main", "0123456789ab", "latest"]),
    ],
)
def test_the_version_comes_first_and_candidates_stay_away_from_latest(ref: str, expected: list[str]) -> None:
    assert tags(ref).stdout.split() == expected


@pytest.mark.parametrize(
    "ref",
    ["refs/heads/other", "refs/pull/1/merge", "refs/tags/1.2.3", "refs/tags/v1.2", "refs/tags/v1.2.3;x"],
)
def test_nothing_else_is_published(ref: str) -> None:
    refused = tags(ref)

    assert refused.returncode == 1
    assert "nothing is published" in refused.stderr


def test_a_short_commit_is_refused() -> None:
    assert tags("refs/heads/main", "0123456").returncode == 1
