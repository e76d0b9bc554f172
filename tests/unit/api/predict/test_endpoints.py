import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI

from sentiment_api.model.service import Cost, Loaded

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def loaded(load: Callable[..., Loaded]) -> Loaded:
    return load("7")


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert response.status_code == body["status"]
    assert body["title"]
    assert body["detail"]
    return response.status_code, body["type"].removeprefix("urn:vigie:problem:")


@pytest.mark.usefixtures("loaded")
async def test_one_text_is_answered_with_label_probability_and_version(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/predict", json={"text": "a great flight"})

    assert response.status_code == 200
    assert response.json() == {"label": "positive", "probability": 0.952574, "model_version": "7"}


@pytest.mark.usefixtures("loaded")
async def test_several_texts_are_answered_in_the_order_asked(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/predict", json={"texts": ["awful", "great", "late"]})

    assert response.json()["model_version"] == "7"
    assert [item["label"] for item in response.json()["predictions"]] == ["negative", "positive", "negative"]
    assert {item["model_version"] for item in response.json()["predictions"]} == {"7"}


FOREIGN = "mijn vlucht was weer drie uur te laat en niemand zei iets"


async def test_a_text_in_a_language_that_the_version_does_not_know_gets_no_label(
    client: httpx.AsyncClient, load: Callable[..., Loaded]
) -> None:
    load("7", languages=("en", "fr"))

    response = await client.post("/v1/predict", json={"text": FOREIGN})

    assert response.status_code == 200
    assert response.json() == {
        "label": None,
        "probability": None,
        "model_version": "7",
        "language": "nl",
        "supported": False,
        "detail": "This text seems to be in Dutch. Version 7 knows English and French and would only guess.",
    }


@pytest.mark.parametrize("cost", [Cost(0.0, 0.0), Cost(1.0, 0.0)], ids=["on the loop", "in a thread"])
async def test_the_others_of_a_request_are_answered_in_the_order_asked(
    client: httpx.AsyncClient, load: Callable[..., Loaded], cost: Cost
) -> None:
    load("7", languages=("en",), cost=cost)

    texts = ["an awful flight with you", FOREIGN, "a great flight with you", "merci"]
    predictions = (await client.post("/v1/predict", json={"texts": texts})).json()["predictions"]

    assert [item["label"] for item in predictions] == ["negative", None, "positive", "positive"]
    assert [item.get("supported", True) for item in predictions] == [True, False, True, True]
    page = (await client.get("/metrics")).text
    assert 'vigie_foreign_texts_total{language="nl",version="7"} 1.0' in page


async def test_a_version_that_does_not_say_its_languages_answers_for_any_text(
    client: httpx.AsyncClient, load: Callable[..., Loaded]
) -> None:
    load("7")

    assert (await client.post("/v1/predict", json={"text": FOREIGN})).json()["label"] == "positive"
    assert (await client.get("/v1/model")).json()["languages"] == []


async def test_the_model_says_which_languages_it_knows(
    client: httpx.AsyncClient, load: Callable[..., Loaded]
) -> None:
    load("7", languages=("en", "fr"))

    assert (await client.get("/v1/model")).json()["languages"] == ["en", "fr"]


@pytest.mark.usefixtures("loaded")
async def test_a_thousand_texts_are_answered_and_one_more_is_refused(client: httpx.AsyncClient) -> None:
    assert (
        len((await client.post("/v1/predict", json={"texts": ["ok"] * 1000})).json()["predictions"]) == 1000
    )
    assert problem(await client.post("/v1/predict", json={"texts": ["ok"] * 1001})) == (
        422,
        "invalid-request",
    )


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"text": ""}', (422, "empty-text")),
        (b'{"text": " \\n\\u00a0"}', (422, "empty-text")),
        (b'{"texts": []}', (422, "invalid-request")),
        (b'{"texts": ["a", " "]}', (422, "empty-text")),
        (b'{"text": "a", "texts": ["a"]}', (422, "invalid-request")),
        (b"{}", (422, "invalid-request")),
        (b'{"text": null}', (422, "invalid-request")),
        (b'{"text": 3}', (422, "invalid-request")),
        (b'{"text": ["a"]}', (422, "invalid-request")),
        (b'{"texts": "a"}', (422, "invalid-request")),
        (b'{"texts": [1]}', (422, "invalid-request")),
        (b'{"text": "a", "lang": "fr"}', (422, "invalid-request")),
        (b'["a"]', (422, "invalid-request")),
        (b'"a"', (422, "invalid-request")),
        (b"", (400, "invalid-json")),
        (b"text=a", (400, "invalid-json")),
        (b'{"text": "a"', (400, "invalid-json")),
        (b'{"text": "\xff\xfe"}', (400, "invalid-json")),
        (b'{"text": "\\ud800"}', (400, "invalid-json")),
        (b'{"text": "\\udc00\\ud800"}', (400, "invalid-json")),
        (b'{"text": "\xed\xa0\x80"}', (400, "invalid-json")),
        (b'{"text": NaN}', (422, "invalid-request")),
        (b"[" * 100_000, (400, "invalid-json")),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", (400, "invalid-json")),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_as_a_problem(
    client: httpx.AsyncClient, body: bytes, expected: tuple[int, str]
) -> None:
    assert problem(await client.post("/v1/predict", content=body, headers=JSON)) == expected


