"""What becomes of a version on its way from the registry to the answers."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from api_fakes import Clock, FakeMlflow, Worker

REFUSED = "vigie.refused"
SHA256 = "vigie.bundle_sha256"

AWorker = Callable[..., Worker]


def downloads(mlflow: FakeMlflow) -> int:
    return sum(path.endswith("/model.onnx") for path in mlflow.asked)


def version(worker: Worker) -> str | None:
    return worker.serving.describe().version


async def test_the_version_in_production_is_fetched_verified_and_served(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    worker = a_worker()

    assert await worker.watcher.poll()

    state = worker.serving.describe()
    assert (state.ready, state.version, state.loaded_from) == (True, "1", "registry")
    assert state.registry.in_production == "1"
    assert worker.serving.loaded().read(["great"])[0].label == "positive"


async def test_another_version_is_swapped_in_and_going_back_needs_no_download(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    mlflow.add("1")
    mlflow.add("2", bias=-9.0)
    worker = a_worker()
    for number in ("1", "2", "1"):
        mlflow.promote(number)
        assert await worker.watcher.poll()
        assert number == version(worker)

    assert downloads(mlflow) == 2
    assert worker.serving.describe().loaded_from == "cache"


async def test_the_rule_can_be_an_alias(mlflow: FakeMlflow, a_worker: AWorker) -> None:
    mlflow.add("1")
    mlflow.add("2")
    mlflow.promote("2")
    worker = a_worker(rule="alias:champion")

    assert await worker.watcher.poll()
    assert version(worker) is None
    assert "alias:champion" in worker.serving.why_not

    mlflow.aliases["champion"] = "1"
    assert await worker.watcher.poll()
    assert version(worker) == "1"


async def test_a_source_that_names_a_logged_model_is_resolved(mlflow: FakeMlflow, a_worker: AWorker) -> None:
    mlflow.add("1", source="models:/m-indirect")
    mlflow.promote("1")
    worker = a_worker()

    assert await worker.watcher.poll()
    assert version(worker) == "1"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "bundle.json"])
async def test_a_damaged_version_is_refused_and_the_old_one_goes_on_answering(
    mlflow: FakeMlflow, a_worker: AWorker, name: str
) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    worker = a_worker()
    await worker.watcher.poll()
    damaged = mlflow.add("2")
    content = bytearray(damaged.files[name])
    content[len(content) // 2] ^= 1
    damaged.files[name] = bytes(content)
    damaged.tags[SHA256] = "0" * 64 if name == "bundle.json" else ""
    mlflow.promote("2")

    assert await worker.watcher.poll()

    state = worker.serving.describe()
    assert state.version == "1"
    assert [item.version for item in state.refused] == ["2"]
    assert state.refused[0].reason == damaged.tags[REFUSED]
    assert state.registry.in_production == "2"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "bundle.json"])
async def test_a_version_that_lacks_a_file_is_refused(
    mlflow: FakeMlflow, a_worker: AWorker, name: str
) -> None:
    del mlflow.add("1").files[name]
    mlflow.promote("1")
    worker = a_worker()

    assert await worker.watcher.poll()

    assert name in worker.serving.describe().refused[0].reason
    assert "was refused" in worker.serving.why_not


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("s3://bucket/path", "--serve-artifacts"),
        ("file:///etc", "--serve-artifacts"),
        ("/etc", "--serve-artifacts"),
        ("https://evil.example/x", "--serve-artifacts"),
        ("mlflow-artifacts:/../../etc", "leaves"),
        ("mlflow-artifacts:/a/%2e%2e/%2e%2e/b", "leaves"),
    ],
)
async def test_files_that_are_not_behind_the_registrys_own_proxy_are_refused(
    mlflow: FakeMlflow, a_worker: AWorker, source: str, word: str
) -> None:
    mlflow.add("1", source=source)
    mlflow.promote("1")
    worker = a_worker()

    assert await worker.watcher.poll()

    assert word in worker.serving.describe().refused[0].reason
    assert downloads(mlflow) == 0


async def test_a_tag_that_names_another_bundle_refuses_this_one(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    mlflow.add("1").tags[SHA256] = "f" * 64
    mlflow.promote("1")
    worker = a_worker()

    assert await worker.watcher.poll()

    assert "tag" in worker.serving.describe().refused[0].reason


async def test_a_refused_version_is_not_fetched_again_until_something_changed(
    mlflow: FakeMlflow, a_worker: AWorker, clock: Clock
) -> None:
    item = mlflow.add("1")
    good = item.files["model.onnx"]
    item.files["model.onnx"] = good[:-1] + bytes([good[-1] ^ 1])
    mlflow.promote("1")
    worker = a_worker()
    for _ in range(5):
        assert await worker.watcher.poll()
    assert downloads(mlflow) == 1

    clock.advance(601)
    assert await worker.watcher.poll()
    assert downloads(mlflow) == 2

    item.tags["note"] = "looked into it"
    assert await worker.watcher.poll()
    assert downloads(mlflow) == 3

    item.files["model.onnx"] = good
    item.updated += 1
    assert await worker.watcher.poll()
    assert version(worker) == "1"
    assert worker.serving.describe().refused == []
    assert item.tags[REFUSED] == ""


async def test_the_reason_is_written_onto_the_version_as_soon_as_that_works(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    item = mlflow.add("1")
    del item.files["model.onnx"]
    mlflow.promote("1")
    mlflow.tag_fault = httpx.Response(500)
    worker = a_worker()
    await worker.watcher.poll()
    assert REFUSED not in item.tags

    mlflow.tag_fault = None
    await worker.watcher.poll()
    assert "model.onnx" in item.tags[REFUSED]


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
        httpx.Response(500, text="broken"),
        httpx.Response(502),
        httpx.Response(200, text="<html>a proxy's page</html>"),
        httpx.Response(200, json={"model_versions": [{"name": "x", "version": "../../etc"}]}),
        httpx.Response(404, text="<html>not here</html>"),
        httpx.Response(403, text="Invalid Host header"),
        httpx.Response(200, content=b"[" * 5_000_000),
    ],
)
async def test_a_fault_of_the_registry_counts_against_no_version(
    mlflow: FakeMlflow, a_worker: AWorker, fault: httpx.Response | Exception
) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    worker = a_worker()
    await worker.watcher.poll()

    mlflow.fault = fault
    assert not await worker.watcher.poll()
    state = worker.serving.describe()
    assert (state.version, state.refused, state.registry.reachable) == ("1", [], False)
    assert state.registry.error

    mlflow.fault = None
    assert await worker.watcher.poll()
    assert worker.serving.describe().registry.reachable


@pytest.mark.parametrize(
    "fault", [httpx.ReadError("cut"), httpx.Response(503), httpx.Response(200, content=b"cut short")]
)
async def test_a_download_that_is_cut_short_is_tried_again_and_leaves_nothing_behind(
    mlflow: FakeMlflow, a_worker: AWorker, fault: httpx.Response | Exception, tmp_path: Path
) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    mlflow.file_fault = fault
    worker = a_worker()
    assert not await worker.watcher.poll()
    assert worker.serving.describe().refused == []
    assert list((tmp_path / "cache" / "incoming").iterdir()) == []

    mlflow.file_fault = None
    assert await worker.watcher.poll()
    assert version(worker) == "1"


async def test_a_file_without_end_is_refused_while_it_streams(
    mlflow: FakeMlflow, a_worker: AWorker, tmp_path: Path
) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    sent = 0

    async def endless():  # type: ignore[no-untyped-def]  # noqa: ANN202 - httpx takes any such
        nonlocal sent
        while True:
            sent += 2**20
            yield b" " * 2**20

    mlflow.file_fault = httpx.Response(200, content=endless())
    worker = a_worker()

    assert await worker.watcher.poll()

    assert "larger" in worker.serving.describe().refused[0].reason
    assert sent <= 66 * 2**20
    assert list((tmp_path / "cache" / "incoming").iterdir()) == []


async def test_a_registry_that_never_answers_blocks_nothing(mlflow: FakeMlflow, a_worker: AWorker) -> None:
    mlflow.hang = True
    worker = a_worker(timeout_s=0.05)

    async with asyncio.timeout(2):
        assert not await worker.watcher.poll()

    assert "TimeoutError" in str(worker.serving.describe().registry.error)


async def test_without_a_version_in_production_the_last_good_one_goes_on_answering(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    worker = a_worker()
    await worker.watcher.poll()

    mlflow.promote(None)
    assert await worker.watcher.poll()

    state = worker.serving.describe()
    assert (state.version, state.registry.in_production) == ("1", None)
    assert "version 1 goes on answering" in str(state.registry.error)


async def test_a_restart_without_a_registry_serves_the_last_good_version(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    mlflow.add("1")
    mlflow.add("2")
    first = a_worker()
    for number in ("2", "1"):
        mlflow.promote(number)
        await first.watcher.poll()
    mlflow.fault = httpx.ConnectError("down")

    second = a_worker()
    await second.watcher.load_from_cache()

    state = second.serving.describe()
    assert (state.version, state.loaded_from) == ("1", "cache")


async def test_a_cache_that_rotted_is_noticed_and_the_next_best_version_serves(
    mlflow: FakeMlflow, a_worker: AWorker, tmp_path: Path
) -> None:
    mlflow.add("1")
    mlflow.add("2")
    first = a_worker()
    for number in ("1", "2"):
        mlflow.promote(number)
        await first.watcher.poll()
    (graph,) = (tmp_path / "cache" / "versions").glob("2-*/bundle/model.onnx")
    graph.write_bytes(graph.read_bytes()[:-1])

    second = a_worker()
    await second.watcher.load_from_cache()
    assert version(second) == "1"

    before = downloads(mlflow)
    assert await second.watcher.poll()
    assert (version(second), downloads(mlflow)) == ("2", before + 1)


async def test_only_the_newest_three_versions_are_kept(
    mlflow: FakeMlflow, a_worker: AWorker, tmp_path: Path
) -> None:
    worker = a_worker()
    for number in ("1", "2", "3", "4", "5"):
        mlflow.add(number)
        mlflow.promote(number)
        await worker.watcher.poll()

    kept = {folder.name.partition("-")[0] for folder in (tmp_path / "cache" / "versions").iterdir()}
    assert kept == {"3", "4", "5"}


async def test_a_number_that_was_given_away_again_is_another_version(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    mlflow.add("1", bias=9.0)
    mlflow.promote("1")
    worker = a_worker()
    await worker.watcher.poll()
    mlflow.add("1", bias=-9.0)
    mlflow.promote("1")

    assert await worker.watcher.poll()

    assert worker.serving.loaded().read(["flight"])[0].label == "negative"


async def test_several_workers_fetch_a_version_once(mlflow: FakeMlflow, a_worker: AWorker) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    workers = [a_worker() for _ in range(4)]

    async with asyncio.timeout(10):
        while {version(worker) for worker in workers} != {"1"}:
            await asyncio.gather(*(worker.watcher.poll() for worker in workers))

    assert downloads(mlflow) == 1


async def test_a_refusal_is_known_to_the_other_workers_and_after_a_restart(
    mlflow: FakeMlflow, a_worker: AWorker
) -> None:
    del mlflow.add("1").files["model.onnx"]
    mlflow.promote("1")
    await a_worker().watcher.poll()
    listings = mlflow.asked.count("mlflow-artifacts/artifacts")

    other = a_worker()
    await other.watcher.load_from_cache()
    await other.watcher.poll()

    assert mlflow.asked.count("mlflow-artifacts/artifacts") == listings
    assert [item.version for item in other.serving.describe().refused] == ["1"]


async def test_a_cache_that_cannot_be_written_is_said_and_counts_against_no_version(
    mlflow: FakeMlflow, a_worker: AWorker, tmp_path: Path
) -> None:
    mlflow.add("1")
    mlflow.promote("1")
    (tmp_path / "cache").write_text("a file where the folder should be")
    worker = a_worker()

    assert not await worker.watcher.poll()

    assert worker.serving.describe().refused == []
    assert "cannot be written" in worker.serving.why_not


async def test_an_answer_is_whole_while_versions_are_swapped(mlflow: FakeMlflow, a_worker: AWorker) -> None:
    mlflow.add("1", bias=9.0)
    mlflow.add("2", bias=-9.0)
    mlflow.promote("1")
    worker = a_worker()
    await worker.watcher.poll()
    expected = {"1": "positive", "2": "negative"}
    answers = 0

    async def ask() -> None:
        nonlocal answers
        while True:
            loaded = worker.serving.loaded()
            await asyncio.sleep(0)
            assert {item.label for item in loaded.read(["flight"] * 3)} == {expected[loaded.version]}
            answers += 1

    asking = asyncio.create_task(ask())
    for number in ("2", "1", "2", "1"):
        mlflow.promote(number)
        await worker.watcher.poll()
        assert number == version(worker)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert answers > 0
