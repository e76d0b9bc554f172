"""Marks a run KILLED when the process that trained it is gone without a word: started by guard.py.

As a program it imports little, and the rest only when there is something to tell: it lives beside each
training, which may be in need of memory.
"""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import json
import os
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO

REASON = "ended without a word: killed from outside, out of memory, or the machine stopped"
LIMIT_S = 120.0
DONE = b"done\n"
_PAUSE_S = 2.0
_REQUEST_TIMEOUT_S = 10.0


def mark_ended(server: Mapping[str, Any], run_id: str, status: str, reason: str) -> None:
    """End a run that is still open; unless it is FINISHED, take back a version that it was registering.

    Tries for two minutes while MLflow does not answer.

    Parameters
    ----------
    server
        The fields of guard.Server.
    """
    import http.client
    import urllib.error

    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            _mark_ended(server, run_id, status, reason)
        except urllib.error.HTTPError as fault:
            # It answered, and would answer the same again; above 499 a proxy says that MLflow is away.
            if fault.code < 500:  # noqa: PLR2004 - HTTP's border between "you" and "I"
                return
        except (OSError, http.client.HTTPException, ValueError):
            pass  # nothing answers, half an answer, or a proxy's page
        else:
            return
        if time.monotonic() > deadline:
            return
        time.sleep(_PAUSE_S)


def _mark_ended(server: Mapping[str, Any], run_id: str, status: str, reason: str) -> None:
    run = _asked(server, "GET", "runs/get", {"run_id": run_id})["run"]
    if run["info"]["status"] != "RUNNING":
        return
    wanted = {"filter": f"run_id = '{run_id}'"}
    if status != "FINISHED":
        versions = _asked(server, "GET", "model-versions/search", wanted).get("model_versions", [])
        for each in versions:
            named = {"name": each["name"], "version": each["version"]}
            _asked(server, "DELETE", "model-versions/delete", named)
        tag = {"run_id": run_id, "key": "vigie.failure", "value": reason}
        _asked(server, "POST", "runs/set-tag", tag)
    ended = {"run_id": run_id, "status": status, "end_time": int(time.time() * 1000)}
    _asked(server, "POST", "runs/update", ended)


def _asked(
    server: Mapping[str, Any], method: str, call: str, content: Mapping[str, object]
) -> dict[str, Any]:
    import urllib.parse
    import urllib.request

    address, body = f"{server['address']}/api/2.0/mlflow/{call}", None
    headers = {"Authorization": server["authorization"]} if server["authorization"] else {}
    if method == "GET":
        address += "?" + urllib.parse.urlencode(content)
    else:
        body = json.dumps(content).encode()
        headers["Content-Type"] = "application/json"
    context = None
    if address.startswith("https:"):
        import ssl

        context = ssl.create_default_context(cafile=server["certificates"] or None)
        if not server["verify"]:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(address, body, headers, method=method)  # noqa: S310 - a person's own MLflow
    with urllib.request.urlopen(request, timeout=_REQUEST_TIMEOUT_S, context=context) as answer:  # noqa: S310
        told: dict[str, Any] = json.load(answer)
        return told


def _watch(pipe: BinaryIO) -> None:
    """Wait for the trainer's last word, or for its end."""
    trainer = os.getppid()
    lines: list[bytes] = []

    def listen() -> None:
        for line in pipe:
            lines.append(line)  # noqa: PERF402 - the other thread looks at it meanwhile

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    while listener.is_alive():
        listener.join(_PAUSE_S)
        # A process that the trainer forked may hold the pipe open after it.
        if lines[-1:] == [DONE] or os.getppid() != trainer:
            break
    if not lines or lines[-1] == DONE:
        return
    task, last = json.loads(lines[0]), json.loads(lines[-1])
    mark_ended(task["server"], task["run_id"], last.get("status", "KILLED"), last.get("reason", REASON))


if __name__ == "__main__":
    _watch(sys.stdin.buffer)