@pytest.mark.usefixtures("loaded")
async def test_an_over_long_text_is_refused_with_the_limit_the_length_and_the_place(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.post("/v1/predict", json={"text": "é" * 100})).status_code == 200

    response = await client.post("/v1/predict", json={"texts": ["ok", "é" * 101]})

    assert problem(response) == (422, "text-too-long")
    assert response.json()["detail"] == "/texts/1: the text has 101 characters; at most 100 are allowed"
    assert response.json()["errors"][0]["pointer"] == "/texts/1"


@pytest.mark.usefixtures("loaded")
async def test_a_refusal_never_repeats_the_text(client: httpx.AsyncClient) -> None:
    body = json.dumps({"text": "secret words", "texts": ["secret words"], "more": "secret words"})
    response = await client.post("/v1/predict", content=body, headers=JSON)

    assert "secret" not in response.text


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_body_that_is_not_announced_as_json_is_refused(
    client: httpx.AsyncClient, content_type: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = await client.post("/v1/predict", content=b'{"text": "a"}', headers=headers)
    assert problem(response) == (415, "unsupported-media-type")


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/ld+json"]
)
async def test_json_is_known_by_each_of_its_names(client: httpx.AsyncClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    response = await client.post("/v1/predict", content=b'{"text": "a"}', headers=headers)
    assert response.status_code == 200


async def test_a_huge_body_is_refused_by_its_announced_length(client: httpx.AsyncClient) -> None:
    content = b" " * (9 * 2**20)
    response = await client.post("/v1/predict", content=content, headers=JSON)
    assert problem(response) == (413, "body-too-large")


async def test_a_huge_body_without_a_length_is_refused_while_it_streams(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 2**20
            yield b" " * 2**20

    response = await client.post("/v1/predict", content=endless(), headers=JSON)

    assert problem(response) == (413, "body-too-large")
    assert sent <= 10 * 2**20


async def test_a_path_that_does_not_exist_is_a_problem(client: httpx.AsyncClient) -> None:
    assert problem(await client.get("/v2/predict")) == (404, "not-found")


async def test_a_wrong_method_is_a_problem_that_says_which_is_right(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/predict")
    assert problem(response) == (405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


async def test_without_a_version_the_answer_is_503_and_says_why(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/predict", json={"text": "a"})
    assert problem(response) == (503, "no-model")
    assert int(response.headers["retry-after"]) > 0
    assert problem(await client.get("/health/ready")) == (503, "no-model")
    assert (await client.get("/health/live")).status_code == 200


async def test_heavy_work_leaves_the_event_loop_to_the_others(
    client: httpx.AsyncClient, load: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load("7", cost=Cost(request_s=0.0, character_s=1.0))
    fast = loaded.bundle.predict
    monkeypatch.setattr(loaded.bundle, "predict", lambda texts: (time.sleep(0.5), fast(texts))[1])

    heavy = asyncio.create_task(client.post("/v1/predict", json={"texts": ["a"] * 10}))
    start = time.perf_counter()
    await asyncio.sleep(0)
    assert (await client.get("/health/live")).status_code == 200
    assert not heavy.done()
    assert time.perf_counter() - start < 0.4
    assert (await heavy).status_code == 200


async def test_heavy_work_beyond_what_can_wait_is_refused_for_now(
    client: httpx.AsyncClient, load: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load("7", cost=Cost(request_s=1.0, character_s=1.0))
    fast = loaded.bundle.predict
    monkeypatch.setattr(loaded.bundle, "predict", lambda texts: (time.sleep(0.01), fast(texts))[1])

    responses = await asyncio.gather(*(client.post("/v1/predict", json={"text": "a"}) for _ in range(50)))

    statuses = [response.status_code for response in responses]
    assert statuses.count(200) == 32
    assert statuses.count(503) == 18
    assert {problem(response) for response in responses if response.status_code == 503} == {
        (503, "overloaded")
    }


@pytest.mark.usefixtures("loaded")
async def test_predictions_are_counted_by_label_and_version(client: httpx.AsyncClient) -> None:
    await client.post("/v1/predict", json={"texts": ["great", "awful", "good"]})

    page = (await client.get("/metrics")).text

    assert 'vigie_predictions_total{label="positive",version="7"} 2.0' in page
    assert 'vigie_predictions_total{label="negative",version="7"} 1.0' in page
    assert 'vigie_requests_total{method="POST",route="/v1/predict",status="200"} 1.0' in page


async def test_made_up_paths_and_methods_do_not_make_new_numbers(client: httpx.AsyncClient) -> None:
    for index in range(50):
        await client.request(f"X{index}", f"/made/up/{index}")

    page = (await client.get("/metrics")).text

    assert 'vigie_requests_total{method="other",route="other",status="404"} 50.0' in page


async def test_a_fault_of_ours_is_a_problem_without_details(
    client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Loaded:
        raise ZeroDivisionError("inner details")

    monkeypatch.setattr(app.state.parts.serving, "loaded", broken)
    response = await client.post("/v1/predict", json={"text": "a"})

    assert problem(response) == (500, "internal")
    assert "inner" not in response.text
