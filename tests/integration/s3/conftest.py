"""S3 servers to hold to the same promises: a wheel, two kinds of container, and any address one names."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from servers import BIN, answers, free_port, running, wait_until

SILO = os.environ.get("S3_IMAGE", "pgsty/silo:RELEASE.2026-09-16T00-00-00Z")
VERSITYGW = "versity/versitygw:v1.8.0"
BUCKET = "mlflow"
OTHER_BUCKET = "not-yours"

# What the platform allows MLflow's key: its own bucket and no other.
_POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
  "Resource": ["arn:aws:s3:::mlflow"]}, {"Effect": "Allow",
  "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject",
             "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
  "Resource": ["arn:aws:s3:::mlflow/*"]}]}"""


@dataclass(frozen=True)
class S3Server:
    """One that runs, with the key that MLflow would hold."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    forbidden_bucket: str | None = None  # exists, and is not this key's
    lacks: frozenset[str] = frozenset()  # promises that neither MLflow nor the backup leans on

    def must(self, promise: str) -> None:
        """Skip where a server is known not to keep a promise, and say which."""
        if promise in self.lacks:
            pytest.skip(f"{self.name} has no {promise}")

    def client(self, **changes: str) -> BaseClient:
        """Open a client; `access_key`, `secret_key` or `endpoint` may differ."""
        return boto3.client(
            "s3",
            endpoint_url=changes.get("endpoint", self.endpoint),
            aws_access_key_id=changes.get("access_key", self.access_key),
            aws_secret_access_key=changes.get("secret_key", self.secret_key),
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                # As the platform sets it: not every server knows the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"max_attempts": 2},
                proxies={},
            ),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What MLflow is told, as in the compose file."""
        return {
            "MLFLOW_S3_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        }


def _nanio(folder: Path) -> Iterator[S3Server]:
    port, secret = free_port(), secrets.token_urlsafe(32)
    command = [str(BIN / "nanio"), "serve", "--host=127.0.0.1", f"--port={port}", f"--data-dir={folder}/data"]
    keys = {"NANIO_ACCESS_KEY": "mlflow", "NANIO_SECRET_KEY": secret}
    with running(command, folder / "log", keys) as process:
        lacks = frozenset({"rights per bucket", "suffix ranges", "status 416", "percent signs in names"})
        server = S3Server("nanio", f"http://127.0.0.1:{port}", "mlflow", secret, BUCKET, lacks=lacks)
        wait_until(
            lambda: process.poll() is not None or _lists(server.client()),
            60,
            f"nanio starts; see {folder}/log",
        )
        assert process.poll() is None, (folder / "log").read_text()
        server.client().create_bucket(Bucket=BUCKET)
        yield server


def _silo(_: Path) -> Iterator[S3Server]:
    # In hexadecimal: they are arguments here, and one that begins with - would be taken for an option.
    root, secret = secrets.token_hex(20), secrets.token_hex(20)
    environment = {"MINIO_ROOT_USER": "root", "MINIO_ROOT_PASSWORD": root, "MINIO_BROWSER": "off"}
    with _container(SILO, 9000, environment, ["server", "/data"]) as (container, endpoint):
        wait_until(lambda: answers(f"{endpoint}/minio/health/ready"), 60, "Silo is ready")
        inside = "http://127.0.0.1:9000"
        _inside(container, "mc", "alias", "set", "here", inside, "root", root)
        for bucket in (BUCKET, OTHER_BUCKET):
            _inside(container, "mc", "mb", f"here/{bucket}")
        _inside(container, "sh", "-c", "cat >/tmp/policy.json", stdin=_POLICY)
        _inside(container, "mc", "admin", "policy", "create", "here", "mlflow", "/tmp/policy.json")  # noqa: S108 - in the container
        _inside(container, "mc", "admin", "user", "add", "here", "mlflow", secret)
        _inside(container, "mc", "admin", "policy", "attach", "here", "mlflow", "--user", "mlflow")
        yield S3Server("silo", endpoint, "mlflow", secret, BUCKET, OTHER_BUCKET)


def _versitygw(_: Path) -> Iterator[S3Server]:
    root, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(30)
    environment = {"ROOT_ACCESS_KEY": "root", "ROOT_SECRET_KEY": root}
    # Its keys live in a folder of their own; versitygw calls them accounts.
    start = ["--iam-dir", "/iam", "--port", ":7070", "posix", "/data"]
    with _container(VERSITYGW, 7070, environment, start, "--tmpfs=/iam") as (container, endpoint):
        owner = S3Server("versitygw", endpoint, "root", root, BUCKET)
        wait_until(lambda: _lists(owner.client()), 60, "versitygw is ready")
        for bucket in (BUCKET, OTHER_BUCKET):
            owner.client().create_bucket(Bucket=bucket)
        admin = ["versitygw", "admin", "--allow-insecure", "--endpoint-url=http://127.0.0.1:7070"]
        admin += ["--access=root", f"--secret={root}"]
        _inside(container, *admin, "create-user", "--access=mlflow", f"--secret={secret}", "--role=user")
        _inside(container, *admin, "change-bucket-owner", f"--bucket={BUCKET}", "--owner=mlflow")
        yield S3Server("versitygw", endpoint, "mlflow", secret, BUCKET, OTHER_BUCKET)


def _named(_: Path) -> Iterator[S3Server]:
    forbidden = os.environ.get("VIGIE_TEST_S3_FORBIDDEN_BUCKET")
    yield S3Server(
        "named",
        os.environ["VIGIE_TEST_S3_ENDPOINT"],
        os.environ["VIGIE_TEST_S3_KEY"],
        os.environ["VIGIE_TEST_S3_SECRET"],
        os.environ["VIGIE_TEST_S3_BUCKET"],
        forbidden,
        frozenset() if forbidden else frozenset({"rights per bucket"}),
    )


_SERVERS = {"nanio": _nanio, "silo": _silo, "versitygw": _versitygw, "named": _named}
_HERE = [
    "nanio",
    pytest.param("silo", marks=pytest.mark.compose),
    pytest.param("versitygw", marks=pytest.mark.compose),
]


# VIGIE_TEST_S3_ENDPOINT with …_KEY, …_SECRET and …_BUCKET puts one more server to the test.
@pytest.fixture(scope="session", params=["named"] if "VIGIE_TEST_S3_ENDPOINT" in os.environ else _HERE)
def s3(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Each server in turn; one that is not here is skipped, and says why."""
    yield from _SERVERS[request.param](tmp_path_factory.mktemp(request.param))


class _container:  # noqa: N801 - reads as `with _container(…)`
    """Run an image for a while, its port published on 127.0.0.1."""

    def __init__(
        self, image: str, port: int, environment: dict[str, str], command: list[str], *options: str
    ) -> None:
        if shutil.which("docker") is None or _docker("info").returncode != 0:
            pytest.skip(f"no Docker engine answers here, so {image} cannot be started")
        if _docker("image", "inspect", image).returncode != 0 and _docker("pull", image).returncode != 0:
            pytest.skip(f"the image {image} is neither here nor to be had")
        self._outside = free_port()
        names = [f"--env={name}" for name in environment]
        publish = f"--publish=127.0.0.1:{self._outside}:{port}"
        started = subprocess.run(
            ["docker", "run", "--detach", "--rm", publish, *names, *options, image, *command],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert started.returncode == 0, started.stderr
        self._id = started.stdout.strip()

    def __enter__(self) -> tuple[str, str]:
        return self._id, f"http://127.0.0.1:{self._outside}"

    def __exit__(self, *_: object) -> None:
        _docker("rm", "--force", "--volumes", self._id)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


def _inside(container: str, *command: str, stdin: str = "") -> None:
    ran = subprocess.run(
        ["docker", "exec", "--interactive", container, *command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout


def _lists(client: BaseClient) -> bool:
    try:
        client.list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True
