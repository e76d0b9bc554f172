"""Sends live figures to MLflow from a thread of its own, so that a slow or absent server stalls nothing."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from mlflow.entities import Metric

from sentiment_training.errors import TrackingError, UnreachableError
from sentiment_training.tracking import Outage

AT_ONCE = 1000  # so many the server takes in one call
MOST_WAITING = 100_000  # the oldest fall out: a hundred figures an epoch for a thousand epochs
RETRY_S = 5.0


class LiveFigures:
    """Figures on their way: what could not be sent waits, in order, and is sent later."""

    def __init__(
        self, send: Callable[[Sequence[Metric]], None], outage: Outage, retry_s: float = RETRY_S
    ) -> None:
        self._send = send
        self._outage = outage
        self._retry_s = retry_s
        self._waiting: deque[Metric] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._sending = self._stopped = False
        self._thread = threading.Thread(target=self._run, name="live figures", daemon=True)
        self._thread.start()

    def add(self, metric: Metric) -> None:
        """Take a figure; never waits."""
        with self._changed:
            self._waiting.append(metric)
            self._changed.notify_all()

    def flush(self, within_s: float) -> bool:
        """Wait until all is sent; say whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._sending, within_s)

    def stop(self) -> None:
        """Send no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._sending = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if self._stopped:
                    return
                batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                self._sending = True
            while not self._sent(batch):
                with self._changed:
                    if self._changed.wait_for(lambda: self._stopped, self._retry_s):
                        return

    def _sent(self, batch: Sequence[Metric]) -> bool:
        try:
            self._send(batch)
        except UnreachableError as fault:
            self._outage.begins(fault)
            return False
        except TrackingError as fault:
            # Not worth the training: what the run needs at its end is logged again, and asked for there.
            self._outage.say(f"{len(batch)} live figures are lost: {fault}")
            return True
        self._outage.ends()
        return True
