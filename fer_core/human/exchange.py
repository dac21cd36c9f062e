"""Answers out as a CSV that R and pandas read at once, and in again from here or from other experiments."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from fer_core.human import codes
from fer_core.human.answers_table import COLUMNS, codebook
from fer_core.human.database import Database
from fer_core.human.errors import HumanError, ImportRefusedError
from fer_core.human.quiz import LONGEST_MILLISECONDS, check_nickname
from fer_core.human.sampling import LIMITS
from fer_core.human.tables import AnswerRecord, ClassRecord, ItemRecord, RunRecord
from fer_core.labels import emotion
from fer_core.spreadsheets import bare, guarded
from fer_core.types import EMOTIONS, unknown

NEEDED = ("rater", "face", "truth", "label")
"""Columns that a table from elsewhere must have; all others of the codebook it may have."""
KINDS = ("practice", "test", "repeat", "attention")
MOST_BYTES, MOST_ROWS = 50_000_000, 500_000
FREE_TEXTS = ("nickname", "class", "condition")
"""Columns that hold what somebody typed."""
IMPORT_LOCK = 0x7FACE6
"""What an import locks on PostgreSQL, together with the class's number, 0 for none: a number that is ours alone."""
_NAME = re.compile(r"[\w][\w .:/-]{0,99}")


@dataclass(frozen=True)
class Imported:
    """What came in: how many raters and answers, and the columns that nobody here reads."""

    raters: int
    answers: int
    ignored: tuple[str, ...]


def to_csv(table: pd.DataFrame) -> bytes:
    """A table of `answers_table` as CSV in UTF-8, moments as ISO 8601; what somebody typed is never a formula."""
    texts = {c: [guarded(t) if isinstance(t, str) else t for t in table[c]] for c in FREE_TEXTS}
    moments = {c: [m.isoformat(timespec="seconds") for m in table[c]] for c in ("started", "answered")}
    feedback = table["feedback"].map({True: "true", False: "false"})
    return table.assign(feedback=feedback, **texts, **moments).to_csv(index=False).encode()


def codebook_csv() -> bytes:
    """The codebook as CSV in UTF-8."""
    return codebook().to_csv(index=False).encode()


def import_csv(database: Database, data: bytes, class_number: int | None = None) -> Imported:
    """What was stored of a CSV, all of it or nothing: each rater as one run, of a class where its number is given.

    Emotions in any published spelling. A rater's rows in the order of the column position, where there is one.
    ImportRefusedError naming row and column for what does not fit, and for a rater who is here already, so that the
    same file twice is stored once; and where the class is gone.
    """
    table = _read(data)
    ignored = tuple(name for name in table.columns if name not in COLUMNS)
    runs = [_Run(str(rater), rows) for rater, rows in table.groupby("rater", sort=False)]
    with database.writing() as session:
        _alone(session, class_number)
        here = set(session.scalars(select(RunRecord.rater).filter_by(class_id=class_number)))
        twice = next((run.rater for run in runs if run.rater in here), None)
        if twice is not None:
            raise ImportRefusedError(f"Rater {twice!r} is here already. Was this file imported before?")
        for run in runs:
            session.add(record := run.record(class_number))
            session.flush()
            items = [ItemRecord(run_id=record.id, **item) for item in run.items]
            session.add_all(items)
            session.flush()
            rows = [{"item_id": item.id, **given} for item, given in zip(items, run.answers, strict=True)]
            session.execute(insert(AnswerRecord), rows)
    return Imported(len(runs), len(table), ignored)


