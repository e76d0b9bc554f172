"""Backup, loss of everything, restore; and what else an owner calls."""

import subprocess
from pathlib import Path

import pytest
from servers import wait_until
from stack import Stack

from sentiment_training.datasets import load_rows

from .conftest import Operate

TEXTS = ["thank you for the great flight", "lost my bag again", "ok", "worst airline ever 😡"]
ORPHAN = f"1/{'0' * 32}/artifacts/left behind.bin"

_IN_THE_BUCKET = """
import sys, os, hashlib, json
sys.path.insert(0, "/vigie")
import configuration, serve, boto3
chosen = configuration.read()
os.environ.update(serve.environment(chosen))
s3 = boto3.client("s3", endpoint_url=chosen.s3_endpoint)
"""


def in_the_bucket(stack: Stack, program: str) -> str:
    return stack.inside("mlflow", _IN_THE_BUCKET + program)


def snapshot(stack: Stack) -> dict[str, object]:
    """Everything that must be the same afterwards."""
    tables = {
        "mlflow": (
            "runs", "metrics", "tags", "experiments", "logged_models", "model_versions", "model_version_tags",
        ),
        "vigie": ("feedback", "alert", "alembic_version"),
    }  # fmt: skip
    rows = {
        table: stack.sql(database, f"SELECT t FROM {table} t ORDER BY t::text")  # noqa: S608 - the names above
        for database, names in tables.items()
        for table in names
    }
    objects = in_the_bucket(
        stack,
        "for page in s3.get_paginator('list_objects_v2').paginate(Bucket='mlflow'):\n"
        "    for item in page['Contents']:\n"
        "        content = s3.get_object(Bucket='mlflow', Key=item['Key'])['Body'].read()\n"
        "        print(json.dumps(item['Key']), hashlib.sha256(content).hexdigest())",
    )
    predictions = stack.ask("/api/v1/predict", {"texts": TEXTS}).json()["predictions"]
    return rows | {"objects": objects, "predictions": predictions}


def test_after_every_volume_was_destroyed_a_restore_brings_everything_back(
    stack: Stack, archive: Path, operate: Operate
) -> None:
    before = snapshot(stack)
    assert str(before["feedback"]).count("late again") == 3
    stack.compose("down", "--volumes", "--timeout", "5")
    assert not stack.predicts()

    restored = operate("restore", str(archive), YES="1")

    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "Every secret is the one of the backup" in restored.stdout
    assert before == snapshot(stack)
    assert stack.all_well()


def test_a_restore_over_a_running_stack_takes_back_what_came_later(
    stack: Stack, archive: Path, operate: Operate
) -> None:
    before = snapshot(stack)
    later = {
        "text": "later", "predicted_label": "positive", "probability": 0.9, "model_version": "1",
        "expected_label": "negative", "visitor": "later",
    }  # fmt: skip
    assert stack.ask("/api/v1/feedback", later).status == 201
    assert before != snapshot(stack)

    restored = operate("restore", str(archive), YES="1")

    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert str(snapshot(stack)["feedback"]).count("late again") == 3
    assert "later" not in str(snapshot(stack)["feedback"])


def test_nothing_is_overwritten_unasked(stack: Stack, archive: Path, operate: Operate) -> None:
    before = snapshot(stack)

    asked = operate("restore", str(archive))

    assert asked.returncode == 1
    assert "YES=1" in asked.stderr
    assert before == snapshot(stack)


def test_a_damaged_archive_is_refused_and_nothing_changes(
    stack: Stack, archive: Path, operate: Operate, tmp_path: Path
) -> None:
    before = snapshot(stack)
    damaged = tmp_path / archive.name
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)

    refused = operate("restore", str(damaged), YES="1")

    assert refused.returncode == 1
    assert "damaged" in refused.stderr
    assert before == snapshot(stack)


def test_a_changed_secret_is_named_before_a_restore(stack: Stack, archive: Path, operate: Operate) -> None:
    secret = stack.folder / "secrets/smtp_password"
    kept = secret.read_bytes()
    mode = secret.stat().st_mode
    secret.chmod(0o644)
    secret.write_text("another")
    try:
        asked = operate("restore", str(archive))
    finally:
        secret.write_bytes(kept)
        secret.chmod(mode)

    assert "not those of the backup: smtp_password" in asked.stdout


