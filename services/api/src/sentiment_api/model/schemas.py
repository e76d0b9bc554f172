"""What `/v1/model` says."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class RegistryState(BaseModel):
    """How the last look at the registry went."""

    reachable: bool
    checked_at: datetime | None
    error: str | None
    in_production: str | None


class RefusedVersion(BaseModel):
    """A version that must not serve."""

    version: str
    reason: str
    at: datetime


class ModelState(BaseModel):
    """Which version answers, where it came from, and what the registry says."""

    ready: bool
    name: str
    version: str | None
    rule: str
    family: str | None = None
    labels: list[str] | None = None
    languages: list[str] | None = None
    threshold: float | None = None
    max_text_length: int
    bundle_sha256: str | None = None
    run_id: str | None = None
    git_commit: str | None = None
    dataset_fingerprint: str | None = None
    loaded_at: datetime | None = None
    loaded_from: Literal["registry", "cache"] | None = None
    registry: RegistryState
    refused: list[RefusedVersion]


EXAMPLE = {
    "ready": True,
    "name": "tweet-sentiment",
    "version": "7",
    "rule": "stage:Production",
    "family": "logreg",
    "labels": ["negative", "positive"],
    "languages": ["en"],
    "threshold": 0.5,
    "max_text_length": 1000,
    "bundle_sha256": "3f1c9a77d0e84b52a6c1f0be9d2274c8115e6f3ab0d94c7e8a2b6d5f40c3e917",
    "run_id": "0d6b3c1f4e7a4b3c9a7d1e2f3a4b5c6d",
    "git_commit": "42a26f3c0d",
    "dataset_fingerprint": "a91b5e2f",
    "loaded_at": "2026-11-21T09:00:02Z",
    "loaded_from": "registry",
    "registry": {
        "reachable": True,
        "checked_at": "2026-11-21T09:14:31Z",
        "error": None,
        "in_production": "8",
    },
    "refused": [
        {
            "version": "8",
            "reason": "model.onnx: sha256 is 1b2c…, bundle.json says 9a0f…; download it again",
            "at": "2026-11-21T09:13:07Z",
        }
    ],
}
