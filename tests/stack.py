"""One platform in containers, as the tests ask it."""

import base64
import http.client
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Each role of PostgreSQL, and the secret that is its password.
ROLES = {
    "postgres": "postgres_password",
    "mlflow": "mlflow_db_password",
    "vigie_api": "api_db_password",
    "vigie_migrate": "migrate_db_password",
    "vigie_read": "read_db_password",
}


@dataclass(frozen=True)
class Answer:
    """A status, the headers in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class Stack:
    """One platform, by the name of its Compose project."""

    project: str
    port: int
    mail_port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("VIGIE_", "COMPOSE_"))
        }
        return clean | {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": f"{ROOT / 'compose.yaml'}:{ROOT / 'tests/compose/override.yaml'}",
            "VIGIE_IMAGE_PREFIX": self.project,  # two runs on one machine must not exchange images
            "VIGIE_SECRETS": str(self.folder / "secrets"),
            "VIGIE_PORT": str(self.port),
            "VIGIE_BIND": "127.0.0.1",
            "VIGIE_ALERT_TO": "owner@example.org",
            "VIGIE_ALERT_COOLDOWN_S": "5",
            "VIGIE_SMTP_HOST": "mail.test",
            "VIGIE_SMTP_PORT": str(self.mail_port),
            "VIGIE_SMTP_TLS": "none",
        }

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text("utf-8").strip()

    def compose(self, *arguments: str, check: bool = True, content: str | None = None) -> str:
        """Run `docker compose`, and return what it printed."""
        done = subprocess.run(
            [
                "docker",
                "compose",
                "--env-file",
                str(self.folder / "env"),
                "--project-directory",
                str(ROOT),
                *arguments,
            ],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            input=content,
        )
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def sql(self, database: str, query: str, role: str = "postgres", *, check: bool = True) -> str:
        """Ask PostgreSQL as a role, by TCP and password."""
        password = self.secret(ROLES[role])
        return self.compose(
            *("exec", "-T", "-e", f"PGPASSWORD={password}", "postgres"),
            *("psql", "-h", "127.0.0.1", "-U", role, "-d", database, "-v", "ON_ERROR_STOP=1", "-Atqc", query),
            check=check,
        ).strip()

    def inside(self, service: str, program: str) -> str:
        """Run a Python program in a container."""
        return self.compose("exec", "-T", service, "python", "-", content=program).strip()

    def logs(self, *services: str, lines: int = 60) -> str:
        """The last lines that services wrote."""
        return self.compose("logs", "--no-color", "--tail", str(lines), *services)

    def container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service).strip()

    def pid(self, service: str) -> int:
        """The container's first process, as the machine counts it; 0 while it does not run."""
        return int(docker("inspect", "--format", "{{.State.Pid}}", self.container(service)))

    def ask(
        self,
        path: str,
        body: dict[str, object] | None = None,
        *,
        user: str | None = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 15,
    ) -> Answer:
        """Ask through the proxy; a path is sent as it stands, dots and doubled slashes too."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            sent = {"Content-Type": "application/json"} | dict(headers or {})
            if user:
                login = base64.b64encode(f"{user}:{self.secret(f'mlflow_{user}_password')}".encode())
                sent["Authorization"] = f"Basic {login.decode()}"
            content = None if body is None else json.dumps(body)
            connection.request(method or ("GET" if body is None else "POST"), path, content, sent)
            response = connection.getresponse()
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    def predicts(self) -> bool:
        return self.answers("/api/v1/predict", {"text": "thank you for the great flight"})

    def answers(self, path: str, body: dict[str, object] | None = None, user: str | None = None) -> bool:
        try:
            return self.ask(path, body, user=user, timeout_s=5).status in {200, 201}
        except (OSError, http.client.HTTPException):
            return False

    def version_serving(self) -> str:
        answer = self.ask("/api/v1/predict", {"text": "thank you"})
        return str(answer.json().get("model_version"))

    def all_well(self) -> bool:
        """Ask every part something real: a prediction, the page, the registry, a report that is stored."""
        report: dict[str, object] = {
            "text": "thank you", "predicted_label": "positive", "probability": 0.9,
            "model_version": "1", "expected_label": "positive", "visitor": os.urandom(8).hex(),
        }  # fmt: skip
        return (
            self.predicts()
            and self.answers("/_stcore/health")
            and self.answers("/mlflow/api/2.0/mlflow/registered-models/search?max_results=1", user="viewer")
            and self.answers("/api/v1/feedback", report)
            and self.artifact_is_read()
        )

    def artifact_is_read(self) -> bool:
        """Read an artifact through MLflow, which has to fetch it from the store."""
        return self.answers("/mlflow/api/2.0/mlflow-artifacts/artifacts?path=1/models", user="viewer")


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()