def test_reports_are_written_as_a_file_to_train_on(
    stack: Stack, archive: Path, operate: Operate, tmp_path: Path
) -> None:
    assert archive  # of a stack with reports
    out = tmp_path / "reports.csv"

    written = operate("reports", str(out))

    assert written.returncode == 0, written.stderr
    reported = int(stack.sql("vigie", "SELECT count(*) FROM feedback"))
    assert f"{reported} reports written to {out}" in written.stdout
    found = load_rows(str(out))
    assert len(found) == reported >= 3
    assert any("late again" in text for text in found.texts.to_pylist())
    assert operate("reports", str(out)).returncode == 1


def test_status_is_well_when_all_is_well_and_names_what_is_not(
    stack: Stack, archive: Path, operate: Operate
) -> None:
    wait_until(lambda: operate("status").returncode == 0, 90, "all is well")
    well = operate("status")
    assert f"tweet-sentiment version {stack.version_serving()} " in well.stdout
    assert archive.name in well.stdout

    stack.compose("stop", "ui")
    try:
        unwell = operate("status")
        old = operate("status", VIGIE_BACKUP_MAX_AGE_H="0")
    finally:
        stack.compose("start", "ui")

    assert unwell.returncode == 1
    assert "ui is exited" in unwell.stdout
    assert "make backup" in old.stdout


def test_gc_shows_then_deletes_what_nothing_refers_to_and_nothing_else(
    stack: Stack, operate: Operate
) -> None:
    before = snapshot(stack)
    deleted = stack.sql("mlflow", "SELECT run_uuid FROM runs WHERE lifecycle_stage = 'deleted'")
    assert deleted
    in_the_bucket(stack, f"s3.put_object(Bucket='mlflow', Key={ORPHAN!r}, Body=b'x')")

    young = operate("gc", "--delete")
    shown = operate("gc", VIGIE_GC_GRACE_DAYS="0")

    assert ORPHAN not in young.stdout
    assert ORPHAN in shown.stdout
    assert "Nothing was deleted" in shown.stdout
    assert "1 run or model" in shown.stdout
    assert ORPHAN in str(snapshot(stack)["objects"])

    done = operate("gc", "--delete", VIGIE_GC_GRACE_DAYS="0")

    assert done.returncode == 0, done.stdout + done.stderr
    after = snapshot(stack)
    kept = [line for line in str(before["objects"]).splitlines() if deleted not in line]
    assert kept == str(after["objects"]).splitlines()
    assert deleted not in str(after["runs"])
    assert before["model_versions"] == after["model_versions"]
    assert before["predictions"] == after["predictions"]


def test_an_update_that_is_not_well_goes_back_to_the_images_before(
    stack: Stack, operate: Operate, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(
        f'FROM {stack.project}/ui:latest\nENTRYPOINT ["python", "-c", "raise SystemExit(3)"]\n'
    )
    (tmp_path / "bad.yaml").write_text(
        f"services:\n  ui:\n    build: {{context: {tmp_path}, dockerfile: Dockerfile}}\n"
    )
    files = f"{stack.environment['COMPOSE_FILE']}:{tmp_path / 'bad.yaml'}"

    updated = operate("update", COMPOSE_FILE=files, BUILD="1", VIGIE_PATIENCE_S="45")

    assert updated.returncode == 1
    assert "ui is restarting with exit code 3" in updated.stderr
    assert "the images before run again and predict" in updated.stderr
    wait_until(stack.all_well, 60, "all is well")


def test_prometheus_finds_the_api_and_understands_every_rule(stack: Stack) -> None:
    image = "prom/prometheus:v3"
    if (
        subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode
        != 0
    ):
        pytest.skip(f"{image} is not here")
    stack.compose("--profile", "monitoring", "up", "--detach", "prometheus")
    try:
        ask = ("exec", "-T", "prometheus", "promtool", "query", "instant", "http://127.0.0.1:9090")
        wait_until(
            lambda: "=> 1" in stack.compose(*ask, 'up{job="api"}', check=False),
            90,
            "Prometheus reads the API",
        )
        wait_until(
            lambda: "=> 0" in stack.compose(*ask, 'ALERTS{alertname="ApiAway"} or vector(0)', check=False),
            30,
            "the rules are evaluated",
        )
    finally:
        stack.compose("--profile", "monitoring", "rm", "--stop", "--force", "prometheus")
