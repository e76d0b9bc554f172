"""Feedback, alerts, and the outbox."""

import sqlalchemy as sa
from alembic import op

from sentiment_api.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alert",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("first_report_at", UtcDateTime, nullable=False),
        sa.Column("last_report_at", UtcDateTime, nullable=False),
        sa.Column("reports", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("dedupe_key", sa.String(80), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("predicted_label", sa.String(16), nullable=False),
        sa.Column("expected_label", sa.String(16), nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
        sa.Column("model_version", sa.String(20), nullable=False),
        sa.Column("wrong_prediction", sa.Boolean, nullable=False),
        sa.Column("visitor_sha256", sa.String(64)),
        sa.Column("alert_id", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("dedupe_key", name="uq_feedback_dedupe_key"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_feedback_alert_id"),
    )
    op.create_index(
        "ix_feedback_wrong_prediction_alert_id_received_at",
        "feedback",
        ["wrong_prediction", "alert_id", "received_at"],
    )
    op.create_index("ix_feedback_alert_id", "feedback", ["alert_id"])
    state = op.create_table(
        "alert_state",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("cooldown_until", UtcDateTime),
        sa.Column("unchecked_since", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_alert_state"),
    )
    op.bulk_insert(state, [{"id": 1}])
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("alert_id", sa.String(32), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_by", sa.String(32)),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("last_error", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("alert_id", name="uq_outbox_alert_id"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_outbox_alert_id"),
    )
    op.create_index("ix_outbox_sent_at_next_attempt_at", "outbox", ["sent_at", "next_attempt_at"])


def downgrade() -> None:
    """Drop the tables, and everything in them."""
    op.drop_table("outbox")
    op.drop_table("alert_state")
    op.drop_table("feedback")
    op.drop_table("alert")
