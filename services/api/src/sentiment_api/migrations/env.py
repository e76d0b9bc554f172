"""Runs the migrations on the connection that `sentiment_api.migrate` lends; nothing else starts them."""

from alembic import context

from sentiment_api.database import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
