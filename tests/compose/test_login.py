"""Who gets into MLflow, and what each may do there."""

import json

import pytest
from stack import Stack

# Every way in that was thought of; each is sent exactly as written.
PATHS = [
    "/mlflow/",
    "/mlflow/health",
    "/mlflow/version",
    "/mlflow/metrics",
    "/mlflow/signup",
    "/mlflow/graphql",
    "/mlflow/static-files/index.html",
    "/mlflow/api/2.0/mlflow/experiments/search?max_results=1",
    "/mlflow/api/2.0/mlflow/registered-models/search?max_results=1",
    "/mlflow/ajax-api/2.0/mlflow/experiments/search?max_results=1",
    "/mlflow/ajax-api/3.0/mlflow/traces/search",
    "/mlflow/api/2.0/mlflow/users/get?username=admin",
    "/mlflow/api/2.0/mlflow-artifacts/artifacts?path=1",
    "/mlflow/api/2.0/mlflow-artifacts/artifacts/1/models",
    "/mlflow/ajax-api/2.0/mlflow/model-versions/get-artifact?name=tweet-sentiment&version=1&path=MLmodel",
    "/mlflow/get-artifact?run_uuid=1&path=MLmodel",
    "/mlflow/v1/traces",
    "/%6dlflow/",
    "/%6D%6C%66%6C%6F%77/api/2.0/mlflow/experiments/search?max_results=1",
    "/mlflow%2fapi/2.0/mlflow/experiments/search?max_results=1",
    "/mlflow/%61pi/2.0/mlflow/experiments/search?max_results=1",
    "//mlflow/",
    "//mlflow//api/2.0/mlflow/experiments/search?max_results=1",
    "/./mlflow/",
    "/api/../mlflow/api/2.0/mlflow/experiments/search?max_results=1",
    "/api/%2e%2e/mlflow/",
    "/api/..%2fmlflow/",
    "/mlflow/..;/mlflow/",
    "/_stcore/../mlflow/health",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_nobody_gets_in_without_a_login(stack: Stack, path: str, method: str) -> None:
    answer = stack.ask(path, {} if method in {"POST", "PUT"} else None, method=method)

    assert answer.status == 401, answer.body[:200]
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("path", ["/MLFLOW/", "/api/mlflow/api/2.0/mlflow/experiments/search", "/mlflow"])
def test_what_merely_looks_like_mlflow_is_not(stack: Stack, path: str) -> None:
    answer = stack.ask(path)

    assert b"experiments" not in answer.body
    assert b"mlflow" not in answer.body.lower() or answer.status == 308


@pytest.mark.parametrize(
    "login",
    ["", "Basic", "Basic !!!", "Basic YWRtaW46", "Basic YWRtaW46cGFzc3dvcmQxMjM0", "Bearer x", "Basic Og=="],
)
def test_a_wrong_login_is_none(stack: Stack, login: str) -> None:
    assert stack.ask("/mlflow/", headers={"Authorization": login}).status == 401


def test_the_apis_own_account_cannot_be_used_from_outside(stack: Stack) -> None:
    assert stack.ask("/mlflow/", user="api").status == 401


def test_behind_the_proxy_mlflow_asks_again(stack: Stack) -> None:
    """Were the proxy's login ever lost, MLflow's own would still stand."""
    asked = """
import urllib.error, urllib.request
artifacts = "/api/2.0/mlflow-artifacts/artifacts"
for path in ("/", "/api/2.0/mlflow/experiments/search?max_results=1", "/graphql", artifacts):
    try:
        print(urllib.request.urlopen("http://mlflow:5000/mlflow" + path).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""
    assert ["401"] * 4 == stack.inside("ui", asked).split()


def test_a_viewer_looks(stack: Stack) -> None:
    for path, body in (
        ("/mlflow/", None),
        ("/mlflow/api/2.0/mlflow/registered-models/search?max_results=5", None),
        ("/mlflow/ajax-api/2.0/mlflow/runs/search", {"experiment_ids": ["1"]}),
        ("/mlflow/api/2.0/mlflow/registered-models/get-latest-versions", {"name": "tweet-sentiment"}),
        ("/mlflow/api/2.0/mlflow-artifacts/artifacts?path=1/models", None),
    ):
        assert stack.ask(path, body, user="viewer").status == 200, path


CHANGES = [
    ("POST", "model-versions/transition-stage",
     {"name": "tweet-sentiment", "version": "1", "stage": "Archived", "archive_existing_versions": False}),
    ("POST", "registered-models/alias", {"name": "tweet-sentiment", "alias": "production", "version": "1"}),
    ("POST", "model-versions/set-tag", {"name": "tweet-sentiment", "version": "1", "key": "a", "value": "b"}),
    ("DELETE", "model-versions/delete", {"name": "tweet-sentiment", "version": "1"}),
    ("DELETE", "registered-models/delete", {"name": "tweet-sentiment"}),
    ("POST", "registered-models/create", {"name": "of-a-viewer"}),
    ("POST", "experiments/create", {"name": "of-a-viewer"}),
    ("POST", "experiments/delete", {"experiment_id": "1"}),
    ("POST", "runs/create", {"experiment_id": "1"}),
    ("POST", "experiments/create%2f..%2fsearch", {"name": "of-a-viewer"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "call", "body"), CHANGES, ids=[call for _, call, _ in CHANGES])
@pytest.mark.parametrize("api", ["api", "ajax-api"])
def test_a_viewer_changes_nothing(
    stack: Stack, api: str, method: str, call: str, body: dict[str, object]
) -> None:
    answer = stack.ask(f"/mlflow/{api}/2.0/mlflow/{call}", body, user="viewer", method=method)

    assert answer.status in {403, 404, 405}, answer.body[:300]


def test_a_viewer_hands_in_no_artifact(stack: Stack) -> None:
    path = "/mlflow/api/2.0/mlflow-artifacts/artifacts/1/models/planted.txt"
    asked = """
import base64, os, urllib.error, urllib.request
login = base64.b64encode(("viewer:" + os.environ["PASSWORD"]).encode()).decode()
for prefix in ("/mlflow", ""):
    url = "http://mlflow:5000" + prefix + "/api/2.0/mlflow-artifacts/artifacts/1/models/planted.txt"
    for headers in ({"Authorization": "Basic " + login}, {}):
        try:
            print(urllib.request.urlopen(urllib.request.Request(url, b"a", headers, method="PUT")).status)
        except urllib.error.HTTPError as error:
            print(error.code)
""".replace('os.environ["PASSWORD"]', repr(stack.secret("mlflow_viewer_password")))

    assert stack.ask(path, {"a": 1}, user="viewer", method="PUT").status == 403
    assert stack.inside("ui", asked).split() == ["403", "401", "403", "401"]
    assert stack.ask(
        "/mlflow/api/2.0/mlflow-artifacts/artifacts?path=1/models/planted.txt", user="admin"
    ).json() in (
        {},
        {"files": []},
    )


def test_only_the_admin_sees_to_users(stack: Stack) -> None:
    body: dict[str, object] = {"username": "new", "password": "a-long-enough-password"}
    for user in ("viewer", "editor"):
        assert stack.ask("/mlflow/api/2.0/mlflow/users/create", body, user=user).status == 403
    users = stack.ask("/mlflow/api/2.0/mlflow/users/list", user="admin").json()["users"]
    assert isinstance(users, list)
    assert ["admin", "api", "editor", "viewer"] == sorted(user["username"] for user in users)


def test_the_apis_account_tags_versions_and_no_more(stack: Stack) -> None:
    asked = """
import base64, json, urllib.error, urllib.request
login = base64.b64encode(b"api:" + open("/run/secrets/mlflow_api_password", "rb").read()).decode()
def ask(method, path, **body):
    headers = {"Authorization": "Basic " + login, "Content-Type": "application/json"}
    url = "http://mlflow:5000/mlflow/api/2.0/mlflow/" + path
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
version = dict(name="tweet-sentiment", version="1")
print(json.dumps([
    ask("POST", "model-versions/set-tag", **version, key="vigie.refused", value="a test"),
    ask("POST", "model-versions/set-tag", **version, key="vigie.refused", value=""),
    ask("POST", "registered-models/alias", **version, alias="taken"),
    ask("POST", "model-versions/create", name="tweet-sentiment", source="models:/tweet-sentiment/1"),
    ask("DELETE", "model-versions/delete", **version),
    ask("POST", "registered-models/set-tag", name="tweet-sentiment", key="a", value="b"),
    ask("POST", "runs/create", experiment_id="1"),
]))
"""
    assert [200, 200, 403, 403, 403, 403, 403] == json.loads(stack.inside("api", asked))


def test_another_site_cannot_use_a_browsers_login(stack: Stack) -> None:
    foreign = {"Origin": "http://elsewhere.example"}
    own = {"Origin": stack.address, "Host": f"127.0.0.1:{stack.port}"}
    path, body = "/mlflow/ajax-api/2.0/mlflow/runs/search", {"experiment_ids": ["1"]}

    assert stack.ask(path, body, user="editor", headers=foreign).status == 403
    assert stack.ask(path, body, user="editor", headers=own).status == 200


def test_a_name_that_is_not_ours_is_not_answered(stack: Stack) -> None:
    for path in ("/", "/api/v1/model", "/mlflow/"):
        assert stack.ask(path, user="admin", headers={"Host": "rebound.example"}).status == 421
