"""What the demo is told from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import SettingError

ROOT: Final = Path(__file__).resolve().parents[2]
_HIGHEST_PORT: Final = 65_535


@dataclass(frozen=True)
class DemoSettings:
    """Read once, at the start."""

    port: int
    home: Path
    production: str
    model_name: str
    alert_to: str

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://127.0.0.1:{self.port}"


def read(environment: Mapping[str, str]) -> DemoSettings:
    """Read the settings.

    Raises
    ------
    SettingError
        If a value cannot be used.
    """
    home = Path(environment.get("VIGIE_HOME") or ".vigie").expanduser()
    return DemoSettings(
        port=_port(environment.get("VIGIE_PORT") or "8080"),
        home=home if home.is_absolute() else ROOT / home,
        production=environment.get("VIGIE_PRODUCTION") or "stage:Production",
        model_name=environment.get("VIGIE_MODEL_NAME") or "tweet-sentiment",
        alert_to=environment.get("VIGIE_ALERT_TO") or "",
    )


def _port(value: str) -> int:
    if value.isascii() and value.isdigit() and 1 <= int(value) <= _HIGHEST_PORT:
        return int(value)
    raise SettingError(
        f"VIGIE_PORT is {value!r}; it must be a number from 1 to {_HIGHEST_PORT}, such as 8080."
    )
