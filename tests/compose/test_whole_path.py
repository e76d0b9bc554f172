"""From a clone to a mail: first model, page, training from outside, promotion by click, reports, alert."""

import csv
import email
import os
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Browser, expect
from servers import wait_until
from stack import ROOT, Stack

pytestmark = pytest.mark.browser
# On a machine that others use too, Streamlit's first page takes its time.
expect.set_options(timeout=60_000)
PAGE_LIMIT_MS = 90_000
BIN = Path(sys.executable).parent
# The API looks every two seconds; downloading and checking takes less than one.
PROMOTION_LIMIT_S = 20
PICTURES = os.environ.get("VIGIE_TEST_PICTURES")


class Mailbox:
    """A mail server's handler that keeps what arrives."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 kept"


@pytest.fixture
def mailbox(stack: Stack) -> Iterator[Mailbox]:
    box = Mailbox()
    # On every address of this machine: the API's container comes from its own network.
    controller = Controller(box, hostname="0.0.0.0", port=stack.mail_port)  # noqa: S104 - so that it can be reached
    controller.start()
    yield box
    controller.stop()


def picture(page: object, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")  # type: ignore[attr-defined]  # playwright's page


def test_the_first_start_serves_a_first_model(stack: Stack) -> None:
    model = stack.ask("/api/v1/model").json()

    assert model["ready"] is True
    assert "stage:Production" in str(model["rule"])
    # The API answers as soon as the version is in its stage, a moment before the program says so.
    wait_until(
        lambda: "first_model_promoted version=1" in stack.compose("logs", "--no-log-prefix", "first-model"),
        60,
        "the first model's program says that it is done",
    )


def test_no_second_first_model_is_trained(stack: Stack) -> None:
    assert "first_model_skipped" in stack.compose("run", "--rm", "--no-deps", "first-model")


def test_a_tweet_is_read_in_the_browser(stack: Stack, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PAGE_LIMIT_MS)
    failed: list[str] = []
    page.on(
        "response",
        lambda answer: failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    page.goto(stack.address)
    page.get_by_role("textbox", name="Tweet").fill("Thank you for the lovely flight, what a great crew!")
    page.get_by_role("button", name="Read this tweet").click()

    expect(page.locator(".vg-verdict")).to_contain_text("Positive")
    expect(page.get_by_role("button", name="Lost bag")).to_be_visible()
    picture(page, "page")
    page.close()
    assert failed == []


def some_tweets(path: Path) -> Path:
    """Write a small set that a second version learns in seconds."""
    good, bad = ["love", "great", "thanks", "lovely", "best"], ["awful", "late", "lost", "rude", "worst"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(400):
            words, label = (good, "positive") if number % 2 else (bad, "negative")
            writer.writerow([f"{words[number % 5]} flight {number} {words[number % 3]} crew", label])
    return path


def trained_from_outside(stack: Stack, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            BIN / "vigie",
            "train",
            some_tweets(folder / "tweets.csv"),
            "--mlflow-uri",
            f"{stack.address}/mlflow",
        ],
        env=os.environ
        | {
            "MLFLOW_TRACKING_USERNAME": "editor",
            "MLFLOW_TRACKING_PASSWORD": stack.secret("mlflow_editor_password"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_training_from_outside_lands_in_the_bucket_and_in_postgresql(stack: Stack, tmp_path: Path) -> None:
    before = stack.version_serving()
    trained = trained_from_outside(stack, tmp_path)

    assert trained.returncode == 0, trained.stdout + trained.stderr
    registered = stack.sql(
        "mlflow",
        "SELECT version, runs.status FROM model_versions JOIN runs ON run_uuid = run_id "
        "WHERE model_versions.name = 'tweet-sentiment' ORDER BY version DESC LIMIT 1",
    )
    version, status = registered.split("|")
    assert int(before) < int(version)
    assert status == "FINISHED"
    stored = stack.inside(
        "mlflow",
        """
import boto3, sys
sys.path.insert(0, "/vigie")
import configuration
store = boto3.client("s3", endpoint_url="http://minio:9000", region_name="us-east-1",
    aws_access_key_id=configuration.secret("s3_access_key"),
    aws_secret_access_key=configuration.secret("s3_secret_key"))
