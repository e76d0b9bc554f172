import httpx
from fastapi import FastAPI


async def test_every_call_has_examples_of_its_request_answers_and_problems(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert set(paths) == {
        "/v1/predict", "/v1/feedback", "/v1/model", "/health/live", "/health/ready", "/metrics",
    }  # fmt: skip
    for path in ("/v1/predict", "/v1/feedback"):
        call = paths[path]["post"]
        assert call["requestBody"]["content"]["application/json"]["examples"]
        for status in ("400", "408", "413", "415", "422", "500", "503"):
            problem = call["responses"][status]["content"]["application/problem+json"]
            for example in problem["examples"].values():
                assert example["value"]["status"] == int(status)
                assert example["value"]["detail"]


async def test_the_examples_are_true(client: httpx.AsyncClient, app: FastAPI) -> None:
    body = app.openapi()["paths"]["/v1/feedback"]["post"]["requestBody"]["content"]["application/json"]
    for example in body["examples"].values():
        assert (await client.post("/v1/feedback", json=example["value"])).status_code == 201


async def test_behind_a_proxy_that_strips_its_prefix_the_page_finds_its_description(app: FastAPI) -> None:
    # As uvicorn passes it on: it puts the prefix, which the proxy took off, back.
    transport = httpx.ASGITransport(app, root_path="/api")
    async with httpx.AsyncClient(transport=transport, base_url="http://api/api") as client:
        page = (await client.get("/docs")).text
        assert "/api/openapi.json" in page
        assert "//" not in page.replace("http://www.w3.org", "").partition("<script>")[0]
        assert (await client.get("/docs-files/swagger-ui-bundle.js")).status_code == 200
        assert (await client.get("/openapi.json")).json()["servers"] == [{"url": "/api"}]
        assert (await client.get("/health/live")).status_code == 200
