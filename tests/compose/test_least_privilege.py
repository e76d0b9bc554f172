"""What each part may not do: databases, the store, the way out, its own file system."""

import json

import pytest
from stack import Stack, docker

SERVERS = ("postgres", "minio", "mlflow", "api", "ui", "nginx")


@pytest.mark.parametrize(
    ("role", "database", "query"),
    [
        ("vigie_api", "vigie", "CREATE TABLE mine (id int)"),
        ("vigie_api", "vigie", "DROP TABLE feedback"),
        ("vigie_api", "mlflow", "SELECT 1"),
        ("vigie_api", "postgres", "SELECT 1"),
        ("vigie_read", "vigie", "DELETE FROM feedback"),
        ("vigie_read", "vigie", "SET transaction_read_only = off; DELETE FROM feedback"),
        ("vigie_read", "mlflow", "SELECT 1"),
        ("vigie_migrate", "mlflow", "SELECT 1"),
        ("vigie_migrate", "vigie", "CREATE ROLE mine"),
        ("mlflow", "vigie", "SELECT 1"),
        ("mlflow", "mlflow", "CREATE DATABASE mine"),
    ],
)
def test_a_role_stays_in_its_place(stack: Stack, role: str, database: str, query: str) -> None:
    with pytest.raises(AssertionError, match=r"permission denied|must be owner|read-only transaction"):
        stack.sql(database, query, role=role)


def test_each_role_can_do_its_work(stack: Stack) -> None:
    assert stack.sql("vigie", "SELECT count(*) >= 0 FROM feedback", role="vigie_read") == "t"
    assert stack.sql("vigie", "SELECT count(*) >= 0 FROM feedback", role="vigie_api") == "t"
    assert stack.sql("mlflow", "SELECT count(*) > 0 FROM model_versions", role="mlflow") == "t"


def test_mlflows_key_reaches_its_bucket_and_nothing_else(stack: Stack) -> None:
    asked = """
import boto3, json, sys
from botocore.exceptions import ClientError
sys.path.insert(0, "/vigie")
import configuration
store = boto3.client("s3", endpoint_url="http://minio:9000", region_name="us-east-1",
    aws_access_key_id=configuration.secret("s3_access_key"),
    aws_secret_access_key=configuration.secret("s3_secret_key"))
def allowed(call, **arguments):
    try:
        getattr(store, call)(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
print(json.dumps([
    allowed("list_objects_v2", Bucket="mlflow", MaxKeys=1),
    allowed("create_bucket", Bucket="another"),
    allowed("delete_bucket", Bucket="mlflow"),
    allowed("put_bucket_policy", Bucket="mlflow", Policy="{}"),
]))
"""
    assert ["allowed", "AccessDenied", "AccessDenied", "AccessDenied"] == json.loads(
        stack.inside("mlflow", asked)
    )


@pytest.mark.parametrize("service", ["ui", "api"])
def test_only_mlflow_can_reach_the_store(stack: Stack, service: str) -> None:
    asked = """
import socket
try:
    socket.create_connection(("minio", 9000), timeout=3)
    print("reached")
except OSError as error:
    print("not reached")
"""
    assert stack.inside(service, asked) == "not reached"


def reaches_the_internet(stack: Stack, service: str) -> bool:
    asked = """
import socket
try:
    socket.create_connection(("1.1.1.1", 443), timeout=4)  # a name server that anybody may ask
    print("reached")
except OSError:
    print("not reached")
"""
    return stack.inside(service, asked) == "reached"


def test_only_the_api_has_a_way_out(stack: Stack) -> None:
    if not reaches_the_internet(stack, "api"):
        pytest.skip("this machine reaches no internet, so nothing would be shown")

    assert not reaches_the_internet(stack, "mlflow")
    assert not reaches_the_internet(stack, "ui")


@pytest.mark.parametrize("service", SERVERS)
def test_no_container_is_root_can_write_its_system_or_gain_rights(stack: Stack, service: str) -> None:
    status = stack.compose(
        "exec", "-T", service, "sh", "-c",
        "id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; (echo x >/usr/planted) 2>&1 || true",
    )  # fmt: skip

    uid, capabilities, bounding, no_new, written = status.strip().splitlines()
    assert int(uid) > 0
    assert capabilities.split()[1] == bounding.split()[1] == "0" * 16
    assert no_new.split()[1] == "1"
    assert "Read-only file system" in written


@pytest.mark.parametrize("service", SERVERS)
def test_a_containers_description_holds_no_secret(stack: Stack, service: str) -> None:
    described = docker("inspect", stack.container(service))
    processes = docker("top", stack.container(service), "-eo", "pid,args")

    for name in ("postgres_password", "s3_secret_key", "s3_root_password", "mlflow_admin_password",
                 "mlflow_db_password", "api_db_password", "mlflow_flask_key"):  # fmt: skip
        assert stack.secret(name) not in described
        assert stack.secret(name) not in processes


def test_only_nginx_is_published(stack: Stack) -> None:
    published = {
        service: docker("port", stack.container(service)) for service in SERVERS
    }  # fmt: skip

    assert {service for service, ports in published.items() if ports} == {"nginx"}
    assert published["nginx"] == f"8080/tcp -> 127.0.0.1:{stack.port}"


def test_no_log_holds_a_visitors_address(stack: Stack) -> None:
    stack.ask("/?name=secret-query")
    gateway = docker(
        "network", "inspect", f"{stack.project}_outside", "--format", "{{(index .IPAM.Config 0).Gateway}}"
    )
    logs = stack.compose("logs", "--no-color", "nginx", "api", "ui", "mlflow")

    assert "GET / 200" in logs
    assert "secret-query" not in logs
    assert gateway not in logs
