"""Guessing a class's passphrase is slow, whoever guesses from wherever, and its teacher still gets in."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from fer_core.human import classes, codes
from fer_core.human.database import Database
from fer_core.human.errors import PassphraseError, TooManyTriesError
from tests.human_cases import SHORT

pytest_plugins = ("tests.human_fixtures",)
PASSPHRASE = "horse battery"


@pytest.fixture
def group(database, faces):
    return classes.open_class(database, "3b", PASSPHRASE, faces, SHORT)


def guess(database, group, passphrase="battery horse"):
    """What came of a guess: the error's name, or "in"."""
    try:
        classes.enter(database, group, passphrase)
    except PassphraseError as error:
        return type(error).__name__
    return "in"


def earlier(database, **ago):
    """Puts the last guess that far back: a test need not wait."""
    with database.writing() as session:
        group = session.query(classes.ClassRecord).one()
        group.tried -= timedelta(**ago)


def test_after_some_wrong_passphrases_there_is_one_try_a_minute(database, group):
    assert [guess(database, group) for _ in range(7)] == ["PassphraseError"] * 5 + ["TooManyTriesError"] * 2
    assert guess(database, group, PASSPHRASE) == "TooManyTriesError"  # or a guess would tell that it is right
    earlier(database, seconds=61)
    assert [guess(database, group) for _ in range(2)] == ["PassphraseError", "TooManyTriesError"]
    earlier(database, seconds=61)
    assert guess(database, group, PASSPHRASE) == "in"
    assert [guess(database, group) for _ in range(6)] == ["PassphraseError"] * 5 + ["TooManyTriesError"]


def test_how_long_to_wait_is_said(database, group):
    for _ in range(5):
        guess(database, group)
    earlier(database, seconds=20)
    with pytest.raises(TooManyTriesError, match=r"wrong 5 times in a row\. Wait (39|40) seconds"):
        classes.enter(database, group, PASSPHRASE)


def test_another_process_and_a_restart_know_of_the_guesses(database, group, url):
    for _ in range(5):
        guess(database, group)
    database.close()
    other = Database(url)
    assert guess(other, codes.shown(group).lower()) == "TooManyTriesError"
    other.close()


def test_many_guesses_at_once_are_many_guesses(database, group):
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: guess(database, group), range(24)))
    assert said.count("PassphraseError") == 5 and said.count("TooManyTriesError") == 19


def test_one_class_does_not_wait_for_another(database, group, faces):
    other = classes.open_class(database, "3c", PASSPHRASE, faces, SHORT)
    for _ in range(6):
        guess(database, group)
    assert guess(database, other, PASSPHRASE) == "in"


def test_deleting_a_class_is_no_way_around(database, group):
    for _ in range(5):
        with pytest.raises(PassphraseError):
            classes.erase_class(database, group, "battery horse")
    with pytest.raises(TooManyTriesError):
        classes.erase_class(database, group, PASSPHRASE)


def test_a_clock_that_was_set_back_locks_nobody_out(database, group):
    for _ in range(5):
        guess(database, group)
    earlier(database, hours=-5)
    assert guess(database, group, PASSPHRASE) == "in"


def test_a_database_from_before_gets_the_count(database, group, url):
    with database.engine.begin() as connection:
        for column in ("tries", "tried"):
            connection.execute(text(f"ALTER TABLE classes DROP COLUMN {column}"))
        connection.execute(text("UPDATE seven_faces_version SET version_num = '0001'"))
    database.close()
    later = Database(url)
    assert [guess(later, group), guess(later, group, PASSPHRASE)] == ["PassphraseError", "in"]
    later.close()


def test_a_passphrase_is_the_same_from_every_keyboard(database, faces):
    for typed, again in (
        ("caf\u00e9 cr\u00e8me", "cafe\u0301 cre\u0300me"),
        ("cafe\u0301 ole\u0301", "caf\u00e9 ol\u00e9"),
    ):
        group = classes.open_class(database, "3b", typed, faces, SHORT)
        assert guess(database, group, again) == guess(database, group, typed) == "in"
        assert guess(database, group, "cafe creme") == "PassphraseError"


def test_the_longest_passphrase_is_the_same_from_every_keyboard_too(database, faces):
    group = classes.open_class(database, "3b", "\u1f82" * 200, faces, SHORT)  # four characters each where decomposed
    assert guess(database, group, unicodedata.normalize("NFD", "\u1f82" * 200)) == "in"
    for passphrase, length in (("e\u0301" * 7, 7), ("e\u0301" * 201, 201), ("x" * 10_240, "10,240")):
        with pytest.raises(PassphraseError, match=f"8 to 200 characters, got {length}"):
            classes.open_class(database, "3b", passphrase, faces, SHORT)


def test_a_passphrase_that_was_hashed_before_opens_its_class():
    stored = (  # of the program's first version
        "scrypt$000102030405060708090a0b0c0d0e0f$bffa476f41689bd6a7528e80326aa266e836ad2604bdd641a028c623f484391c"
    )
    assert codes.is_passphrase(PASSPHRASE, stored) and not codes.is_passphrase("battery horse", stored)
