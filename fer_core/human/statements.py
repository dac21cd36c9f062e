"""What taking the quiz asks of the database, made once: one statement to see where a run stands, four to answer.

SQLAlchemy's core on the tables of `fer_core.human.tables`; with objects instead an answer took twice the processor.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, and_, bindparam, func, insert, select, update

from fer_core.human.tables import AnswerRecord, Base, ClassRecord, ItemRecord, RunRecord


def _table(record: type[Base]) -> Table:
    return Base.metadata.tables[record.__tablename__]


_classes, _runs, _items, _answers = (_table(record) for record in (ClassRecord, RunRecord, ItemRecord, AnswerRecord))


def _first(run: ColumnElement[int]) -> ColumnElement[int]:
    """The first place of a run that has no answer, None where all have."""
    places = _items.alias("places")
    joined = places.outerjoin(_answers, _answers.c.item_id == places.c.id)
    unanswered = select(func.min(places.c.position)).select_from(joined).where(places.c.run_id == run)
    return unanswered.where(_answers.c.item_id.is_(None)).scalar_subquery()


def _last(run: ColumnElement[int]) -> ColumnElement[int]:
    """The last place of a run."""
    places = _items.alias("places")
    return select(func.max(places.c.position)).where(places.c.run_id == run).scalar_subquery()


STANDING = (
    select(
        _runs.c.code, _runs.c.rater, _runs.c.nickname, _runs.c.source, _runs.c.options,
        _classes.c.code.label("class_code"), _last(_runs.c.id).label("total"),
        _items.c.position, _items.c.kind, _items.c.face, _items.c.truth,
    )
    .select_from(
        _runs.outerjoin(_classes, _classes.c.id == _runs.c.class_id)
        .outerjoin(_items, and_(_items.c.run_id == _runs.c.id, _items.c.position == _first(_runs.c.id)))
    )
    .where(_runs.c.code == bindparam("code"))
)  # fmt: skip
"""Where the run of a code stands, its next item beside it; that is None where all are answered."""
RUN_ALONE = select(_runs.c.id, _runs.c.options).where(_runs.c.code == bindparam("code")).with_for_update()
"""The run of a code; whoever else wants it alone waits until this transaction ends."""
PLACE = (
    select(
        _items.c.id, _items.c.position, _items.c.truth, _answers.c.item_id.label("answered"), _answers.c.label,
        _first(bindparam("run")).label("first"), _last(bindparam("run")).label("last"),
    )
    .select_from(_items.outerjoin(_answers, _answers.c.item_id == _items.c.id))
    .where(_items.c.run_id == bindparam("run"), _items.c.position == bindparam("position"))
)  # fmt: skip
"""A place of a run with the answer to it, and which places are the first without an answer and the last."""
STORE = insert(_answers)
FINISH = update(_runs).where(_runs.c.id == bindparam("run")).values(finished=bindparam("now"))
