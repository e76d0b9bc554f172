"""What holds for every container, read from what `docker compose config` makes of the files."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Each exception, and why it must be one. An exception that no longer applies fails, too.
EXCEPTIONS = {
    ("minio-volume", "non-root"): "to give a folder away one must own it; without a network, for a moment",
    ("minio-volume", "no capability"): "CHOWN, for the same reason",
    ("minio-volume", "internal networks"): "it has no network at all",
    ("swag", "non-root"): "its supervisor begins as root and takes PUID for what serves",
    ("swag", "no capability"): "what that supervisor needs to change users and listen on 443",
    ("swag", "read-only"): "the image installs its configuration and certificates as it starts",
    ("swag", "init"): "its supervisor must be the first process, and reaps",
    ("watchtower", "non-root"): "Docker's socket belongs to root; the profile is off unless asked for",
    ("api", "internal networks"): "it alone hands mails over",
    ("nginx", "internal networks"): "a published port needs a network with a way out",
    ("swag", "internal networks"): "a published port, and Let's Encrypt",
    ("watchtower", "internal networks"): "it asks the registry for newer images",
    ("grafana", "internal networks"): "a published port, on this machine only",
    ("swag", "one port"): "443 is what the profile `public` is for",
    ("grafana", "one port"): "on 127.0.0.1 only, and off unless asked for",
}
JOBS = {"databases", "minio-volume", "bucket", "mlflow-prepare", "migrate", "first-model", "train"}
# What a check must contain to be one of the real thing.
PROBES = {
    "postgres": "SELECT",
    "minio": "/minio/health/cluster",
    "mlflow": "healthcheck.py",
    "api": "/health/ready",
    "ui": "/_stcore/health",
    "nginx": "/_stcore/health",
    "swag": "/_stcore/health",
    "watchtower": "--health-check",
    "prometheus": "query",
    "grafana": "/api/health",
}

Service = dict[str, object]


@pytest.fixture(scope="module")
def config() -> dict[str, dict[str, Service]]:
    if shutil.which("docker") is None:
        pytest.skip("Docker is not installed: nothing resolves the file")
    resolved = subprocess.run(
        ["docker", "compose", "--env-file", "/dev/null", "--profile", "*", "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "is not a docker command" in resolved.stderr or "unknown flag: --env-file" in resolved.stderr:
        pytest.skip("Docker has no `compose` command")
    assert resolved.returncode == 0, resolved.stderr
    assert "variable is not set" not in resolved.stderr
    found: dict[str, dict[str, Service]] = json.loads(resolved.stdout)
    return found


def faults(name: str, service: Service, internal: set[str]) -> set[str]:
    """Say which of the rules a service breaks."""
    text = json.dumps(service)
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})  # type: ignore[attr-defined]  # plain JSON
    logging = service.get("logging", {})
    networks = set(service.get("networks", {}))  # type: ignore[call-overload]  # plain JSON
    uid = str(service.get("user", "0")).split(":", maxsplit=1)[0]
    rules = {
        "non-root": uid.isdigit() and int(uid) > 0,
        "read-only": service.get("read_only") is True,
        "init": service.get("init") is True,
        "no capability": service.get("cap_drop") == ["ALL"] and "cap_add" not in service,
        "no new privileges": service.get("security_opt") == ["no-new-privileges:true"],
        "not privileged": not service.get("privileged") and service.get("network_mode") in (None, "none"),
        "limits": all(limits.get(kind) for kind in ("cpus", "memory", "pids")),
        "rotated log": logging == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
        "restart": service.get("restart") == ("no" if name in JOBS else "unless-stopped"),
        "real check": name in JOBS or PROBES[name] in json.dumps(service.get("healthcheck", {}).get("test")),  # type: ignore[attr-defined]  # plain JSON
        "internal networks": bool(networks) and networks <= internal,
        "one port": not service.get("ports") or name == "nginx",
        "pinned image": bool(re.search(r":[\w.-]+$", str(service["image"]))),
        "old engines": "start_interval" not in text and "pre_start" not in text,
        "graceful stop": name in JOBS or name == "watchtower" or "stop_grace_period" in service,
    }  # fmt: skip
    return {rule for rule, kept in rules.items() if not kept}


def test_every_container_is_hardened_but_for_the_written_exceptions(
    config: dict[str, dict[str, Service]],
) -> None:
    internal = {name for name, network in config["networks"].items() if network.get("internal")}
    broken = {
        (name, fault)
        for name, service in config["services"].items()
        for fault in faults(name, service, internal)
    }

    assert broken == set(EXCEPTIONS)


def test_data_services_have_no_way_out(config: dict[str, dict[str, Service]]) -> None:
    networks = config["networks"]

    for name in ("postgres", "minio", "mlflow", "ui", "prometheus"):
        attached = config["services"][name]["networks"]
        assert all(networks[network].get("internal") for network in attached), name  # type: ignore[union-attr,attr-defined]  # plain JSON


def holders(config: dict[str, dict[str, Service]], secret: str) -> set[str]:
    return {
        name
        for name, service in config["services"].items()
        for held in service.get("secrets", [])  # type: ignore[attr-defined]  # plain JSON
        if held["source"] == secret
    }


@pytest.mark.parametrize(
    ("secret", "who"),
    [
        ("postgres_password", {"postgres", "databases"}),
        ("s3_root_password", {"minio", "bucket"}),
        ("s3_secret_key", {"bucket", "mlflow"}),
        ("mlflow_db_password", {"databases", "mlflow-prepare", "mlflow"}),
        ("api_database_url", {"api"}),
        ("migrate_database_url", {"migrate"}),
        ("mlflow_admin_password", {"mlflow-prepare"}),
        ("mlflow_editor_password", {"mlflow-prepare", "first-model", "train"}),
        ("mlflow_api_password", {"mlflow-prepare", "mlflow", "api"}),
        ("mlflow_htpasswd", {"nginx"}),
        ("smtp_password", {"api"}),
    ],
)
def test_a_secret_is_where_it_is_needed_and_nowhere_else(
    config: dict[str, dict[str, Service]], secret: str, who: set[str]
) -> None:
    assert holders(config, secret) == who


def test_no_secret_is_a_variable(config: dict[str, dict[str, Service]]) -> None:
    for name, service in config["services"].items():
        for variable, value in (service.get("environment") or {}).items():  # type: ignore[attr-defined]  # plain JSON
            if re.search(r"PASSWORD|SECRET|TOKEN|_KEY", variable):
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"


def test_only_the_api_and_the_page_are_renewed_unattended(config: dict[str, dict[str, Service]]) -> None:
    label = "com.centurylinklabs.watchtower.enable"

    assert {"api", "ui"} == {
        name
        for name, service in config["services"].items()
        if (service.get("labels") or {}).get(label) == "true"  # type: ignore[attr-defined]  # plain JSON
    }


def test_every_choice_of_the_example_is_one_and_every_choice_is_in_it() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    offered = set(re.findall(r"(?m)^(\w+)=", (ROOT / ".env.example").read_text()))
    # Set by the Makefile, by tests, or by whoever keeps images elsewhere.
    unusual = {
        "VIGIE_COMMIT",
        "VIGIE_SECRETS",
        "VIGIE_DATA",
        "DOCKER_SOCKET",
        "GRAFANA_PORT",
        "S3_HEALTH_PATH",
    }
    unusual |= {name for name in asked if name.endswith("_IMAGE")}

    assert offered - asked == {"COMPOSE_PROFILES"}
    assert asked - offered == unusual


def test_the_example_holds_no_password() -> None:
    for line in (ROOT / ".env.example").read_text().splitlines():
        assert not re.match(r"\w*(PASSWORD|SECRET|TOKEN|_KEY)\w*=.", line)
