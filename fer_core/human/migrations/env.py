"""Alembic's way in: the migrations run on the connection, and in the transaction, of `fer_core.human.migration`."""

from alembic import context

from fer_core.human.migration import VERSION_TABLE
from fer_core.human.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # both databases can: a migration that fails leaves everything as it was
)
with context.begin_transaction():
    context.run_migrations()
