"""All answers as one tidy table, a row an answer, with the book that says what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sqlalchemy import Select, select

from fer_core.human import codes
from fer_core.human.tables import AnswerRecord, ClassRecord, ItemRecord, RunRecord
from fer_core.types import EMOTIONS

if TYPE_CHECKING:
    from fer_core.human.database import Database


@dataclass(frozen=True)
class Column:
    """One column of the table: its name, what kind of value it holds, and what the value means."""

    name: str
    kind: str
    meaning: str


_SEVEN = ", ".join(EMOTIONS)
CODEBOOK = (
    Column("rater", "text", "who answered: one random name a run; tells nothing of the person"),
    Column("nickname", "text or empty", "what the person wished to be called"),
    Column("class", "text or empty", "title of the class that the run belongs to"),
    Column("source", "text", "the set that the faces were drawn from"),
    Column("condition", "text", "how the faces were shown"),
    Column("feedback", "true or false", "whether the label was told after each answer (practice mode)"),
    Column("limit_ms", "whole number or empty", "how long a face waited for an answer, milliseconds; empty: for ever"),
    Column("faces_seed", "whole number", "the seed that chose the faces"),
    Column("seed", "whole number", "the seed of the order"),
    Column("started", "moment, UTC, ISO 8601", "when the run began"),
    Column("position", "whole number from 1", "the place in the run"),
    Column("kind", "practice, test, repeat or attention",
           "score only test; repeat shows a test face again; attention asks for a given answer"),
    Column("face", "text or empty", "fer2013:N is row N of fer2013.csv, from 0; sha256:... is a hash of the pixels"),
    Column("truth", _SEVEN, "the label of the face, or the answer that a check of attention asked for"),
    Column("label", f"{_SEVEN} or empty", "the answer; empty where the time ran out"),
    Column("correct", "1 or 0", "whether the answer is the label; 0 where the time ran out"),
    Column("reaction_ms", "whole number or empty", "from the face on the screen to the answer, milliseconds, "
           "measured by the browser; empty where it could not be measured"),
    Column("confidence", "1 to 5 or empty", "how sure the person was, 1 a guess, 5 certain; empty where not asked"),
    Column("answered", "moment, UTC, ISO 8601", "when the answer was stored, by the server's clock"),
)  # fmt: skip
"""Every column, in the table's order."""
COLUMNS = [column.name for column in CODEBOOK]


def own_answers(database: Database, code: str) -> pd.DataFrame:
    """The answers of one run, for the person who has its resume code; columns as in `CODEBOOK`."""
    return _table(database, _answers().where(RunRecord.code == codes.run_code(code)))


def class_answers(database: Database, number: int) -> pd.DataFrame:
    """The answers of a class by its number from `fer_core.human.classes.enter`; columns as in `CODEBOOK`."""
    return _table(database, _answers().where(RunRecord.class_id == number))


def everybody(database: Database) -> pd.DataFrame:
    """The answers of all runs, without nicknames and classes; columns as in `CODEBOOK`.

    Names are unique in a class alone, imported ones such as "p1": here the second run that has one is "p1:2".
    """
    return _table(database, _answers()).assign(nickname=None, **{"class": None})


def codebook() -> pd.DataFrame:
    """The codebook as a table."""
    return pd.DataFrame([(c.name, c.kind, c.meaning) for c in CODEBOOK], columns=["column", "values", "meaning"])


def _answers() -> Select:
    columns = (
        RunRecord.id, RunRecord.rater, RunRecord.nickname, ClassRecord.title.label("class"), RunRecord.source,
        RunRecord.condition, RunRecord.options, RunRecord.faces_seed, RunRecord.seed, RunRecord.started,
        ItemRecord.position, ItemRecord.kind, ItemRecord.face, ItemRecord.truth, AnswerRecord.label,
        AnswerRecord.milliseconds, AnswerRecord.confidence, AnswerRecord.answered,
    )  # fmt: skip
    joined = select(*columns).select_from(AnswerRecord).join(ItemRecord).join(RunRecord)
    return joined.outerjoin(ClassRecord, RunRecord.class_id == ClassRecord.id).order_by(
        RunRecord.id, ItemRecord.position
    )


def _table(database: Database, statement: Select) -> pd.DataFrame:
    with database.reading() as session:
        rows = [row._mapping for row in session.execute(statement)]
    table = pd.DataFrame(rows, columns=[c.key for c in statement.selected_columns])
    names = np.array([*EMOTIONS, None], dtype=object)
    truth, label = (table[column].astype("Int64").fillna(len(EMOTIONS)) for column in ("truth", "label"))
    return table.assign(
        rater=_told_apart(table["id"].tolist(), table["rater"].tolist()),
        feedback=[bool(options.get("feedback")) for options in table["options"]],
        limit_ms=pd.array([options.get("limit") for options in table["options"]], "Int64"),
        truth=names[truth.to_numpy(int)],
        label=names[label.to_numpy(int)],
        correct=(truth == label).astype(int),
        reaction_ms=table["milliseconds"].astype("Int64"),
        confidence=table["confidence"].astype("Int64"),
    )[COLUMNS]


def _told_apart(runs: Sequence[int], raters: Sequence[str]) -> list[str]:
    """A rater's name for each answer, another for each run: the first run of a name keeps it, the others get a number.

    A run is one person's, and a person whose answers were imported again into another class has two.
    """
    named = dict(zip(runs, raters, strict=True))
    taken, first = set(named.values()), set(named.values())
    for run, rater in named.items():
        if rater in first:
            first.remove(rater)
            continue
        named[run] = next(name for n in count(2) if (name := f"{rater}:{n}") not in taken)
        taken.add(named[run])
    return [named[run] for run in runs]
