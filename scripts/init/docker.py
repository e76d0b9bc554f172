"""Asks Docker and Compose; what must hold of them, and of the machine, before anything is started."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Final

from .errors import DockerError, PortTakenError, RoomError

_ENGINE: Final = (20, 10)
_COMPOSE: Final = (2, 20)
_GIB: Final = 1024**3
# Idle, all parts together take 1.5 GB, and training the first model 1 GB for a minute.
_MEMORY: Final = 2 * _GIB - 256 * 1024**2  # what a machine sold with 2 GB reports
_IMAGES: Final = 6 * _GIB  # all images and the layers they are built from
_DATA: Final = 1 * _GIB
_TIMEOUT_S: Final = 60


def check() -> dict[str, object]:
    """Check Docker and Compose, and return what `docker info` says.

    Raises
    ------
    DockerError
        If one of them is missing, too old, or does not answer.
    """
    if shutil.which("docker") is None:
        raise DockerError(
            "Docker is not installed. On a NAS install the package Container Manager or Docker; "
            "elsewhere see https://docs.docker.com/engine/install/"
        )
    asked, info = _info()
    if not info:
        if "permission denied" in asked.stderr + asked.stdout:
            raise DockerError(
                "This user may not speak to Docker. Run `sudo make up`, or join the group: "
                "sudo usermod -aG docker $USER, and log in again."
            )
        raise DockerError(
            "Docker does not answer. Start it (sudo systemctl start docker), then run this again."
        )
    if _version(str(info["ServerVersion"])) < _ENGINE:
        raise DockerError(f"Docker {info['ServerVersion']} is too old; 20.10 or newer is needed.")
    compose = _ask("docker", "compose", "version", "--short")
    if compose.returncode != 0:
        raise DockerError(
            "Docker has no `compose` command. Install the package docker-compose-plugin "
            "(or docker-compose-v2)."
        )
    if _version(compose.stdout) < _COMPOSE:
        raise DockerError(f"Docker Compose {compose.stdout.strip()} is too old; 2.20 or newer is needed.")
    return info


def known() -> dict[str, object]:
    """What `docker info` says; of a machine on which Docker does not answer (yet), what Python knows."""
    here: dict[str, object] = {"NCPU": os.cpu_count()}
    if shutil.which("docker") is None:
        return here
    try:
        return _info()[1] or here
    except DockerError:
        return here


def cpu_limit(info: dict[str, object]) -> int:
    """Most processors a part may use: two at most, 0 where the kernel cannot limit them."""
    if info.get("CpuCfsQuota") is False:
        return 0
    return min(2, int(str(info.get("NCPU", 2))))


def check_room(info: dict[str, object], image: str) -> None:
    """Check memory and disk.

    Raises
    ------
    RoomError
        If there is too little.
    """
    memory = int(str(info.get("MemTotal", 0)))
    if memory and memory < _MEMORY:
        raise RoomError(f"This machine has {memory / _GIB:.1f} GB of memory; Vigie needs 2 GB.")
    here = Path(str(info.get("DockerRootDir") or "/"))
    while not os.access(here, os.R_OK | os.X_OK):
        here = here.parent
    needed = _DATA if _ask("docker", "image", "inspect", image).returncode == 0 else _IMAGES
    free = shutil.disk_usage(here).free
    if free < needed:
        raise RoomError(
            f"The disk that holds Docker's data ({here}) has {free / _GIB:.1f} GB left; "
            f"{needed / _GIB:.0f} GB are needed. "
            "`docker system df` shows what takes room, `docker image prune` removes unused images."
        )


def check_port(bind: str, port: int) -> None:
    """Raise `PortTakenError` unless the port is free, or is ours already."""
    ours = _ask("docker", "compose", "ps", "--status", "running", "--services")
    if "nginx" in ours.stdout.split():
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
            probe.listen()
        except PermissionError:
            return  # reserved for the administrator, whom Docker's daemon is
        except OSError:
            raise PortTakenError(
                f"Port {port} is taken by another program. Choose another in .env (VIGIE_PORT={port + 1}) "
                "and run `make up` again."
            ) from None


def _info() -> tuple[subprocess.CompletedProcess[str], dict[str, object]]:
    """Ask the engine what it is: what was said, and what it means; nothing where no engine answered."""
    asked = _ask("docker", "info", "--format", "{{json .}}")
    info = json.loads(asked.stdout or "{}")
    return asked, dict(info) if asked.returncode == 0 and info.get("ServerVersion") else {}


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise DockerError(f"`{' '.join(command[:2])}` did not answer within {_TIMEOUT_S} seconds.") from None


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])
