"""What time it is; passed in wherever a rule depends on it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time, aware of its zone."""
    return datetime.now(UTC)
