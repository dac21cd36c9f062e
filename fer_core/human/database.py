"""The database behind the quiz: an SQLite file by default, PostgreSQL by one URL, brought up to date when opened."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from platformdirs import user_data_path
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError, TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from fer_core.human import migration
from fer_core.human.errors import DatabaseUnavailableError, HumanError
from fer_core.human.line import Line
from fer_core.types import unknown

VARIABLE = "SEVEN_FACES_DATABASE"
KINDS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
WAIT_SECONDS = 10
"""How long one writer waits for another before it says that the database is locked."""
CLEAR_MILLISECONDS = 2000
"""How long whoever erases waits for readers, and writers for him meanwhile, so that SQLite's log can be emptied."""
CAUSES = (
    ("locked", "is locked by another program"),
    ("full", "or its disk is full"),
    ("i/o error", "or its disk cannot be written"),
    ("readonly", "or its folder may not be written"),
    ("not a database", "is no database of this program"),
    ("malformed", "is damaged; restore it from a copy"),
    ("unable to open", "cannot be opened"),
    ("no such table", "lost its tables while the program ran"),
    ("connection", "cannot be reached"),
)
"""Parts of a driver's message, and what they mean in words; the first that fits is said."""


class Database:
    """An open database, safe to use from many threads.

    `where` names it without its password. Use `writing` and `reading`; each block is one transaction.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = database_url(url)
        self.where = self.url.render_as_string(hide_password=True)
        self.engine = _engine(self.url)
        self._file = _file(self.url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(_reader(self.engine))
        # SQLite lets its writers try again and again, and the unlucky starve: ours stand in line instead
        self._line = Line(self.engine, self._check_file) if self._file is not None else None
        self._migrate()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are all kept when the block ends, or none; DatabaseUnavailableError where not.

        An IntegrityError passes through: whoever writes knows what is unique.
        """
        with self._translated(), self._line.session() if self._line else self._committed() as session:
            yield session

    @contextmanager
    def _committed(self) -> Iterator[Session]:
        with self._sessions() as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read from, each statement by itself; DatabaseUnavailableError where it cannot be read."""
        with self._translated(), self._readers() as session:
            self._check_file()
            yield session

    def forget(self) -> None:
        """Nothing comes back; what was erased is in none of SQLite's files, as far as nobody is in the way now.

        Its log has it until it is emptied, a month later perhaps. Who cannot empty it now leaves it to the next who
        erases or to the last who closes the database: what was to be erased is erased either way.
        """
        if self.url.get_backend_name() != "sqlite":
            return
        refused = (sqlite3.Error, SQLAlchemyError, DatabaseUnavailableError)
        with suppress(*refused), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {CLEAR_MILLISECONDS}")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")

    def close(self) -> None:
        """Nothing comes back; all connections are closed."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            if isinstance(error, IntegrityError):
                raise
            raise DatabaseUnavailableError(_explain(error, self.where)) from error

    def _check_file(self) -> None:
        """SQLite goes on writing into a file that was deleted: then every answer would be lost without a word."""
        if self._file is None or _identity(self._file) == self._opened:
            return
        if _identity(self._file) is None:
            raise DatabaseUnavailableError(
                f"The database {self._file} is gone. Put it back and go on: what was confirmed before is in it."
            )
        self.engine.dispose()
        self._migrate()

    def _migrate(self) -> None:
        try:
            if self._file is not None:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.engine.connect() as connection:
                done = migration.current(connection) == migration.HEAD
            if not done:
                with migration.patient(self.engine) as connection:
                    migration.upgrade(connection, self.where)
        except (DBAPIError, PoolTimeout) as error:
            raise DatabaseUnavailableError(_explain(error, self.where)) from error
        except OSError as error:
            raise DatabaseUnavailableError(f"The database {self.where} cannot be made: {error}.") from error
        self._opened = _identity(self._file) if self._file is not None else None


def default_file() -> Path:
    """The SQLite file that is used where nothing else is asked for."""
    return user_data_path("seven-faces", appauthor=False) / "quiz.sqlite3"


def database_url(url: str | None = None) -> URL:
    """The URL to open: `url`, else $SEVEN_FACES_DATABASE, else the default file; HumanError where it is none."""
    named = url or os.environ.get(VARIABLE)
    if not named:
        return URL.create("sqlite", database=str(default_file()))
    try:
        found = make_url(named)
    except ArgumentError as error:
        raise HumanError(
            f"{VARIABLE}: expected a URL such as postgresql://user:password@host/name or sqlite:////folder/quiz.sqlite3,"
            " got another text (not shown: it may hold a password)."
        ) from error
    kind = found.get_backend_name()
    if kind not in KINDS:
        raise HumanError(f"{VARIABLE}: {unknown('kind of database', kind, ('sqlite', 'postgresql'))}")
    if kind == "sqlite" and _in_memory(found):
        raise HumanError(
            f"{VARIABLE}: expected a database that outlives the program, such as sqlite:////folder/quiz.sqlite3, got "
            "one in memory."
        )
    return found.set(drivername=KINDS[kind])


def _in_memory(url: URL) -> bool:
    named = (url.database or "").removeprefix("file:")
    return named in ("", ":memory:") or "memory" in url.normalized_query.get("mode", ())


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS}, pool_size=20, max_overflow=40)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = f"-c lock_timeout={WAIT_SECONDS}s -c statement_timeout=60s"
    connect = {"connect_timeout": WAIT_SECONDS, "options": options}
    return create_engine(url, connect_args=connect, pool_size=20, max_overflow=40, pool_pre_ping=True)


def _reader(engine: Engine) -> Engine:
    """The engine for those who only read: on PostgreSQL without a transaction, two ways to the server less."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Foreign keys, and many readers beside a writer; transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")  # a confirmed answer outlives a power failure
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten; SQLite would leave it in the file
    _write_ahead(cursor)
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Switches the file to write-ahead logging; SQLite does not wait for others here, so we do.

    DatabaseUnavailableError where there is none: SQLite says so by staying in another mode, whoever waits.
    """
    until = time.monotonic() + WAIT_SECONDS
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            if cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                raise DatabaseUnavailableError(
                    "SQLite's write-ahead log, which lets many people answer at once, is not to be had for this "
                    "database: where it lies, or its vfs, has none. Name a file on a local disk, or PostgreSQL."
                )
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its place in the queue at once: it could not wait any more once it has read."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _file(url: URL) -> Path | None:
    """The file of an SQLite database, by its name or its URI (sqlite.org/uri.html); None of another kind."""
    if url.get_backend_name() != "sqlite":
        return None
    named = url.database or ""
    return Path(url2pathname(urlsplit(named).path) if named.startswith("file:") and "uri" in url.query else named)


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells one file from another of the same name; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _explain(error: SQLAlchemyError, where: str) -> str:
    """What a driver's error means for the person in front of the quiz."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    cause = next((words for part, words in CAUSES if part in reason.lower()), "cannot be used now")
    kept = "What was confirmed before is kept; the last answer was not taken. Try again in a moment."
    return f"The database {where} {cause} ({reason.strip()}). {kept}"
