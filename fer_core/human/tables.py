"""The tables: classes, runs, the items of a run, and one answer at most an item. No picture is in any of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Integer, MetaData, SmallInteger, String, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, with its time zone again where the database forgets it (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment, in UTC."""
        if value is None:
            return None
        # PostgreSQL gives a moment in the time zone of its server
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The root of all tables, whose constraints have names, so that migrations can speak of them."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {dict[str, Any]: JSON, datetime: Moment}  # noqa: RUF012 (as SQLAlchemy documents it)


class ClassRecord(Base):
    """A class that takes the quiz together: the same faces for all, from one seed.

    `tries` counts wrong passphrases since the last right one, `tried` is the last of them.
    """

    __tablename__ = "classes"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    passphrase: Mapped[str] = mapped_column(String(200))
    seed: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(100))
    options: Mapped[dict[str, Any]]
    created: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    tried: Mapped[datetime | None]


class RunRecord(Base):
    """One person's quiz. `code` resumes it and is known to that person alone; `rater` is its name in exports."""

    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    rater: Mapped[str] = mapped_column(String(100), index=True)
    class_id: Mapped[int | None] = mapped_column(ForeignKey("classes.id", ondelete="CASCADE"), index=True)
    nickname: Mapped[str | None] = mapped_column(String(40))
    consented: Mapped[datetime]
    origin: Mapped[str] = mapped_column(String(10))
    faces_seed: Mapped[int] = mapped_column(BigInteger)
    seed: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(100))
    condition: Mapped[str] = mapped_column(String(80))
    options: Mapped[dict[str, Any]]
    started: Mapped[datetime]
    finished: Mapped[datetime | None]
    group: Mapped[ClassRecord | None] = relationship(lazy="joined")


class ItemRecord(Base):
    """One place of a run: which face it shows. `face` is an id or a hash, None for a check of attention."""

    __tablename__ = "items"
    __table_args__ = (UniqueConstraint("run_id", "position"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(10))
    face: Mapped[str | None] = mapped_column(String(100), index=True)
    truth: Mapped[int] = mapped_column(SmallInteger)


class AnswerRecord(Base):
    """The answer to an item; its key is the item, so that there cannot be two.

    `label` is None where the time ran out, `milliseconds` where the browser could not measure.
    """

    __tablename__ = "answers"
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[int | None] = mapped_column(SmallInteger)
    milliseconds: Mapped[int | None] = mapped_column(Integer)
    confidence: Mapped[int | None] = mapped_column(SmallInteger)
    answered: Mapped[datetime]
