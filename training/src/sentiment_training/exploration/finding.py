"""A sentence of the report, and how it writes figures and lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "mind", "plain"]


@dataclass(frozen=True)
class Finding:
    """A sentence, and whether it is good news, something to mind, or neither."""

    tone: Tone
    text: str


def percent(share: float) -> str:
    """One decimal; small shares are not rounded to nothing."""
    if 0 < share < 0.0005:  # noqa: PLR2004 - would read 0.0 %
        return "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def joined(parts: Sequence[str]) -> str:
    """Write `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
