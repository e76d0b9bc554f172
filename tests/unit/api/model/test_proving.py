"""A bundle that does not come to an end is refused; nothing of the server waits for it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from api_fakes import FakeMlflow, Worker

from bundles import a_bundle
from sentiment_api.model.errors import RefusedError
from sentiment_api.model.proving import prove


def endless(folder: Path) -> None:
    """Give a bundle regular expressions that take minutes for its golden text."""
    a_bundle(folder, golden_texts=["a" * 400])
    manifest = json.loads((folder / "bundle.json").read_text("utf-8"))
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    # At each place it takes just less than the ten million steps after which the runtime gives up.
    expensive = {"type": "Replace", "pattern": {"Regex": "(?:a{1,3}){1,12}c|d"}, "content": ""}
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [expensive] * 20}
    content = json.dumps(tokenizer).encode()
    (folder / "tokenizer.json").write_bytes(content)
    manifest["files"]["tokenizer.json"] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    (folder / "bundle.json").write_text(json.dumps(manifest), "utf-8")


async def test_a_bundle_that_comes_to_an_end_passes(tmp_path: Path) -> None:
    a_bundle(tmp_path / "bundle")
    await prove(tmp_path / "bundle")


async def test_an_endless_bundle_is_refused(tmp_path: Path) -> None:
    endless(tmp_path / "bundle")
    with pytest.raises(RefusedError, match=r"more than 1 s of a processor.*regular expression"):
        await prove(tmp_path / "bundle", limit_s=1)


async def test_what_else_is_wrong_is_left_to_whoever_opens_it(tmp_path: Path) -> None:
    a_bundle(tmp_path / "bundle")
    (tmp_path / "bundle" / "model.onnx").write_bytes(b"damaged")
    await prove(tmp_path / "bundle")


async def test_the_old_version_goes_on_answering_when_a_new_one_does_not_end(
    mlflow: FakeMlflow, a_worker: Callable[..., Worker]
) -> None:
    async def refuse(_folder: Path) -> None:
        if refusing:
            raise RefusedError("opening it took more than 60 s of a processor")

    refusing = False
    mlflow.add("1")
    mlflow.add("2", bias=-9.0)
    worker = a_worker(prove=refuse)
    mlflow.promote("1")
    assert await worker.watcher.poll()

    refusing = True
    mlflow.promote("2")
    assert await worker.watcher.poll()

    state = worker.serving.describe()
    assert state.version == "1"
    assert [(each.version, each.reason) for each in state.refused] == [
        ("2", "opening it took more than 60 s of a processor")
    ]
