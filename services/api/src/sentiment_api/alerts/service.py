"""The rule: when do wrong-prediction reports make an alert, and when is a mail tried again?

Pure: time comes in as arguments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rule:
    """A burst is at least `reports` of them within any `window`; after an alert none for `cooldown`."""

    reports: int
    window: timedelta
    cooldown: timedelta


def in_bursts(times: Sequence[datetime], rule: Rule) -> list[int]:
    """Find the reports that belong to a burst.

    Parameters
    ----------
    times
        When reports that no alert covers yet arrived, in order. Old ones among them do no harm: they
        count only with others of their own time.

    Returns
    -------
    list[int]
        Indices into `times`, in order: every report that lies in some window with at least
        `rule.reports` of them. Empty where there is no burst.
    """
    covered: set[int] = set()
    for first in range(len(times) - rule.reports + 1):
        last = first + rule.reports - 1
        if times[last] - times[first] <= rule.window:
            covered.update(range(first, last + 1))
    return sorted(covered)


# Seconds until a mail is tried again after its first failure; doubled each time up to the longest.
_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 3600.0
_MOST_DOUBLINGS = 20


def pause_before_retry(attempts: int, chance: float) -> timedelta:
    """Return how long a mail waits after its latest failure; it is never given up.

    Parameters
    ----------
    attempts
        So far, at least 1.
    chance
        In [0, 1): spreads the retries of several mails.
    """
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(attempts - 1, _MOST_DOUBLINGS))
    return timedelta(seconds=longest * (0.5 + chance / 2))
