"""A class: a code for its members, a passphrase for its teacher, one seed and one set of options for all."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from fer_core.human import codes
from fer_core.human.database import Database
from fer_core.human.errors import HumanError, PassphraseError, TooManyTriesError, UnknownCodeError
from fer_core.human.faces import Faces
from fer_core.human.sampling import Options, longest
from fer_core.human.tables import AnswerRecord, ClassRecord, ItemRecord, RunRecord

LONGEST_TITLE = 80
FREE_TRIES, WAIT = 5, timedelta(minutes=1)
"""Wrong passphrases in a row that cost nothing; from then on there is one try a minute, whoever asks. Every member has
the code, so a longer lock would let any of them keep the teacher out; at one a minute eight letters last for ages."""


@dataclass(frozen=True)
class ClassFacts:
    """What anybody who has the code may know of a class."""

    code: str
    title: str
    source: str
    options: Options


def open_class(database: Database, title: str, passphrase: str, faces: Faces, options: Options) -> str:
    """The code of a new class, whose members all see the same faces, each in an order of their own.

    HumanError where the title or the passphrase will not do, or the set has too few faces.
    """
    called = " ".join(title.split())
    if not 1 <= len(called) <= LONGEST_TITLE or not called.isprintable():
        raise HumanError(f"Expected a title of 1 to {LONGEST_TITLE} visible characters, got {len(called):,}.")
    if longest(faces) < options.per_class:
        raise HumanError(f"{faces.name} has {longest(faces)} faces in its smallest class; choose a shorter quiz.")
    hashed = codes.hash_passphrase(passphrase)
    with database.writing() as session:
        group = ClassRecord(
            code=codes.new_code(codes.CLASS_LENGTH), title=called, passphrase=hashed, seed=secrets.randbits(31),
            source=faces.name, options=options.to_dict(), created=datetime.now(UTC),
        )  # fmt: skip
        session.add(group)
        return group.code


def facts(database: Database, code: str) -> ClassFacts:
    """What the members of a class may know of it; UnknownCodeError where there is none of that code."""
    with database.reading() as session:
        group = find_class(session, code)
        return ClassFacts(group.code, group.title, group.source, Options.from_dict(group.options))


def enter(database: Database, code: str, passphrase: str) -> int:
    """The class's number in the database, for its teacher; PassphraseError where the passphrase is another.

    TooManyTriesError where `FREE_TRIES` were wrong in a row and the last is not `WAIT` ago. The count is in the
    database: neither another browser nor a restart sets it back, only the right passphrase does.
    """
    number, stored = _try(database, code)
    if not codes.is_passphrase(passphrase, stored):
        raise PassphraseError("This is not the class's passphrase. Its teacher chose it when the class was opened.")
    with database.writing() as session:
        session.execute(update(ClassRecord).where(ClassRecord.id == number).values(tries=0))
    return number


def check(database: Database, code: str, number: int) -> None:
    """Nothing comes back; UnknownCodeError where the class of that code was deleted, or has another number.

    SQLite gives the highest number again once its class is deleted: the number alone may name another class by now.
    """
    with database.reading() as session:
        if find_class(session, code).id != number:
            raise UnknownCodeError("The database was exchanged, and this class has another number. Enter it again.")


def _try(database: Database, code: str) -> tuple[int, str]:
    """The class's number and its passphrase's hash; the try is counted first, so that many at once are many."""
    now = datetime.now(UTC)
    with database.writing() as session:
        group = find_class(session, code, lock="alone")
        since = abs(now - group.tried) if group.tried else WAIT  # a clock that was set back locks nobody out for long
        if group.tries >= FREE_TRIES and since < WAIT:
            seconds = math.ceil((WAIT - since).total_seconds())
            raise TooManyTriesError(
                f"The passphrase of this class was wrong {group.tries} times in a row. Wait {seconds} seconds, then "
                "try again. Whoever is looking at the class already is not disturbed."
            )
        group.tries, group.tried = group.tries + 1, now
        return group.id, group.passphrase


def erase_class(database: Database, code: str, passphrase: str) -> int:
    """How many answers were deleted: the class, its members' runs and all their answers are gone; as `quiz.erase`."""
    number = enter(database, code, passphrase)
    with database.writing() as session:
        mine = select(AnswerRecord.item_id).join(ItemRecord).join(RunRecord).where(RunRecord.class_id == number)
        n = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
        session.execute(delete(ClassRecord).where(ClassRecord.id == number))
    database.forget()
    return n


def find_class(session: Session, code: str, *, lock: Literal["alone", "kept"] | None = None) -> ClassRecord:
    """The class of that code; UnknownCodeError where there is none.

    Until this transaction ends a class that is "kept" is not deleted, for whoever gives it runs; of those who want it
    "alone" one has it at a time, and neither they nor those who keep it wait for each other.
    """
    wanted = select(ClassRecord).filter_by(code=codes.class_code(code))
    group = session.scalar(wanted.with_for_update(key_share=True, read=lock == "kept") if lock else wanted)
    if group is None:
        raise UnknownCodeError("No class has this code. Look at it again, or ask the teacher.")
    return group
