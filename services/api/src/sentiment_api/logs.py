"""Logs as events with fields: `model_swapped version=7 seconds=1.8`.

No event holds a tweet, an address of a client or of a mail, or a secret.
"""

import json
import logging
import logging.config
import time
from typing import Literal

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
_LONGEST_FIELD = 500  # characters; a reason from outside must not fill the log


def event(logger: logging.Logger, name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log one event.

    Parameters
    ----------
    name
        What happened, in snake case.
    fields
        Its particulars. Whatever could break the line is quoted as JSON.
    """
    if logger.isEnabledFor(level):
        logger.log(
            level, "%s", " ".join([name, *(f"{key}={_value(value)}" for key, value in fields.items())])
        )


def _value(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)[:_LONGEST_FIELD]
    plain = text.isascii() and text.isprintable() and not any(sign in text for sign in ' "=')
    return text if plain and text else json.dumps(text)


class _UtcFormatter(logging.Formatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


def configure(level: Level) -> None:
    """Send every logger of the process to standard error, in one form; no access log."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": _UtcFormatter, "fmt": "%(asctime)s %(levelname)s %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "uvicorn.access": {"handlers": [], "propagate": False},
                # One line a poll says nothing; what fails is told by the watcher.
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                "alembic": {"level": "WARNING"},
            },
        }
    )
