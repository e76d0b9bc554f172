"""Asks the stack from outside, through nginx, as everybody does."""

import json
import time
import urllib.error
import urllib.request
from typing import Any, Final

from .errors import StackError
from .stack import Stack

_TIMEOUT_S: Final = 10.0
_PATIENCE_S: Final = 60.0
# No proxy: it is this machine.
_HTTP: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def check_prediction(stack: Stack, patience_s: float = _PATIENCE_S) -> str:
    """Have a tweet read; the version that read it.

    Raises
    ------
    StackError
        If no prediction comes.
    """
    deadline = time.monotonic() + patience_s
    while True:
        status, answer = ask(stack, "/api/v1/predict", {"text": "Thank you for the lovely flight!"})
        if "probability" in answer:
            return str(answer["model_version"])
        if time.monotonic() > deadline:
            why = answer.get("detail") or status or "no answer"
            raise StackError(f"No prediction comes through {stack.address}: {why}.")
        time.sleep(1)


def ask(stack: Stack, path: str, body: dict[str, object] | None = None) -> tuple[int, dict[str, Any]]:
    """Ask and return the status and the JSON object; (0, {}) where nobody answers."""
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Host": "127.0.0.1"}  # a name that nginx always knows
    request = urllib.request.Request(stack.address + path, content, headers)  # noqa: S310 - http, ours
    try:
        with _HTTP.open(request, timeout=_TIMEOUT_S) as response:
            return response.status, _object(response.read())
    except urllib.error.HTTPError as error:
        return error.code, _object(error.read())
    except OSError:
        return 0, {}


def _object(content: bytes) -> dict[str, Any]:  # Any: JSON
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
