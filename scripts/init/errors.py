"""What can keep the platform from starting; every message is one that a person can act on.

PlatformError
├── WeakSecretError    a secret is known, short, or cannot be used
├── ChoiceError        a value in .env cannot be used
├── DockerError        Docker or Compose is missing, old, or does not answer
├── RoomError          too little memory or disk
├── PortTakenError     somebody else listens on the port
└── StartError         a part did not start, or did not become ready
"""


class PlatformError(Exception):
    """The platform cannot start; the message says why and what to do."""


class WeakSecretError(PlatformError):
    """A secret is known, short, or cannot be used."""


class ChoiceError(PlatformError):
    """A value in .env cannot be used."""


class DockerError(PlatformError):
    """Docker or Compose is missing, old, or does not answer."""


class RoomError(PlatformError):
    """Too little memory or disk."""


class PortTakenError(PlatformError):
    """Somebody else listens on the port."""


class StartError(PlatformError):
    """A part did not start, or did not become ready."""
