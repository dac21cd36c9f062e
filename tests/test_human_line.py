"""Writers that share a commit: each keeps or loses its own changes, and none is told of a change that is not kept."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from fer_core.human import line
from fer_core.human.database import Database
from fer_core.human.errors import DatabaseUnavailableError


@pytest.fixture(params=["{}/quiz.sqlite3", "file:{}/the%20quiz.sqlite3?uri=true"])
def database(request, tmp_path):
    opened = Database("sqlite:///" + request.param.format(tmp_path))
    with opened.writing() as session:
        session.execute(text("CREATE TABLE notes (writer INTEGER UNIQUE)"))
    yield opened
    opened.close()


def kept(database):
    with database.reading() as session:
        return sorted(session.scalars(text("SELECT writer FROM notes")))


def note(database, writer):
    with database.writing() as session:
        session.execute(text("INSERT INTO notes VALUES (:writer)"), {"writer": writer})
    return writer in kept(database)  # seen by a reader of its own connection as soon as the block has ended


@contextmanager
def all_at_once(database, writers, act):
    """While the block runs, so many writers stand in line, the first of them in its turn; gives their futures."""
    with ThreadPoolExecutor(writers) as pool, database.writing() as session:
        session.execute(text("INSERT INTO notes VALUES (1000)"))
        futures = [pool.submit(act, writer) for writer in range(writers)]
        while database._line._waiting < writers:
            time.sleep(0.01)
        yield futures


def commits(database):
    counted = []
    event.listen(database.engine, "commit", lambda connection: counted.append(connection))
    return counted


def test_those_who_wait_share_a_commit_and_each_finds_its_change_kept(database):
    counted = commits(database)
    with all_at_once(database, 20, lambda writer: note(database, writer)) as futures:
        pass
    assert all(future.result() for future in futures) and kept(database) == [*range(20), 1000]
    assert len(counted) < 5  # a commit each would be 21


def test_a_commit_is_shared_by_so_many_at_most(database, monkeypatch):
    monkeypatch.setattr(line, "MOST", 4)
    counted = commits(database)
    with all_at_once(database, 15, lambda writer: note(database, writer)) as futures:
        pass
    assert all(future.result() for future in futures) and len(counted) >= 4


def test_one_that_fails_takes_back_its_own_changes_alone(database):
    def act(writer):
        with database.writing() as session:
            session.execute(text("INSERT INTO notes VALUES (:writer)"), {"writer": writer})
            if writer % 2:
                raise ValueError(writer)

    with all_at_once(database, 10, act) as futures:
        pass
    assert [type(future.exception()) for future in futures] == [type(None), ValueError] * 5
    assert kept(database) == [0, 2, 4, 6, 8, 1000]


def test_where_the_shared_commit_fails_all_are_told_and_nothing_is_kept(database, monkeypatch):
    def broken(connection):
        raise sqlite3.OperationalError("disk I/O error")

    with (
        pytest.raises(DatabaseUnavailableError, match="cannot be written"),
        all_at_once(database, 8, lambda writer: note(database, writer)) as futures,
    ):
        monkeypatch.setattr(database.engine.dialect, "do_commit", broken)
    assert [type(future.exception()) for future in futures] == [DatabaseUnavailableError] * 8
    monkeypatch.undo()
    assert kept(database) == [] and note(database, 1)  # and the line goes on


def test_where_sqlite_takes_the_transaction_back_none_is_told_that_it_was_kept(database):
    def act(writer):
        with database.writing() as session:
            session.execute(text("INSERT INTO notes VALUES (:writer)"), {"writer": writer})
            if writer == 3:  # SQLite does this by itself where the disk is full
                session.connection().connection.driver_connection.execute("ROLLBACK")
                session.execute(text("SELECT * FROM nowhere"))

    with pytest.raises(DatabaseUnavailableError), all_at_once(database, 8, act) as futures:
        pass  # the change of this, the first writer, was in the same transaction
    assert futures[3].exception() is not None
    assert kept(database) == [writer for writer, future in enumerate(futures) if future.exception() is None]
    assert note(database, 50)


def test_a_file_that_went_away_is_missed_however_it_is_named(database, tmp_path):
    (file,) = tmp_path.glob("*.sqlite3")
    file.unlink()
    with pytest.raises(DatabaseUnavailableError, match="is gone"):
        note(database, 1)


def test_those_who_wait_behind_one_that_is_locked_out_do_not_wait_again(database, tmp_path, monkeypatch):
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1000")
    database.engine.dispose()
    monkeypatch.setattr("fer_core.human.database.WAIT_SECONDS", 1.0)
    (file,) = tmp_path.glob("*.sqlite3")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(note, database, writer) for writer in range(20)]
    other.execute("ROLLBACK")
    other.close()
    assert all(isinstance(future.exception(), DatabaseUnavailableError) for future in futures)
    assert time.monotonic() - began < 20 * 1.0
    assert note(database, 1) and threading.active_count() < 100
