"""Alembic migrations of the `vigie` database."""
