"""Masks, stores once, and lets the alert rule see what was reported."""

import hashlib
import json
import logging
from uuid import uuid4

from sqlalchemy import Engine

from sentiment_api.alerts.service import Rule
from sentiment_api.alerts.store import lock_state, raise_alert_if_due
from sentiment_api.clock import Clock
from sentiment_api.database import transaction
from sentiment_api.errors import IdempotencyConflictError
from sentiment_api.feedback.masking import mask
from sentiment_api.feedback.schemas import FeedbackAnswer, FeedbackBody
from sentiment_api.feedback.store import Feedback, Stored, add, find
from sentiment_api.logs import event
from sentiment_api.metrics import Metrics

_log = logging.getLogger(__name__)


class FeedbackService:
    """Takes feedback.

    Parameters
    ----------
    mail
        Whether an alert goes out as a mail.
    """

    def __init__(self, *, engine: Engine, rule: Rule, mail: bool, metrics: Metrics, now: Clock) -> None:
        self._engine = engine
        self._rule = rule
        self._mail = mail
        self._metrics = metrics
        self._now = now

    def record(self, body: FeedbackBody, idempotency_key: str | None) -> FeedbackAnswer:
        """Store a feedback; when this returns it is on the disk. Sent again, it counts once.

        Raises
        ------
        IdempotencyConflictError
            If the key came before with other content.
        DatabaseUnavailableError
            If nothing could be stored.
        """
        wrong = body.expected_label != body.predicted_label
        text, comment = mask(body.text), mask(body.comment) if body.comment else None
        visitor = _sha256(body.visitor) if body.visitor else None
        content = _sha256(
            json.dumps(
                [text, comment, body.predicted_label, body.expected_label, body.model_version, visitor]
            )
        )
        key = f"key:{_sha256(idempotency_key)}" if idempotency_key else f"content:{content}"
        with transaction(self._engine) as connection:
            if wrong:
                lock_state(connection)
            item = Feedback(
                id=uuid4().hex,
                dedupe_key=key,
                content_sha256=content,
                received_at=self._now(),
                text=text,
                comment=comment,
                predicted_label=body.predicted_label,
                expected_label=body.expected_label,
                probability=body.probability,
                model_version=body.model_version,
                wrong_prediction=wrong,
                visitor_sha256=visitor,
            )
            if not add(connection, item):
                return self._duplicate(find(connection, key), content)
            raised = (
                raise_alert_if_due(connection, self._rule, item.received_at, mail=self._mail)
                if wrong
                else None
            )
        self._metrics.feedback.labels(str(wrong).lower(), "false").inc()
        event(_log, "feedback_stored", id=item.id, wrong_prediction=wrong, version=item.model_version)
        if raised is not None:
            self._metrics.alerts.inc()
            event(_log, "alert_raised", id=raised.id, reports=raised.reports, mail=self._mail)
        return FeedbackAnswer(id=item.id, wrong_prediction=wrong, duplicate=False)

    def _duplicate(self, stored: Stored, content_sha256: str) -> FeedbackAnswer:
        if stored.content_sha256 != content_sha256:
            raise IdempotencyConflictError(IdempotencyConflictError.example)
        self._metrics.feedback.labels(str(stored.wrong_prediction).lower(), "true").inc()
        return FeedbackAnswer(id=stored.id, wrong_prediction=stored.wrong_prediction, duplicate=True)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
