"""Ends the demo's programs if the demo itself is killed: ``keeper.py`` reads their groups from its input.

One line a program, the same with a minus once it has ended. When the input ends, the demo is
gone; an orderly end has left nobody to end. Works without help from the system, so on Linux and
macOS alike, and reaches children of children.
"""

import os
import signal
import sys
import time

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
    _send(groups, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_S
    while any(_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    _send(groups, signal.SIGKILL)


def _send(groups: list[int], number: signal.Signals) -> None:
    for group in groups:
        if _alive(group):
            os.killpg(group, number)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
