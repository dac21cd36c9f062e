"""Brings a database to the tables of this version, one process at a time, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from fer_core.human.errors import DatabaseTooNewError, DatabaseUnavailableError

SCRIPTS = Path(__file__).parent / "migrations"
HEAD = "0002"
"""The version of this program's tables, the last in `SCRIPTS`: a database that has it needs no Alembic."""
VERSION_TABLE = "seven_faces_version"
"""A name of our own, so that the database may hold other programs' tables beside ours."""
LOCK = 0x7FACE5
PATIENCE_SECONDS = 120
"""How long one process waits for another that is making the tables."""


def current(connection: Connection) -> str | None:
    """The version of the database, None where it has none of our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()


@contextmanager
def patient(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no other process of ours can be in, kept when the block ends well."""
    import alembic.command  # noqa: F401  # half a second, and more on a busy machine: not with the lock in our hands

    with engine.connect().execution_options(writing=True) as connection:
        if connection.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                yield connection
            return
        driver = connection.connection.driver_connection
        before = driver.execute("PRAGMA busy_timeout").fetchone()[0]  # type: ignore[union-attr]  # sqlite3's own
        driver.execute(f"PRAGMA busy_timeout = {PATIENCE_SECONDS * 1000}")  # type: ignore[union-attr]
        try:
            with connection.begin():
                yield connection
        finally:
            driver.execute(f"PRAGMA busy_timeout = {before}")  # type: ignore[union-attr]


def upgrade(connection: Connection, where: str) -> None:
    """Nothing comes back; the database has the tables of this version once the transaction is committed.

    DatabaseTooNewError for a version that is not known here, DatabaseUnavailableError for a table that has the name of
    one of ours but is not.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    found = current(connection)
    if found is None and inspect(connection).has_table("answers"):
        raise DatabaseUnavailableError(
            f"The database {where} has a table “answers” that is not of this program. Name another database."
        )
    if found is not None and found not in known:
        raise DatabaseTooNewError(
            f"The database {where} is of version {found!r}; this program knows up to {known[0]!r}. It was written by a "
            "newer version of Seven Faces: update the program, or name another database. Nothing was changed."
        )
    if found != known[0]:
        command.upgrade(config, "head")
