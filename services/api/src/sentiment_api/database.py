"""The `vigie` database: its tables, its engine, and one transaction at a time.

SQLite and PostgreSQL are treated alike; what differs between them is here.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from sentiment_api.errors import DatabaseUnavailableError

# More connections than this would only wait for each other: every write takes the same lock.
_CONNECTIONS = 4
_RETRY_AFTER_S = 5


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, aware of its zone on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite keeps no zone."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

alert = Table(
    "alert",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("first_report_at", UtcDateTime, nullable=False),
    Column("last_report_at", UtcDateTime, nullable=False),
    Column("reports", Integer, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("dedupe_key", String(80), nullable=False, unique=True),
    Column("content_sha256", String(64), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("comment", Text),
    Column("predicted_label", String(16), nullable=False),
    Column("expected_label", String(16), nullable=False),
    Column("probability", Float, nullable=False),
    Column("model_version", String(20), nullable=False),
    Column("wrong_prediction", Boolean, nullable=False),
    Column("visitor_sha256", String(64)),
    Column("alert_id", ForeignKey("alert.id")),
    Index(None, "wrong_prediction", "alert_id", "received_at"),
    Index(None, "alert_id"),
)

# One row. Whoever decides about an alert holds its lock, so that two never decide at once.
alert_state = Table(
    "alert_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cooldown_until", UtcDateTime),
    Column("unchecked_since", UtcDateTime),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("alert_id", ForeignKey("alert.id"), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_by", String(32)),
    Column("lease_until", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("last_error", String(500)),
    Index(None, "sent_at", "next_attempt_at"),
)


def open_engine(url: str, *, timeout_s: float) -> Engine:
    """Make an engine; nothing is connected yet.

    Parameters
    ----------
    url
        Of SQLAlchemy: `sqlite:///…` or `postgresql+psycopg://…`.
    timeout_s
        Seconds to wait for a connection, a lock, or one statement.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            # Where this fails, connecting fails too, and says so to whoever wants something.
            with suppress(OSError):
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # hide_parameters: an error's text goes to the log, and parameters are what people wrote.
        engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": timeout_s})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    milliseconds = int(timeout_s * 1000)
    return create_engine(
        parsed,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=timeout_s,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, int(timeout_s)),  # libpq takes less than 2 for 2
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=UTC",
            # A server that vanished without a word is noticed, too.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 2,
            "tcp_user_timeout": milliseconds * 2,
        },
    )


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    connection.execute("PRAGMA journal_mode=WAL")
    # A report is on the disk before the client hears so, even if the power fails next.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that first reads and then writes would fail instead of wait without this.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Lend a connection; commit at the end, roll back on an error.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached, is locked, full, or has no tables.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (DBAPIError, PoolTimeoutError, OSError) as error:
        raise DatabaseUnavailableError(_why(error), headers={"Retry-After": str(_RETRY_AFTER_S)}) from error


def _why(error: Exception) -> str:
    original = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(error, ProgrammingError) or "no such table" in str(original):
        return "the database has no tables of this version; run: vigie-api migrate"
    if "full" in str(original):
        return "the database's disk is full; nothing was stored"
    return "the database does not answer; nothing was stored, try again"
