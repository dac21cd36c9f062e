"""The first tables: classes, runs, items, answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing comes back; the four tables are there."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "classes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("passphrase", sa.String(200), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("created", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_classes"),
        sa.UniqueConstraint("code", name="uq_classes_code"),
    )
    _create_runs(moment)
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("face", sa.String(100), nullable=True),
        sa.Column("truth", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.UniqueConstraint("run_id", "position", name="uq_items_run_id_position"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_items_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_items_face", "items", ["face"])
    op.create_table(
        "answers",
        sa.Column("item_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.SmallInteger(), nullable=True),
        sa.Column("answered", moment, nullable=False),
        sa.PrimaryKeyConstraint("item_id", name="pk_answers"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_answers_item_id", ondelete="CASCADE"),
    )


def _create_runs(moment: sa.DateTime) -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("rater", sa.String(100), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("nickname", sa.String(40), nullable=True),
        sa.Column("consented", moment, nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("faces_seed", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("condition", sa.String(80), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("started", moment, nullable=False),
        sa.Column("finished", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("code", name="uq_runs_code"),
        sa.ForeignKeyConstraint(["class_id"], ["classes.id"], name="fk_runs_class_id", ondelete="CASCADE"),
    )
    op.create_index("ix_runs_rater", "runs", ["rater"])
    op.create_index("ix_runs_class_id", "runs", ["class_id"])
