"""Taking the quiz: a run begins, gives one face after the other, takes one answer to each, and can be resumed.

Every answer is committed before the next face is given. Nothing here knows a web page; all state is in the database.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, union
from sqlalchemy.orm import Session

from fer_core.human import codes, statements
from fer_core.human.classes import find_class
from fer_core.human.database import Database
from fer_core.human.errors import (
    AnsweredOtherwiseError,
    AnswerRefusedError,
    HumanError,
    NotShownError,
    UnknownCodeError,
    WrongClassError,
)
from fer_core.human.faces import Faces
from fer_core.human.sampling import Kind, Options, plan
from fer_core.human.tables import AnswerRecord, ClassRecord, ItemRecord, RunRecord
from fer_core.types import EMOTIONS, label_index

LONGEST_NICKNAME = 40
LONGEST_MILLISECONDS = 600_000
"""A reaction time beyond ten minutes is no reaction any more."""
UNKNOWN = "No run has this resume code. Look at it again, or begin a new quiz."


@dataclass(frozen=True)
class Task:
    """The next thing to show: a face by its id, or, where that is None, the instruction to answer `asked`."""

    position: int
    kind: Kind
    face: str | None
    asked: str | None


@dataclass(frozen=True)
class RunState:
    """Where a run stands: `answered` of `total` places, and the next `task`, None when it is finished."""

    code: str
    rater: str
    nickname: str | None
    class_code: str | None
    source: str
    options: Options
    answered: int
    total: int
    task: Task | None


@dataclass(frozen=True)
class Outcome:
    """What became of an answer: whether it was new, what the face's label is, and what a person should know, or ""."""

    new: bool
    truth: str
    remark: str = ""


def start(
    database: Database, faces: Faces, options: Options | None = None, *, consent: bool, nickname: str | None = None,
    class_code: str | None = None, seed: int | None = None,
) -> str:  # fmt: skip
    """The resume code of a new run; in a class, the class's options and faces are taken.

    HumanError without consent, for a bad nickname or too few faces; UnknownCodeError where there is no such class.
    """
    if not consent:
        raise HumanError("The quiz needs your consent to keep your answers. Tick the box, or leave the page.")
    called = check_nickname(nickname)
    own = secrets.randbits(31) if seed is None else seed
    now = datetime.now(UTC)
    with database.writing() as session:
        group = find_class(session, class_code, lock="kept") if class_code is not None else None
        if group is not None and group.source != faces.name:
            raise HumanError(f"This class takes its faces from {group.source!r}; here there is {faces.name!r}.")
        chosen = Options.from_dict(group.options) if group else options or Options()
        faces_seed = group.seed if group else own
        planned = plan(faces, chosen, faces_seed, own)
        run = RunRecord(
            code=codes.new_code(codes.RUN_LENGTH), rater=_new_name(), class_id=group.id if group else None,
            nickname=called, consented=now, origin="quiz", faces_seed=faces_seed, seed=own, source=faces.name,
            condition=chosen.condition, options=chosen.to_dict(), started=now, finished=None,
        )  # fmt: skip
        session.add(run)
        session.flush()
        rows = [
            {"run_id": run.id, "position": i, "kind": p.kind, "face": p.face, "truth": p.truth}
            for i, p in enumerate(planned, 1)
        ]
        session.execute(insert(ItemRecord), rows)
        return run.code


def _new_name() -> str:
    """A random name: a letter, since pandas and spreadsheets take 12 digits, or digits about an e, for a number."""
    return secrets.choice("abcdef") + secrets.token_hex(6)[1:]


def check_nickname(nickname: str | None) -> str | None:
    """The nickname without spaces around it, None for none; HumanError where it is too long or unprintable.

    Markup is a name like any other: it is kept as it came, and shown as text.
    """
    called = unicodedata.normalize("NFC", nickname or "").strip()
    if len(called) > LONGEST_NICKNAME:
        raise HumanError(f"Expected a nickname of at most {LONGEST_NICKNAME} characters, got {len(called):,}.")
    if not called.isprintable():  # control characters, lone surrogates, and marks that turn the text around
        raise HumanError("Expected a nickname of letters, digits and signs, got invisible characters.")
    return called or None


def state(database: Database, code: str, class_code: str | None = None) -> RunState:
    """Where the run of that code stands; UnknownCodeError where there is none.

    WrongClassError where `class_code` is given and the run is not of that class.
    """
    with database.reading() as session:
        found = session.execute(statements.STANDING, {"code": codes.run_code(code)}).first()
    if found is None:
        raise UnknownCodeError(UNKNOWN)
    if class_code is not None and found.class_code != codes.class_code(class_code):
        raise WrongClassError("This resume code belongs to a run of another class. Use the link of that class.")
    total, item = found.total or 0, found if found.position is not None else None
    return RunState(
        found.code, found.rater, found.nickname, found.class_code, found.source, Options.from_dict(found.options),
        item.position - 1 if item else total, total, _task(item) if item else None,
    )  # fmt: skip


