"""Checks texts and scores them: light work on the event loop, heavy work in a few threads."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import Counter

from sentiment import ForeignText, Prediction
from sentiment.errors import BundleError
from sentiment_api.errors import (
    EmptyTextError,
    Fault,
    InvalidRequestError,
    ModelFailedError,
    OverloadedError,
    TextTooLongError,
)
from sentiment_api.logs import event
from sentiment_api.metrics import Metrics
from sentiment_api.model.service import Loaded
from sentiment_api.predict.schemas import PredictBody

_log = logging.getLogger(__name__)

# Seconds that one request may hold the event loop. A hop to a thread and back costs about 0.1 ms and, worse,
# a fight for the interpreter; a stop of this length the others hardly feel.
_LIGHT_S = 0.002

# Requests that may wait for each scoring thread. More would only answer after their clients gave up.
_WAITING_A_THREAD = 16


def texts_of(body: PredictBody, max_text_length: int) -> tuple[Sequence[str], bool]:
    """Return the texts of a body, each checked, and whether it was one alone.

    Raises
    ------
    InvalidRequestError
        If the body has both `text` and `texts`, or neither.
    EmptyTextError, TextTooLongError
        If a text holds no visible character or is longer than allowed.
    """
    if (body.text is None) == (body.texts is None):
        raise InvalidRequestError("give either text or texts" + ("" if body.text is None else ", not both"))
    if body.text is not None:
        check_text(body.text, "/text", max_text_length)
        return (body.text,), True
    texts = body.texts or ()
    for index, text in enumerate(texts):
        check_text(text, f"/texts/{index}", max_text_length)
    return texts, False


def check_text(text: str, pointer: str, max_text_length: int) -> None:
    """Refuse a blank or over-long text, naming the place in the body.

    Raises
    ------
    EmptyTextError, TextTooLongError
        If the text holds no visible character or is longer than allowed.
    """
    if not text or text.isspace():
        detail = "the text is empty or blank"
        raise EmptyTextError(f"{pointer}: {detail}", faults=[Fault(pointer, detail)])
    if len(text) > max_text_length:
        detail = f"the text has {len(text):,} characters; at most {max_text_length:,} are allowed"
        raise TextTooLongError(f"{pointer}: {detail}", faults=[Fault(pointer, detail)])


class Scorer:
    """Scores texts where it hurts the other requests least.

    Parameters
    ----------
    threads
        Heavy requests scored at once.
    """

    def __init__(self, *, threads: int, metrics: Metrics) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="scoring")
        self._most_waiting = threads * _WAITING_A_THREAD
        self._waiting = 0
        self._metrics = metrics
        self._counters: dict[tuple[str, str], Counter] = {}

    async def score(self, loaded: Loaded, texts: Sequence[str]) -> list[Prediction | ForeignText]:
        """Label texts, all by one version, but for those in a language that it does not know.

        Raises
        ------
        OverloadedError
            If too many heavy requests wait already.
        ModelFailedError
            If the version cannot score a text.
        """
        try:
            if loaded.cost.of(sum(map(len, texts))) <= _LIGHT_S:
                predictions = loaded.read(texts)
            else:
                predictions = await self._in_thread(loaded, texts)
        except BundleError as error:
            event(
                _log,
                "scoring_failed",
                level=logging.ERROR,
                version=loaded.version,
                error=type(error).__name__,
            )
            raise ModelFailedError(
                f"version {loaded.version} could not score a text of this request"
            ) from None
        self._count(loaded.version, predictions)
        return predictions

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, loaded: Loaded, texts: Sequence[str]) -> list[Prediction | ForeignText]:
        if self._waiting >= self._most_waiting:
            raise OverloadedError(
                f"{self._waiting} large requests are waiting already; try again in a second",
                headers={"Retry-After": "1"},
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, loaded.read, texts)
        finally:
            self._waiting -= 1

    def _count(self, version: str, predictions: Sequence[Prediction | ForeignText]) -> None:
        for prediction in predictions:
            if isinstance(prediction, ForeignText):
                self._metrics.foreign.labels(prediction.language, version).inc()
                continue
            key = (prediction.label, version)
            counter = self._counters.get(key)
            if counter is None:
                counter = self._counters[key] = self._metrics.predictions.labels(*key)
            counter.inc()
