"""Makes the secrets: one file each, random, written once; those that follow from others are written anew."""

import base64
import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Final

from .errors import WeakSecretError

# 32 random bytes each, in characters that a URL can hold.
PASSWORDS: Final = (
    "postgres_password",
    "mlflow_db_password",
    "api_db_password",
    "migrate_db_password",
    "read_db_password",
    "s3_root_password",
    "s3_secret_key",
    "mlflow_flask_key",
    "mlflow_admin_password",
    "mlflow_editor_password",
    "mlflow_viewer_password",
    "mlflow_api_password",
    "grafana_admin_password",
)
# Names rather than secrets, but none that everybody knows.
NAMES: Final = ("s3_root_user", "s3_access_key")
# Given by somebody else; empty until the owner fills them.
GIVEN: Final = ("smtp_password", "duckdns_token", "watchtower_notification_url")
DERIVED: Final = ("api_database_url", "migrate_database_url", "mlflow_htpasswd")

_MADE: Final = 0o444
_TO_FILL: Final = 0o644
_RANDOM_BYTES: Final = 32
_NAME_BYTES: Final = 10
_SHORTEST: Final = 16
# What people and manuals use; the default passwords of the parts among them.
_KNOWN: Final = {
    "12345678", "123456789", "1234567890", "admin", "changeit", "changeme", "default", "editor", "letmein",
    "minioadmin", "mlflow", "passw0rd", "password", "password123", "password1234", "postgres", "qwertyuiop",
    "root", "secret", "vigie", "viewer",
}  # fmt: skip


def write(folder: Path) -> list[str]:
    """Write what is missing, check what is there, and return the names of new secrets.

    Parameters
    ----------
    folder
        Made for its owner alone. The files in it are readable by all, because each is mounted into containers
        whose users differ, and Compose keeps owner and mode as they are.

    Raises
    ------
    WeakSecretError
        If a secret that is there is known, short, or holds a character that a URL cannot.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = [name for name in PASSWORDS if _create(folder / name, secrets.token_urlsafe(_RANDOM_BYTES))]
    made += [name for name in NAMES if _create(folder / name, secrets.token_hex(_NAME_BYTES))]
    made += [name for name in GIVEN if _create(folder / name, "", _TO_FILL)]
    for name in PASSWORDS:
        check(name, _read(folder / name))
    for name in GIVEN:
        _known(name, _read(folder / name))
    _write_derived(folder)
    return made


def check(name: str, value: str) -> None:
    """Refuse a secret that could be guessed, or would break the URL that it becomes part of."""
    _known(name, value)
    advice = f"Remove secrets/{name} and run `make init` again: it writes a random one."
    if len(value) < _SHORTEST:
        raise WeakSecretError(
            f"secrets/{name} has {len(value)} characters; at least {_SHORTEST} are needed. {advice}"
        )
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", value):
        raise WeakSecretError(f"secrets/{name} may hold letters, digits and . _ ~ - only. {advice}")


def _known(name: str, value: str) -> None:
    if value.casefold() in _KNOWN:
        raise WeakSecretError(
            f"secrets/{name} is a password that everybody tries first. Put another one there, "
            "or remove the file and run `make init` again."
        )


def _create(path: Path, value: str, mode: int = _MADE) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(value)
    path.chmod(mode)  # whatever the umask
    return True


def _read(path: Path) -> str:
    return path.read_text("utf-8").strip()


def _write_derived(folder: Path) -> None:
    for role in ("api", "migrate"):
        password = _read(folder / f"{role}_db_password")
        url = f"postgresql+psycopg://vigie_{role}:{password}@postgres:5432/vigie"
        _replace(folder / f"{role}_database_url", url)
    lines = _read(folder / "mlflow_htpasswd").splitlines() if (folder / "mlflow_htpasswd").exists() else []
    wanted = {user: _read(folder / f"mlflow_{user}_password") for user in ("admin", "editor", "viewer")}
    # Hashes are salted: written anew each time, the file would always differ, and nginx restart for nothing.
    if [line.partition(":")[0] for line in lines] != list(wanted) or not all(
        _matches(line.partition(":")[2], wanted[line.partition(":")[0]]) for line in lines
    ):
        _replace(
            folder / "mlflow_htpasswd",
            "".join(
                f"{user}:{ssha(password, secrets.token_bytes(8))}\n" for user, password in wanted.items()
            ),
        )


def ssha(password: str, salt: bytes) -> str:
    """Hash a password as nginx itself checks it, whatever the image's C library knows.

    A fast hash: these passwords are random, so a slow one would cost every request and protect nothing.
    """
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _matches(hashed: str, password: str) -> bool:
    raw = base64.b64decode(hashed.removeprefix("{SSHA}"))
    return hashed == ssha(password, raw[20:])


def _replace(path: Path, value: str) -> None:
    """Write into the same file: a container that has it mounted would not see another one of that name."""
    if path.exists() and path.read_text("utf-8") == value:
        return
    if path.exists():
        path.chmod(0o600)
    path.write_text(value, "utf-8")
    path.chmod(_MADE)
