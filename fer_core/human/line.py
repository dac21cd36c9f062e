"""Writers to one SQLite file stand in line, and those who wait for the disk at the same time share one commit.

A commit waits for the disk, 3 to 15 ms; a commit each, and a class of a hundred that answers at once waits a second.
PostgreSQL shares commits by itself. Each writer has a savepoint of its own, so that one that fails takes back nothing
but its own changes, and none goes on before the shared commit is on the disk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from fer_core.human.errors import DatabaseUnavailableError

MOST = 32
"""Writers that share a commit at most, so that the first of them does not wait long for the last."""


@dataclass(eq=False)
class _Shared:
    """A transaction that several writers share; `error` says why none of their changes were kept."""

    connection: Connection
    writers: int = 0
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def alive(self) -> bool:
        """Whether the transaction is still open: SQLite takes it back by itself where the disk is full or fails."""
        return bool(self.connection.connection.driver_connection.in_transaction)  # type: ignore[union-attr]


class Line:
    """The line before one SQLite file; `check` raises where the file is not the one that was opened."""

    def __init__(self, engine: Engine, check: Callable[[], None]) -> None:
        self._engine, self._check = engine, check
        self._turn, self._counting = threading.Lock(), threading.Lock()
        self._waiting = 0
        self._shared: _Shared | None = None
        self._refused: tuple[float, Exception] | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose changes are on the disk when the block ends, or none of them: then it raises why."""
        shared = None
        try:
            with self._my_turn() as asked:
                shared = self._shared = self._shared or self._begun(asked)
                try:
                    yield from self._savepoint(shared)
                finally:
                    self._leave(shared)
        finally:
            if shared is not None:
                shared.done.wait()
                if shared.error is not None:
                    raise shared.error

    @contextmanager
    def _my_turn(self) -> Iterator[float]:
        """When this writer came, in seconds; it holds the line until the block ends."""
        asked = time.monotonic()
        with self._counting:
            self._waiting += 1
        with self._turn:
            with self._counting:
                self._waiting -= 1
            yield asked

    def _begun(self, asked: float) -> _Shared:
        """A new transaction; whoever waited as long as another that was refused is refused with it."""
        if self._refused is not None and self._refused[0] > asked:
            raise self._refused[1]
        try:
            self._check()
            connection = self._engine.connect().execution_options(writing=True)
            connection.begin()
        except (SQLAlchemyError, DatabaseUnavailableError) as error:
            self._refused = time.monotonic(), error
            raise
        return _Shared(connection)

    def _savepoint(self, shared: _Shared) -> Iterator[Session]:
        shared.writers += 1
        with Session(shared.connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            try:
                yield session
                session.commit()
            except DBAPIError as error:
                shared.error = None if shared.alive else error
                raise

    def _leave(self, shared: _Shared) -> None:
        """Leaves the transaction to whoever waits, or ends it."""
        if shared.error is None and self._waiting and shared.writers < MOST:
            return
        self._shared = None
        try:
            if shared.error is None:
                shared.connection.commit()
                self._check()
        except (SQLAlchemyError, DatabaseUnavailableError) as error:
            shared.error = error
        finally:
            if shared.error is not None:  # it may still be in its transaction: nobody shall get it from the pool
                shared.connection.invalidate()
            shared.connection.close()
            shared.done.set()
