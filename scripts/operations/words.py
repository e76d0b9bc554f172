"""Numbers as a person reads them."""

from datetime import timedelta
from typing import Final

_KIB: Final = 1024
_MINUTE_S: Final = 60


def size(count: float) -> str:
    """Bytes in the unit that fits: `size(1_500_000)` is "1.4 MiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _KIB:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} TiB"


def span(length: timedelta) -> str:
    """Say how long, to two units at most: "3 days 4 h", "2 min", "under a minute"."""
    minutes = int(length.total_seconds()) // _MINUTE_S
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{minutes} min" if minutes else "under a minute"


def count(number: int, one: str, many: str = "") -> str:
    """Number with its noun: "1 object", "2,048 objects"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
