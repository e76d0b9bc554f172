import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from sentiment_api.settings import SECRETS, Settings

DOCS = Path(__file__).parents[3] / "docs"


def test_the_guide_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = dict(
        re.findall(r"^\| `(VIGIE_\w+)` \| (.+) \|$", (DOCS / "api.md").read_text("utf-8"), re.MULTILINE)
    )
    expected = {}
    for name, field in Settings.model_fields.items():
        default = Settings.model_fields[name].get_default()
        if name == "database_url":
            default = default.get_secret_value()
        shown = "–" if default in (None, (), "") else f"`{default}`"
        expected[f"VIGIE_{name.upper()}"] = f"{shown} | {field.description}"
    assert expected == rows


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_can_come_as_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("sqlite:///x\n")
    monkeypatch.setenv(f"VIGIE_{name.upper()}_FILE", str(tmp_path / "secret"))
    for service in ("MLFLOW", "SMTP"):
        if name.startswith(service.lower()):
            monkeypatch.setenv(f"VIGIE_{service}_USERNAME", "someone")

    assert getattr(Settings(), name).get_secret_value() == "sqlite:///x"


def test_a_secret_that_comes_twice_or_from_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_DATABASE_URL_FILE", str(tmp_path / "absent"))
    with pytest.raises(ValidationError, match="cannot be read"):
        Settings()
    monkeypatch.setenv("VIGIE_DATABASE_URL", "sqlite:///x")
    with pytest.raises(ValidationError, match="not both"):
        Settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_DATABASE_URL", "postgresql+psycopg://vigie:hidden@host/vigie")
    assert "hidden" not in repr(Settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIGIE_ALERT_TO", "ops@a.example\r\nBcc: x@y.example"),
        ("VIGIE_ALERT_TO", "nobody"),
        ("VIGIE_ALERT_FROM", "a@b, c@d"),
        ("VIGIE_PRODUCTION", "Production"),
        ("VIGIE_MLFLOW_URI", "file:///tmp/mlruns"),
        ("VIGIE_POLL_INTERVAL_S", "0"),
        ("VIGIE_ALERT_REPORTS", "0"),
        ("VIGIE_ROOT_PATH", "api/"),
        ("VIGIE_MLFLOW_USERNAME", "alone"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_several_addresses_are_separated_by_commas_and_nothing_means_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIGIE_ALERT_TO", "ops@a.example, comms@a.example")
    assert Settings().alert_to == ("ops@a.example", "comms@a.example")
    monkeypatch.setenv("VIGIE_ALERT_TO", "")
    assert Settings().alert_to == ()
