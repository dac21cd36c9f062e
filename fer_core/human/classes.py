"""A class: a code for its members, a passphrase for its teacher, one seed and one set of options for all."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from fer_core.human import codes
from fer_core.human.database import Database
from fer_core.human.errors import HumanError, PassphraseError, UnknownCodeError
from fer_core.human.faces import Faces
from fer_core.human.sampling import Options, longest
from fer_core.human.tables import AnswerRecord, ClassRecord, ItemRecord, RunRecord

LONGEST_TITLE = 80


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
    """The class's number in the database, for its teacher; PassphraseError where the passphrase is another."""
    with database.reading() as session:
        group = find_class(session, code)
    if not codes.is_passphrase(passphrase, group.passphrase):
        raise PassphraseError("This is not the class's passphrase. Its teacher chose it when the class was opened.")
    return group.id


def erase_class(database: Database, code: str, passphrase: str) -> int:
    """How many answers were deleted: the class, its members' runs and all their answers are gone."""
    number = enter(database, code, passphrase)
    with database.writing() as session:
        mine = select(AnswerRecord.item_id).join(ItemRecord).join(RunRecord).where(RunRecord.class_id == number)
        n = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
        session.execute(delete(ClassRecord).where(ClassRecord.id == number))
        return n


def find_class(session: Session, code: str) -> ClassRecord:
    """The class of that code; UnknownCodeError where there is none."""
    group = session.scalar(select(ClassRecord).filter_by(code=codes.class_code(code)))
    if group is None:
        raise UnknownCodeError("No class has this code. Look at it again, or ask the teacher.")
    return group
