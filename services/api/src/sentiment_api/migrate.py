"""Brings the database to this version of the code. Only `migrate` imports this: alembic is heavy."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

# Any number that nobody else uses in this database.
_LOCK = 0x56494749


def migrate(engine: Engine) -> None:
    """Run every migration that is missing, in one transaction. Started twice at once, one waits."""
    config = Config()
    config.set_main_option("script_location", "sentiment_api:migrations")
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