def _alone(session: Session, class_number: int | None) -> None:
    """Waits for an import into the same class, so as to see its raters; SQLite has one writer at a time anyway.

    Not for the class's row alone: nobody could begin a quiz or enter the class before a long import ends. It is kept
    from being deleted meanwhile; ImportRefusedError where it was.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(IMPORT_LOCK, class_number or 0)))
    mine = select(ClassRecord.id).filter_by(id=class_number).with_for_update(read=True, key_share=True)
    if class_number is not None and session.scalar(mine) is None:
        raise ImportRefusedError("The class was deleted. Nothing was stored.")


def _read(data: bytes) -> pd.DataFrame:
    """The table as text, the needed columns there, rows called as in a spreadsheet, blank ones counted."""
    if len(data) > MOST_BYTES:
        raise ImportRefusedError(f"Expected a file of at most {MOST_BYTES // 10**6} MB, got {len(data) / 1e6:,.0f} MB.")
    try:
        text = data.decode("utf-8-sig")
        body = text.lstrip("\r\n")
        head = body.partition("\n")[0]
        separator = max(",;\t", key=head.count)
        table = pd.read_csv(io.StringIO(body), sep=separator, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ImportRefusedError(f"Expected a CSV in UTF-8 with a row of column names, got {reason}.") from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas took what was too much for names of rows, from the left
        raise ImportRefusedError(
            "The rows have more cells than the head has names. Do they end in a separator? Take it away, or end the "
            "head in one too."
        )
    for name in NEEDED:
        if name not in table.columns:
            raise ImportRefusedError(unknown("column", name, table.columns) + f" Needed: {', '.join(NEEDED)}.")
    first = 2 + text[: len(text) - len(body)].count("\n")
    table.index = pd.RangeIndex(first, len(table) + first)
    table = table[(table.fillna("") != "").any(axis=1)]
    if not 0 < len(table) <= MOST_ROWS:
        raise ImportRefusedError(f"Expected 1 to {MOST_ROWS:,} rows of answers, got {len(table):,}.")
    for row, rater in table["rater"].items():
        _cell(row, "rater", rater, _name)
    return table


class _Run:
    """One rater's rows, checked and as the tables want them."""

    def __init__(self, rater: str, rows: pd.DataFrame) -> None:
        self.rater = rater
        self.items: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        seen: set[tuple[str, str | None]] = set()
        rows, places = _in_order(rater, rows)
        for position, (row, cells) in zip(places, rows.iterrows(), strict=True):
            item, given = _item(row, cells, position), _answer(row, cells)
            key = (item["kind"], item["face"])
            if key in seen and item["kind"] in ("test", "practice"):
                raise ImportRefusedError(
                    f"Row {row}, column face: {rater!r} answers the {key[0]} face {key[1]!r} a second time. "
                    "A face that is shown again is of the kind repeat."
                )
            seen.add(key)
            self.items.append(item)
            self.answers.append(given)
        self._first = rows.iloc[0]
        self._row = rows.index[0]

    def record(self, class_number: int | None) -> RunRecord:
        """The run's own row."""
        first, row = self._first, self._row
        started = _cell(row, "started", first.get("started", ""), _moment)
        return RunRecord(
            code=codes.new_code(codes.RUN_LENGTH), rater=self.rater, class_id=class_number, origin="import",
            nickname=_cell(row, "nickname", bare(first.get("nickname", "")), check_nickname),
            consented=started, started=started, finished=started,
            source=_cell(row, "source", first.get("source") or "imported", _name),
            condition=_cell(row, "condition", bare(first.get("condition", "")), _visible)[:80] or "unknown",
            faces_seed=_cell(row, "faces_seed", first.get("faces_seed", ""), _whole(0, 2**62)) or 0,
            seed=_cell(row, "seed", first.get("seed", ""), _whole(0, 2**62)) or 0,
            options={"feedback": _cell(row, "feedback", first.get("feedback", ""), _truth_value),
                     "limit": _cell(row, "limit_ms", first.get("limit_ms", ""), _whole(*LIMITS))},
        )  # fmt: skip


def _in_order(rater: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[int]]:
    """A rater's rows as they were shown, and the place of each; where no place is said, as they stand, from 1."""
    if "position" not in rows or not rows["position"].any():
        return rows, list(range(1, len(rows) + 1))
    at: dict[int, Hashable] = {}
    for row, text in rows["position"].items():
        place = _cell(row, "position", text, _place)
        if place in at:
            raise ImportRefusedError(f"Row {row}, column position: {rater!r} has place {place} in row {at[place]} too.")
        at[place] = row
    places = sorted(at)
    return rows.loc[[at[place] for place in places]], places


def _item(row: Hashable, cells: pd.Series, position: int) -> dict[str, Any]:
    kind = cells.get("kind") or "test"
    if kind not in KINDS:
        raise ImportRefusedError(f"Row {row}, column kind: {unknown('kind', kind[:40], KINDS)}")
    face = None if kind == "attention" and not cells["face"] else _cell(row, "face", cells["face"], _name)
    truth = _cell(row, "truth", cells["truth"], lambda name: EMOTIONS.index(emotion(name)))
    return {"position": position, "kind": kind, "face": face, "truth": truth}


def _answer(row: Hashable, cells: pd.Series) -> dict[str, Any]:
    label = cells["label"]
    return {
        "label": _cell(row, "label", label, lambda name: EMOTIONS.index(emotion(name))) if label else None,
        "milliseconds": _cell(row, "reaction_ms", cells.get("reaction_ms", ""), _whole(0, LONGEST_MILLISECONDS)),
        "confidence": _cell(row, "confidence", cells.get("confidence", ""), _whole(1, 5)),
        "answered": _cell(row, "answered", cells.get("answered", ""), _moment),
    }


def _cell(row: Hashable, column: str, text: str, read: Callable[[str], Any]) -> Any:
    """The cell's value; ImportRefusedError that says where it stands for what cannot be read."""
    try:
        return read(text)
    except (HumanError, ValueError) as error:
        raise ImportRefusedError(f"Row {row}, column {column}: {str(error)[:300]}") from error


def _name(text: str) -> str:
    if _NAME.fullmatch(text) and text.isprintable():
        return text
    raise ValueError(f"expected a name of 1 to 100 letters, digits and .:/-, got {text[:40]!r}.")


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    raise ValueError(f"expected letters, digits and signs, got invisible characters: {text[:40]!r}.")


def _place(text: str) -> int:
    place = _whole(1, 10**6)(text)
    if place is None:
        raise ValueError("expected a whole number in each of a rater's rows or in none, got nothing.")
    return place


def _whole(low: int, high: int) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        if not text:
            return None
        if re.fullmatch(r"\d{1,19}(\.0*)?", text, re.ASCII) and low <= (value := int(text.partition(".")[0])) <= high:
            return value
        raise ValueError(f"expected a whole number from {low} to {high} or nothing, got {text[:40]!r}.")

    return read


def _truth_value(text: str) -> bool:
    if text.lower() in ("", "true", "false"):
        return text.lower() == "true"
    raise ValueError(f"expected true or false, got {text[:40]!r}.")


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text) if text else datetime.now(UTC)
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"expected a moment of the years 1 to 9999 in UTC, got {text[:40]!r}.") from error
