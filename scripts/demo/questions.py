"""What the demo asks its parts, over HTTP."""

import json
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import quote

_TIMEOUT_S: Final = 10.0
# No proxy: every part is on this machine.
_HTTP: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str, body: dict[str, object] | None = None) -> tuple[int, dict[str, object]]:
    """Ask and return the status and the JSON object; (0, {}) where nobody answers."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})  # noqa: S310 - http, ours
    try:
        with _HTTP.open(request, timeout=_TIMEOUT_S) as response:
            return response.status, _object(response.read())
    except urllib.error.HTTPError as error:
        return error.code, _object(error.read())
    except OSError:
        return 0, {}


def mlflow_is_ready(mlflow: str) -> bool:
    """Tell whether MLflow and its database answer."""
    status, _ = ask(f"{mlflow}/api/2.0/mlflow/registered-models/search?max_results=1")
    return status == 200  # noqa: PLR2004 - 200 is OK


def version_in_production(mlflow: str, model: str, rule: str) -> str | None:
    """Ask MLflow for the version that the rule (``stage:NAME`` or ``alias:NAME``) chooses."""
    kind, _, name = rule.partition(":")
    if kind == "alias":
        query = f"registered-models/alias?name={quote(model)}&alias={quote(name)}"
        _, answer = ask(f"{mlflow}/api/2.0/mlflow/{query}")
        found = answer.get("model_version")
        return str(found["version"]) if isinstance(found, dict) else None
    body: dict[str, object] = {"name": model, "stages": [name]}
    _, answer = ask(f"{mlflow}/api/2.0/mlflow/registered-models/get-latest-versions", body)
    versions = answer.get("model_versions")
    return str(versions[0]["version"]) if isinstance(versions, list) and versions else None


def predicts(address: str) -> bool:
    """Tell whether a real prediction comes back through the proxy."""
    _, answer = ask(f"{address}/api/v1/predict", {"text": "Thank you for the lovely flight!"})
    return "probability" in answer


def page_is_up(address: str) -> bool:
    """Tell whether the page answers through the proxy."""
    try:
        with _HTTP.open(f"{address}/_stcore/health", timeout=_TIMEOUT_S):
            return True
    except OSError:  # HTTPError is one of them
        return False


def _object(content: bytes) -> dict[str, object]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