def answer(
    database: Database, code: str, position: int, label: str | None, milliseconds: float | None,
    confidence: int | None = None,
) -> Outcome:  # fmt: skip
    """What became of the answer to the face at `position`; it is in the database when this returns.

    The same answer twice is one answer. `label` is an emotion, None where the time ran out. A reaction time that no
    clock can have measured is left out, with a remark; the answer counts. AnsweredOtherwiseError for a second,
    different answer, NotShownError for a face that was not shown yet; neither changes anything.
    """
    given = None if label is None else label_index(label)
    reaction, remark = _plausible(milliseconds)
    if confidence is not None and (not isinstance(confidence, int) or not 1 <= confidence <= 5):
        raise AnswerRefusedError(f"confidence: expected 1 to 5 or none, got {str(confidence)[:20]!r}.")
    if type(position) is not int or not 0 < position < 10**6:  # it comes from a browser
        raise NotShownError(f"There is no face {str(position)[:20]!r} in any run. Go on with the one that is shown.")
    stored = {"label": given, "milliseconds": reaction, "confidence": confidence, "answered": datetime.now(UTC)}
    return _store(database, code, position, stored, remark)


def _store(database: Database, code: str, position: int, stored: dict[str, Any], remark: str) -> Outcome:
    with database.writing() as session:
        run = session.execute(statements.RUN_ALONE, {"code": codes.run_code(code)}).first()
        if run is None:
            raise UnknownCodeError(UNKNOWN)  # another tab waits, and then sees this one's answer
        item = session.execute(statements.PLACE, {"run": run.id, "position": position}).first()
        if item is None:
            raise NotShownError(f"There is no face {position} in this run. Go on with the one that is shown.")
        if item.answered is not None:
            return _again(item, stored["label"])
        if item.first != position:
            raise NotShownError(f"Face {position} was not shown yet. Go on with the one that is shown.")
        if stored["label"] is None and Options.from_dict(run.options).limit is None:
            raise AnswerRefusedError(f"Expected one of {', '.join(EMOTIONS)}, got none; this run has no time limit.")
        session.execute(statements.STORE, {"item_id": item.id} | stored)
        if position == item.last:
            session.execute(statements.FINISH, {"run": run.id, "now": stored["answered"]})
        return Outcome(True, EMOTIONS[item.truth], remark)


def _again(item: Any, label: int | None) -> Outcome:
    if item.label == label:
        return Outcome(False, EMOTIONS[item.truth], "This answer was taken already.")
    first = "no answer in time" if item.label is None else EMOTIONS[item.label]
    raise AnsweredOtherwiseError(
        f"Face {item.position} was answered already, in another tab perhaps: {first}. The first answer counts."
    )


def _plausible(milliseconds: float | None) -> tuple[int | None, str]:
    """The reaction time to store, None where no clock can have measured it, and why it is left out."""
    if milliseconds is None:
        return None, ""
    if not isinstance(milliseconds, int | float) or milliseconds != milliseconds:
        return None, "The reaction time was no number and is left out; the answer counts."
    if not 0 <= milliseconds <= LONGEST_MILLISECONDS:
        said = "negative: the browser's clock ran backwards" if milliseconds < 0 else "longer than ten minutes"
        return None, f"The reaction time was {said}. It is left out; the answer counts."
    return round(milliseconds), ""


def erase(database: Database, code: str) -> int:
    """How many answers were deleted: the run of that code and all that belongs to it are gone.

    With SQLite from its files too; PostgreSQL overwrites what was deleted when it next vacuums the tables.
    """
    with database.writing() as session:
        run = find_run(session, code)
        answers = select(AnswerRecord.item_id).join(ItemRecord).where(ItemRecord.run_id == run.id)
        n = session.scalar(select(func.count()).select_from(answers.subquery())) or 0
        session.execute(delete(RunRecord).where(RunRecord.id == run.id))
    database.forget()
    return n


def sources(database: Database) -> set[str]:
    """The names of the sets of faces that a run or a class of the database is about."""
    with database.reading() as session:
        return set(session.scalars(union(select(RunRecord.source), select(ClassRecord.source))))


def find_run(session: Session, code: str) -> RunRecord:
    """The run of that resume code; UnknownCodeError where there is none."""
    run = session.scalar(select(RunRecord).filter_by(code=codes.run_code(code)))
    if run is None:
        raise UnknownCodeError(UNKNOWN)
    return run


def _task(item: Any) -> Task:
    """The task of a row of `items`."""
    return Task(item.position, item.kind, item.face, EMOTIONS[item.truth] if item.face is None else None)
