"""Tells whether two secrets are the same without keeping either."""

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

# Slow on purpose: a password that a person chose must not be found by trying.
_COST, _BLOCK, _LANES = 2**14, 8, 1


def fingerprints(files: Mapping[str, Path], salt: str | None = None) -> tuple[str, dict[str, str]]:
    """Fingerprint secrets' files with a salt; the salt, and a fingerprint for each file that is there."""
    salt = salt or secrets.token_hex(16)
    return salt, {name: _fingerprint(path, salt) for name, path in sorted(files.items()) if path.is_file()}


def differing(files: Mapping[str, Path], salt: str, then: Mapping[str, str]) -> list[str]:
    """Names of secrets that are not what they were, or were not there."""
    _, now = fingerprints(files, salt)
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def _fingerprint(path: Path, salt: str) -> str:
    content = path.read_bytes().strip()
    return hashlib.scrypt(content, salt=bytes.fromhex(salt), n=_COST, r=_BLOCK, p=_LANES, dklen=16).hex()
