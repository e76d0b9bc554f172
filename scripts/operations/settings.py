"""What the operations are told: from the environment first, then from `.env`, as Compose does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import SettingError

ROOT: Final = Path(__file__).resolve().parents[2]

_YES: Final = frozenset({"1", "y", "yes", "true"})


@dataclass(frozen=True)
class Settings:
    """Read once, at the start."""

    backups: Path
    data: Path  # that `make train` reads
    keep: int  # archives
    max_age_h: float  # of the last backup, before status complains
    patience_s: float  # for the stack to become well
    grace_days: float  # that an object nobody refers to is left alone
    answer_yes: bool
    update_all: bool  # images of others, too
    build: bool  # our images here, instead of pulling them


def read(environment: Mapping[str, str], root: Path = ROOT) -> Settings:
    """Read the settings.

    Raises
    ------
    SettingError
        If a value cannot be used.
    """
    env_file = root / ".env"
    chosen = (parse(env_file.read_text("utf-8")) if env_file.is_file() else {}) | {
        name: value for name, value in environment.items() if value
    }
    return Settings(
        backups=root / Path(chosen.get("VIGIE_BACKUPS") or "backups").expanduser(),
        data=root / Path(chosen.get("VIGIE_DATA") or "data").expanduser(),
        keep=int(_number(chosen, "VIGIE_BACKUP_KEEP", 7, at_least=1)),
        max_age_h=_number(chosen, "VIGIE_BACKUP_MAX_AGE_H", 48, at_least=0),
        patience_s=_number(chosen, "VIGIE_PATIENCE_S", 600, at_least=1),
        grace_days=_number(chosen, "VIGIE_GC_GRACE_DAYS", 7, at_least=0),
        answer_yes=environment.get("YES", "") in _YES,
        update_all=environment.get("ALL", "") in _YES,
        # That prefix is no account anywhere: it is what a build here is called.
        build=(chosen.get("VIGIE_IMAGE_PREFIX") or "vigie") == "vigie"
        or environment.get("BUILD", "") in _YES,
    )


def parse(text: str) -> dict[str, str]:
    """Read the lines of a `.env`: NAME=value, a value perhaps in quotes, comments after a space."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.startswith("#"):
            continue
        value = value.strip()
        if value[:1] in {"'", '"'} and value.rfind(value[0]) > 0:
            value = value[1 : value.rfind(value[0])]
        else:
            value = value.split(" #", 1)[0].rstrip()
        found[name.strip()] = value
    return found


def _number(chosen: Mapping[str, str], name: str, default: float, *, at_least: float) -> float:
    value = chosen.get(name) or str(default)
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if number >= at_least:
        return number
    raise SettingError(f"{name} is {value!r}; it must be a number of at least {at_least:g}.")
