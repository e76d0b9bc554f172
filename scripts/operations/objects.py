"""The bucket's objects, through a container of MLflow's image: it alone holds the store's key."""

import json
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, cast

from . import archive
from .errors import DamagedError, StackError
from .stack import Stack, run


@dataclass(frozen=True)
class StoredObject:
    """What the store says of one object."""

    key: str
    bytes: int
    age_s: float


def stored(stack: Stack) -> list[StoredObject]:
    """List the bucket."""
    listed = run(stack.in_mlflow_image("bucket.py", "list"), stack.root)
    return [StoredObject(**json.loads(line)) for line in listed.splitlines()]


def delete(stack: Stack, keys: Iterable[str]) -> None:
    """Delete objects."""
    with stack.writing(stack.in_mlflow_image("bucket.py", "delete")) as stream:
        for key in keys:
            stream.write(json.dumps(key).encode() + b"\n")


def abandon_uploads(stack: Stack, older_than_h: float) -> list[str]:
    """Abort uploads that never ended; their keys."""
    said = run(stack.in_mlflow_image("bucket.py", "abandon", f"{older_than_h:g}"), stack.root)
    return [json.loads(line) for line in said.splitlines()]


def put_back(stack: Stack, path: Path) -> int:
    """Send an archive's objects to the bucket; how many.

    Raises
    ------
    StackError
        If the bucket does not list them all afterwards, each in its size.
    """
    sent: dict[str, int] = {}
    with (
        stack.writing(stack.in_mlflow_image("bucket.py", "import")) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member, content in archive.read(path):
            if member.key:
                info = tarfile.TarInfo(member.name)
                info.size = member.bytes
                info.pax_headers = {"VIGIE.key": member.key, "VIGIE.type": member.kind}
                tar.addfile(info, content)
                sent[member.key] = member.bytes
        tar.addfile(tarfile.TarInfo("end.json"), cast("IO[bytes]", BytesIO()))
    listed = {item.key: item.bytes for item in stored(stack)}
    missing = [key for key, length in sent.items() if listed.get(key) != length]
    if missing:
        raise StackError(f"{len(missing)} objects, such as {missing[0]}, did not arrive whole. Run it again.")
    return len(sent)


def extract(path: Path, name: str, target: Path) -> None:
    """Write one member of an archive to a file of this machine."""
    for member, content in archive.read(path):
        if member.name == name:
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
            return
    raise DamagedError(f"{path} does not hold {name}. Use another backup.")
