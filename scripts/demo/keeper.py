"""Ends the demo's programs if the demo itself is killed: ``keeper.py`` reads their groups from its input.

One line a program, the same with a minus once it has ended. When the input ends, the demo is
gone; an orderly end has left nobody to end. Works without help from the system, so on Linux and
macOS alike, and reaches children of children.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence

_PATIENCE_S = 5.0


def main() -> None:
    """Read groups until the input ends, then end those that are left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: list[int] = []
    for line in sys.stdin:
        group = int(line)
        if group > 0:
            groups.append(group)
        else:
            groups.remove(-group)
    send(groups, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_S
    while any(alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    send(groups, signal.SIGKILL)


def send(groups: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to each process group that is still there."""
    for group in groups:
        if alive(group):
            os.killpg(group, number)


def alive(group: int) -> bool:
    """Whether a process group has a member that can be signalled."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        return False
    return True


if __name__ == "__main__":
    main()
