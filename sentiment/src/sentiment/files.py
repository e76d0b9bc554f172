"""Reading and writing a bundle's files: bounded, verified, and following no link out of the folder."""

import hashlib
import os
import stat
from pathlib import Path

from sentiment.errors import BundleError, HashMismatchError, MissingFileError, OversizedFileError
from sentiment.manifest import GRAPH, MANIFEST, TOKENIZER, FileEntry

# Bytes. Ten times what the largest family needs; more is a mistake or an attack.
LARGEST_FILES = {TOKENIZER: 64 * 2**20, GRAPH: 2**30, MANIFEST: 2**20}


def read_file(folder: Path, name: str) -> bytes:
    """Read one file of the bundle, never more of it than a bundle may hold."""
    try:
        # No link is followed, and a pipe does not block: a hostile folder must not reach anything else.
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise MissingFileError(f"{name} is not in the bundle; download or export it again") from error
    except OSError as error:
        raise BundleError(f"{name} cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BundleError(f"{name} is no ordinary file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(LARGEST_FILES[name] + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST_FILES[name]:
        raise OversizedFileError(f"{name} is larger than the {LARGEST_FILES[name]:,} bytes allowed")
    return content


def read_verified(folder: Path, name: str, expected: FileEntry) -> bytes:
    """Read one file of the bundle and hold it against what the manifest says of it."""
    content = read_file(folder, name)
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected.sha256 or len(content) != expected.bytes:
        raise HashMismatchError(
            f"{name}: sha256 is {actual[:12]}… ({len(content):,} bytes), {MANIFEST} says "
            f"{expected.sha256[:12]}… ({expected.bytes:,} bytes); download it again"
        )
    return content


def write_file(path: Path, content: bytes) -> None:
    """Write a new file and see it on the disk before returning."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
