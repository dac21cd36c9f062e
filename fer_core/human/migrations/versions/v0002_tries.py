"""How often a class's passphrase was tried in vain, and when last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing comes back; the classes have the two columns."""
    op.add_column("classes", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("classes", sa.Column("tried", sa.DateTime(timezone=True), nullable=True))
