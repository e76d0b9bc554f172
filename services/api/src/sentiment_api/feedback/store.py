"""Feedback in the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from sentiment_api.database import feedback


@dataclass(frozen=True)
class Feedback:
    """One feedback, masked already."""

    id: str
    dedupe_key: str
    content_sha256: str
    received_at: datetime
    text: str
    comment: str | None
    predicted_label: str
    expected_label: str
    probability: float
    model_version: str
    wrong_prediction: bool
    visitor_sha256: str | None


@dataclass(frozen=True)
class Stored:
    """The feedback that a key stands for."""

    id: str
    content_sha256: str
    wrong_prediction: bool


def add(connection: Connection, item: Feedback) -> bool:
    """Insert a feedback. Return False if its key is there already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # What comes back tells whether a row went in; PostgreSQL's driver does not count them reliably here.
    statement = (
        dialect.insert(feedback)
        .values(vars(item))
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(feedback.c.id)
    )
    return connection.execute(statement).one_or_none() is not None


def find(connection: Connection, dedupe_key: str) -> Stored:
    """Return the feedback that was stored under a key."""
    row = connection.execute(
        select(feedback.c.id, feedback.c.content_sha256, feedback.c.wrong_prediction).where(
            feedback.c.dedupe_key == dedupe_key
        )
    ).one()
    return Stored(row.id, row.content_sha256, row.wrong_prediction)