listed = store.list_objects_v2(Bucket="mlflow")["Contents"]
print(sum(item["Key"].endswith("artifacts/bundle/model.onnx") for item in listed))
""",
    )
    assert int(stored) == int(version)
    assert stack.version_serving() == before


def test_what_a_training_keeps_outlives_its_container(stack: Stack) -> None:
    def in_a_container(program: str) -> str:
        return stack.compose(
            *("--profile", "train", "run", "--rm", "-T", "--no-deps", "train", "python", "-c", program)
        )

    kept = "import os, pathlib; kept = pathlib.Path(os.environ['VIGIE_CACHE_FOLDER'], 'kept')"
    in_a_container(f"{kept}; kept.write_text('whole')")
    assert in_a_container(f"{kept}; print(kept.read_text())").strip() == "whole"


def test_a_stranger_cannot_train(stack: Stack, tmp_path: Path) -> None:
    refused = subprocess.run(
        [
            BIN / "vigie",
            "train",
            some_tweets(tmp_path / "tweets.csv"),
            "--mlflow-uri",
            f"{stack.address}/mlflow",
        ],
        env={name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode != 0
    assert "MLFLOW_TRACKING_USERNAME" in refused.stderr


def test_a_version_promoted_by_click_answers(stack: Stack, browser: Browser) -> None:
    newest = stack.sql("mlflow", "SELECT max(version) FROM model_versions WHERE name = 'tweet-sentiment'")
    assert newest != stack.version_serving(), "the test before trains a version"
    context = browser.new_context(
        http_credentials={"username": "editor", "password": stack.secret("mlflow_editor_password")},
        viewport={"width": 1400, "height": 900},
    )
    # What its switch "New model registry UI" keeps: off, so that stages are shown.
    context.add_init_script(
        "localStorage.setItem('_mlflow_user_setting_dismiss_next_model_registry_ui', 'true')"
    )
    page = context.new_page()
    page.set_default_timeout(PAGE_LIMIT_MS)
    page.goto(f"{stack.address}/mlflow/#/models/tweet-sentiment/versions/{newest}")
    page.locator(".mlflow-stage-transition-dropdown").click()
    page.get_by_role("menuitem").filter(has_text="Production").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Transition existing Production model version")
    picture(page, "mlflow-promotion")
    dialog.get_by_role("button", name="OK").click()

    wait_until(lambda: stack.version_serving() == newest, PROMOTION_LIMIT_S, f"version {newest} answers")
    picture(page, "mlflow-promoted")
    context.close()


def test_three_wrong_reports_send_a_mail(stack: Stack, browser: Browser, mailbox: Mailbox) -> None:
    for number in range(3):
        page = browser.new_page()
        page.set_default_timeout(PAGE_LIMIT_MS)
        page.goto(stack.address)
        page.get_by_role("textbox", name="Tweet").fill(f"Oh great, lost my bag again, number {number}")
        page.get_by_role("button", name="Read this tweet").click()
        expect(page.locator(".vg-verdict")).to_be_visible()
        page.get_by_role("button", name="Send the report").click()
        expect(page.locator(".vg-thanks")).to_be_visible()
        page.close()

    wait_until(lambda: bool(mailbox.mails), 60, "an alert mail")
    mail = mailbox.mails[0]
    assert "owner@example.org" in str(mail["To"])
    body = mail.get_body(("plain",))
    assert body is not None
    assert "lost my bag again" in body.get_content()
    assert (
        stack.sql("vigie", "SELECT count(*) FROM feedback WHERE wrong_prediction", role="vigie_read") == "3"
    )


def test_the_same_platform_starts_by_compose_alone(stack: Stack) -> None:
    """`make up` adds checks and sentences; what runs is what `docker compose up -d` starts."""
    assert ROOT.joinpath("compose.yaml").exists()
    services = stack.compose("ps", "--services", "--status", "running").split()
    assert sorted(services) == ["api", "minio", "mlflow", "nginx", "postgres", "ui"]
