"""Alerts and the outbox in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from sentiment_api.alerts.service import Rule, in_bursts
from sentiment_api.database import alert, alert_state, feedback, outbox


@dataclass(frozen=True)
class Alert:
    """A burst of reports."""

    id: str
    created_at: datetime
    first_report_at: datetime
    last_report_at: datetime
    reports: int


@dataclass(frozen=True)
class Report:
    """A wrong prediction as somebody reported it, masked."""

    received_at: datetime
    text: str
    comment: str | None
    predicted_label: str
    expected_label: str
    probability: float
    model_version: str


@dataclass(frozen=True)
class Mail:
    """A mail that this worker alone may send until its lease ends."""

    id: str
    attempts: int
    alert: Alert
    reports: Sequence[Report]


@dataclass(frozen=True)
class Waiting:
    """What waits in the outbox."""

    mails: int
    oldest: datetime | None


def lock_state(connection: Connection) -> Row[datetime | None, datetime | None]:
    """Take the lock under which alerts are decided, until the transaction ends.

    On SQLite the transaction itself is that lock.
    """
    return connection.execute(
        select(alert_state.c.cooldown_until, alert_state.c.unchecked_since)
        .where(alert_state.c.id == 1)
        .with_for_update()
    ).one()


def raise_alert_if_due(connection: Connection, rule: Rule, now: datetime, *, mail: bool) -> Alert | None:
    """Raise one alert for all reports that make a burst, unless the last alert was too recent.

    What comes in during the cool-down stays unchecked, and is found by the first call after it.

    Parameters
    ----------
    mail
        Whether the alert goes into the outbox.
    """
    state = lock_state(connection)
    if state.cooldown_until is not None and now < state.cooldown_until:
        return None
    since = now - rule.window
    if state.unchecked_since is not None:
        since = min(since, state.unchecked_since)
    rows = connection.execute(
        select(feedback.c.id, feedback.c.received_at)
        .where(feedback.c.wrong_prediction, feedback.c.alert_id.is_(None), feedback.c.received_at >= since)
        .order_by(feedback.c.received_at)
    ).all()
    covered = [rows[index] for index in in_bursts([row.received_at for row in rows], rule)]
    if not covered:
        if state.unchecked_since is not None:
            connection.execute(update(alert_state).values(unchecked_since=None))
        return None
    raised = Alert(uuid4().hex, now, covered[0].received_at, covered[-1].received_at, len(covered))
    connection.execute(insert(alert), vars(raised))
    for start in range(0, len(covered), _IDS_A_STATEMENT):
        ids = [row.id for row in covered[start : start + _IDS_A_STATEMENT]]
        connection.execute(update(feedback).where(feedback.c.id.in_(ids)).values(alert_id=raised.id))
    connection.execute(
        update(alert_state).values(cooldown_until=now + rule.cooldown, unchecked_since=now - rule.window)
    )
    if mail:
        connection.execute(
            insert(outbox),
            {
                "id": uuid4().hex,
                "alert_id": raised.id,
                "created_at": now,
                "next_attempt_at": now,
                "attempts": 0,
            },
        )
    return raised


# SQLite allows 32,766 parameters in a statement.
_IDS_A_STATEMENT = 10_000


def cooldown_ended_unchecked(connection: Connection, now: datetime) -> bool:
    """Say whether a cool-down has ended and nobody has looked since at what came in during it."""
    state = connection.execute(select(alert_state.c.cooldown_until, alert_state.c.unchecked_since)).one()
    return state.unchecked_since is not None and state.cooldown_until <= now


def claim(connection: Connection, *, worker: str, now: datetime, lease: timedelta) -> Mail | None:
    """Lease the mail that is due longest. No other worker gets it until the lease ends."""
    due = (
        select(outbox.c.id)
        .where(
            outbox.c.sent_at.is_(None),
            outbox.c.next_attempt_at <= now,
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now),
        )
        .order_by(outbox.c.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = connection.execute(
        update(outbox)
        .where(outbox.c.id == due)
        .values(leased_by=worker, lease_until=now + lease, attempts=outbox.c.attempts + 1)
        .returning(outbox.c.id, outbox.c.alert_id, outbox.c.attempts)
    ).one_or_none()
    if row is None:
        return None
    found = connection.execute(select(alert).where(alert.c.id == row.alert_id)).one()
    reports = connection.execute(
        select(
            feedback.c.received_at,
            feedback.c.text,
            feedback.c.comment,
            feedback.c.predicted_label,
            feedback.c.expected_label,
            feedback.c.probability,
            feedback.c.model_version,
        )
        .where(feedback.c.alert_id == row.alert_id)
        .order_by(feedback.c.received_at)
    )
    return Mail(
        id=row.id,
        attempts=row.attempts,
        alert=Alert(**found._mapping),
        reports=[Report(**report._mapping) for report in reports],
    )


def note_sent(connection: Connection, mail: Mail, *, worker: str, now: datetime) -> None:
    """Note that the mail server has taken a mail over."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == mail.id, outbox.c.leased_by == worker)
        .values(sent_at=now, leased_by=None, lease_until=None, last_error=None)
    )


def note_failed(connection: Connection, mail: Mail, *, worker: str, next_at: datetime, why: str) -> None:
    """Note that a mail could not be handed over, and when to try again."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == mail.id, outbox.c.leased_by == worker)
        .values(next_attempt_at=next_at, leased_by=None, lease_until=None, last_error=why)
    )


def waiting(connection: Connection) -> Waiting:
    """Count what waits in the outbox."""
    row = connection.execute(
        select(func.count().label("mails"), func.min(outbox.c.created_at).label("oldest")).where(
            outbox.c.sent_at.is_(None)
        )
    ).one()
    return Waiting(row.mails, row.oldest)
