"""The API as a process beside servers that are down, hang or refuse."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from servers import answers, free_port, wait_until
from sqlalchemy import select

from sentiment_api.database import open_engine, outbox
from sentiment_api.migrate import migrate

from .conftest import Api, MailServer

TO = "ops@air.example"


@contextmanager
def a_silent_server() -> Iterator[int]:
    """Accept connections and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    taken.append(listener.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in taken:
                connection.close()


def prepared(url: str) -> str:
    engine = open_engine(url, timeout_s=30)
    migrate(engine)
    engine.dispose()
    return url


def test_without_any_version_it_lives_is_not_ready_and_says_why(start_api: Callable[..., Api]) -> None:
    api = start_api()
    wait_until(lambda: "MLflow does not answer" in api.predict().text, 10, "it says why")
    assert api.predict().status_code == 503
    assert not answers(f"{api.url}/health/ready")
    assert api.model()["ready"] is False


@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_it_leaves_no_temporary_folder_behind(
    start_api: Callable[..., Api], tmp_path: Path, workers: int
) -> None:
    # Regression: each stop of a server with one worker left an empty folder.
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    api = start_api(workers=workers, TMPDIR=str(temporary))
    assert len(list(temporary.glob("vigie-*"))) == (workers > 1)

    os.kill(api.pid, signal.SIGTERM)

    wait_until(lambda: psutil.Process(api.pid).status() == psutil.STATUS_ZOMBIE, 30, "it ends")
    assert not list(temporary.glob("vigie-*"))


def test_a_registry_that_never_answers_delays_nothing(start_api: Callable[..., Api]) -> None:
    with a_silent_server() as port:
        api = start_api(VIGIE_MLFLOW_URI=f"http://127.0.0.1:{port}/mlflow", VIGIE_MLFLOW_TIMEOUT_S="1")
        start = time.monotonic()
        assert api.predict().status_code == 503
        assert time.monotonic() - start < 1
        wait_until(lambda: "Timeout" in api.predict().text, 10, "it says why")


@pytest.mark.parametrize("workers", [1, 2])
def test_three_reports_send_one_mail(
    start_api: Callable[..., Api], mail_server: MailServer, database_url: str, workers: int
) -> None:
    api = start_api(
        workers=workers,
        VIGIE_DATABASE_URL=prepared(database_url),
        VIGIE_ALERT_TO=TO,
        VIGIE_SMTP_PORT=str(mail_server.port),
    )
    for visitor in ("a", "b", "a", "c", "d"):
        response = api.report(visitor=visitor, text="@jean four hours late, great job")
        assert response.status_code in {200, 201}
    wait_until(lambda: bool(mail_server.mails), 20, "the mail arrives")
    wait_until(lambda: "vigie_outbox_mails 0.0" in api.metrics(), 20, "the outbox is empty")

    (mail,) = mail_server.mails
    assert mail["Subject"] == "Vigie: 3 wrong predictions reported"
    assert mail["To"] == TO
    (attachment,) = mail.iter_attachments()
    reports = json.loads(attachment.get_content())["reports"]
    assert [report["text"] for report in reports] == ["@user four hours late, great job"] * 3
    assert "jean" not in mail.as_string()
    assert "late" not in api.log.read_text()
    assert TO not in api.log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["451 try again later", "554 we do not like you"])
def test_a_mail_server_that_refuses_loses_nothing(
    start_api: Callable[..., Api], mail_server: MailServer, database_url: str, answer: str
) -> None:
    mail_server.answer = answer
    url = prepared(database_url)
    settings = {"VIGIE_DATABASE_URL": url, "VIGIE_ALERT_TO": TO, "VIGIE_SMTP_PORT": str(mail_server.port)}
    api = start_api(**settings)
    for visitor in ("a", "b", "c"):
        assert api.report(visitor=visitor).status_code == 201
    wait_until(lambda: 'vigie_mails_total{outcome="failed"} 1.0' in api.metrics(), 20, "the first attempt")

    engine = open_engine(url, timeout_s=10)
    with engine.begin() as connection:
        row = connection.execute(select(outbox)).one()
        assert row.sent_at is None
        assert row.last_error.endswith(answer[:3])
    mail_server.answer = "250 OK"
    wait_until(lambda: bool(mail_server.mails), 30, "the mail arrives at the next attempt")
    assert row.id in mail_server.mails[0]["Message-ID"]
    engine.dispose()


@pytest.fixture(params=["refuses", "hangs"])
def broken_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that is down, or never says a word."""
    if request.param == "refuses":
        yield free_port()
        return
    with a_silent_server() as port:
        yield port


def test_a_dead_or_hanging_mail_server_delays_neither_reports_nor_requests(
    start_api: Callable[..., Api], database_url: str, broken_port: int
) -> None:
    api = start_api(
        VIGIE_DATABASE_URL=prepared(database_url),
        VIGIE_ALERT_TO=TO,
        VIGIE_SMTP_PORT=str(broken_port),
        VIGIE_SMTP_TIMEOUT_S="2",
        VIGIE_ALERT_COOLDOWN_S="0",
    )
    for visitor in range(4):
        start = time.monotonic()
        assert api.report(visitor=f"visitor-{visitor}").status_code == 201
        assert api.predict().status_code == 503
        assert time.monotonic() - start < 2
    wait_until(lambda: 'vigie_mails_total{outcome="failed"}' in api.metrics(), 20, "the attempt fails")


def test_a_database_that_is_down_refuses_feedback_and_nothing_else(start_api: Callable[..., Api]) -> None:
    api = start_api(
        VIGIE_DATABASE_URL=f"postgresql+psycopg://x:secret@127.0.0.1:{free_port()}/vigie",
        VIGIE_DATABASE_TIMEOUT_S="2",
    )
    response = api.report()
    assert response.status_code == 503
    assert response.json()["type"] == "urn:vigie:problem:database-unavailable"
    assert int(response.headers["retry-after"]) > 0
    assert answers(f"{api.url}/health/live")
    assert "vigie_database_up 0.0" in api.metrics()
    assert "secret" not in api.log.read_text()
