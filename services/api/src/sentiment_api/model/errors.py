"""Why a version is not loaded, as one tree.

RegistryError                    no fault of the version: tried again soon, never counted against it
└── RegistryAnswerError          MLflow answered, but not as an MLflow server does
RefusedError                     the version itself is bad: the old one goes on answering
CacheError                       this machine's disk does not take the download
"""


class RegistryError(Exception):
    """MLflow cannot be asked or does not deliver now."""


class RegistryAnswerError(RegistryError):
    """MLflow's answer makes no sense; its address is probably wrong."""


class RefusedError(Exception):
    """A version must not serve; the message says why."""


class CacheError(Exception):
    """The cache folder cannot be written."""
