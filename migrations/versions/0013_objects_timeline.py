"""An index for one object's part of the timeline, in the order in which it is shown.

Without it PostgreSQL looks for the events of a busy object among the newest of all, which is long
when it was busy long ago.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NAME = "ix_audit_event_by_object"


def upgrade() -> None:
    op.create_index(NAME, "audit_event", ["object_type", "object_id", "at", "id"])


def downgrade() -> None:
    op.drop_index(NAME, "audit_event")
