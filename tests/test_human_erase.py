"""What was erased is gone from the disk, not from the tables alone."""

import sqlite3
from pathlib import Path

import pytest

from fer_core.human import classes, quiz
from fer_core.human.database import Database
from fer_core.human.errors import UnknownCodeError
from tests.human_cases import SHORT, sit

pytest_plugins = ("tests.human_fixtures",)
PASSPHRASE, NICKNAME, TITLE = "horse battery", "Rumpelstiltskin", "Class of the Brothers Grimm"


@pytest.fixture(params=["sqlite"])
def url(tmp_path):
    return f"sqlite:///{tmp_path}/quiz.sqlite3"


def on_disk(url):
    """All that is in the database's files: its own, the log and the log's index."""
    place = Path(url.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in place.parent.glob(f"{place.name}*"))


def begun(database, faces, **more):
    code = quiz.start(database, faces, SHORT, consent=True, nickname=NICKNAME, **more)
    sit(database, code, faces, lambda truth: truth, most=3)
    return code


def test_an_erased_run_is_in_no_file(database, url, faces):
    other, mine = quiz.start(database, faces, SHORT, consent=True, nickname="Bo"), begun(database, faces)
    before = on_disk(url)
    assert mine.encode() in before and NICKNAME.encode() in before
    assert quiz.erase(database, mine) == 3
    after = on_disk(url)
    assert mine.encode() not in after and NICKNAME.encode() not in after
    assert other.encode() in after and sit(database, other, faces, lambda truth: truth) == 20


def test_an_erased_class_is_in_no_file(database, url, faces):
    group = classes.open_class(database, TITLE, PASSPHRASE, faces, SHORT)
    run = begun(database, faces, class_code=group)
    assert all(text.encode() in on_disk(url) for text in (group, run, TITLE, NICKNAME))
    assert classes.erase_class(database, group, PASSPHRASE) == 3
    assert not any(text.encode() in on_disk(url) for text in (group, run, TITLE, NICKNAME))


def test_sqlite_overwrites_what_is_deleted_however_it_was_built(database):
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1


def test_whoever_reads_for_long_does_not_keep_others_from_erasing(database, url, faces, monkeypatch):
    monkeypatch.setattr("fer_core.human.database.CLEAR_MILLISECONDS", 50)
    mine, next_one = begun(database, faces), begun(database, faces)
    reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM runs").fetchall()
    assert quiz.erase(database, mine) == 3
    with pytest.raises(UnknownCodeError):
        quiz.state(database, mine)
    reader.close()
    quiz.erase(database, next_one)
    assert mine.encode() not in on_disk(url)  # the next who erased emptied the log


def test_a_log_that_cannot_be_emptied_now_is_left_for_later(database, url, faces, monkeypatch):
    monkeypatch.setattr("fer_core.human.database.CLEAR_MILLISECONDS", 50)
    mine = begun(database, faces)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database.forget()
    other.close()
    with monkeypatch.context() as patch:
        patch.setattr(database.engine, "raw_connection", lambda: other.cursor())  # closed: sqlite3's own error
        database.forget()
    with database.engine.connect() as connection:  # and nobody waits less for others from now on
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 10_000
    assert quiz.erase(database, mine) == 3 and mine.encode() not in on_disk(url)


def test_on_postgresql_erasing_is_the_servers_affair(postgres, faces):
    postgres.empty()
    opened = Database(postgres.url)
    mine = begun(opened, faces)
    assert quiz.erase(opened, mine) == 3
    opened.close()
