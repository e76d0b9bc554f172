"""Writes `.env` and reads it: the owner's choices, none of them secret."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ChoiceError

_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Choices:
    """What the start needs to know of them."""

    port: int
    bind: str
    secrets: Path
    image: str

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        return f"http://127.0.0.1:{self.port}"


def write(root: Path, found: Mapping[str, str]) -> bool:
    """Copy `.env.example` to `.env` with values filled in, unless there is one; tell whether it did."""
    target = root / ".env"
    if target.exists():
        return False
    text = (root / ".env.example").read_text("utf-8")
    for name, value in found.items():
        text = re.sub(rf"(?m)^{name}=.*$", lambda _, line=f"{name}={value}": line, text)  # type: ignore[misc]  # a default argument, to bind it now
    target.write_text(text, "utf-8")
    return True


def found_out(environment: Mapping[str, str], cpus: int) -> dict[str, str]:
    """Find out what a new `.env` should say about this machine; what the environment says goes first."""
    port = environment.get("VIGIE_PORT") or "8080"
    names = {
        "VIGIE_PORT": port,
        "VIGIE_HOSTS": " ".join(own_names()),
        "VIGIE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "VIGIE_CPUS": str(cpus),
    }
    return names | {name: environment[name] for name in names if environment.get(name)}


def own_names() -> list[str]:
    """List what other machines at home call this one: its name, also with .local, and its address."""
    name = socket.gethostname().split(".")[0].lower()
    names = [name, f"{name}.local"] if re.fullmatch(r"[a-z0-9-]+", name) and name != "localhost" else []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; only asks which address would
        except OSError:
            return names
        address: str = probe.getsockname()[0]
    return [*names, address]


def read(root: Path, environment: Mapping[str, str]) -> Choices:
    """Read `.env`, with the environment first, as Compose does.

    Raises
    ------
    ChoiceError
        If the port is none.
    """
    values = {}
    if (root / ".env").exists():
        for line in (root / ".env").read_text("utf-8").splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                values[name.strip()] = value.strip().strip("\"'")
    values |= {name: value for name, value in environment.items() if name.startswith("VIGIE_")}
    port = values.get("VIGIE_PORT") or "8080"
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= _HIGHEST_PORT):
        raise ChoiceError(
            f"VIGIE_PORT is {port!r}; it must be a number from 1 to {_HIGHEST_PORT}, such as 8080."
        )
    prefix, version = values.get("VIGIE_IMAGE_PREFIX") or "vigie", values.get("VIGIE_VERSION") or "latest"
    return Choices(
        port=int(port),
        bind=values.get("VIGIE_BIND") or "0.0.0.0",  # noqa: S104 - the owner's choice
        secrets=root / os.path.expanduser(values.get("VIGIE_SECRETS") or "secrets"),  # noqa: PTH111 - may be relative
        image=f"{prefix}/api:{version}",
    )
