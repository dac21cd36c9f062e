"""One run of `seven-faces predict`: photo after photo to a CSV, with a ledger from which the run goes on.

A photo's faces are written first, its row of the ledger after them: a photo without its row is read again.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core import artifacts, catalog
from fer_core.collection import Collection, LedgerRow
from fer_core.collection_add import Read, add_one, ledger_row, read_input, reader
from fer_core.collection_answers import answer, answered, joining, members_first
from fer_core.detection import DetectionOptions, Detector
from fer_core.exports import LEDGER_COLUMNS, Row, columns, csv_bytes, face_row, ledger_fields, settings
from fer_core.photo_sources import Input
from fer_core.reading import spreadsheet_safe
from fer_core.types import ModelCard
from fer_core.whole import put

if TYPE_CHECKING:
    from fer_core.predictor import BasePredictor

FINISHED = ("read", "no face", "same")
"""Outcomes of the ledger that need no other try."""


class RunError(ValueError):
    """Why a run cannot go on in the file that was named, and what to do."""


class Run:
    """A run with these models and options.

    `counts` are this run's files by outcome; `before` those of its photos that an earlier run did; `faces` the faces in
    the photos of both kinds.
    """

    def __init__(
        self, cards: Sequence[ModelCard], options: DetectionOptions, out: Path | None, restart: bool = False
    ) -> None:
        """Nothing is loaded yet; RunError where `out` holds something else, unless `restart` says to forget it.

        And where `out` is a folder, or cannot be written, whatever `restart` says.
        """
        self.cards, self.options, self.out = cards, options, out
        self.ids = [card.id for card in cards]
        self.same = settings(options, [(card.id, card.weights_sha256, card.temperature) for card in cards])
        self.counts: Counter[str] = Counter()
        self.before = self.faces = 0
        self.done: dict[str, tuple[int, set[str]]] = {}
        self.earlier: set[tuple[str, str]] = set()
        self.faces_of_earlier: Counter[str] = Counter()
        self.next = 1
        if out is None:
            _write(None, csv_bytes([], columns(self.ids)), new=True)
        else:
            try:
                self._begin(out, restart)
            except OSError as error:  # which may name a file of ours beside it
                raise RunError(f"{out} cannot be written: {error.strerror}. Name another with --out.") from error
        self.ledger_bytes = self._ledger_size()

    @cached_property
    def read(self) -> Read:
        """The way to read a photo; loads the detector the first time."""
        return reader(Detector())

    @cached_property
    def predictors(self) -> list[BasePredictor]:
        """The models, loaded the first time a face is found; each once, though an ensemble has it for a member."""
        loaded: dict[str, BasePredictor] = {}

        def one(id: str) -> BasePredictor:
            if id not in loaded:
                loaded[id] = catalog.load(id, engine="auto", member=one)
            return loaded[id]

        return [one(id) for id in self.ids]

    @cached_property
    def asked(self) -> list[tuple[ModelCard, BasePredictor, list[ModelCard]]]:
        """The models in the order in which to ask them, each with the cards of its members; loaded as `predictors`."""
        loaded = dict(zip(self.ids, self.predictors, strict=True))
        return [
            (card, loaded[card.id], [artifacts.card(id) for id in card.recipe.get("members", ())])
            for card in members_first(self.cards)
        ]

    def take(self, given: Input) -> LedgerRow | None:
        """The file's row in the ledger, once its faces are written; None where it has one, of whichever run.

        RunError, and nothing written, where another run writes to the same table.
        """
        name = spreadsheet_safe(given.name)
        sha256 = hashlib.sha256(given.data).hexdigest() if given.data else ""
        first, names = self.done.get(sha256, (None, set()))
        self.faces += self.faces_of_earlier.pop(sha256, 0)  # once, whatever the picture is called now
        if name in names:
            self.before += (sha256, name) in self.earlier
            self.earlier.discard((sha256, name))
            return None
        if first is None:
            return self._read(given)
        row = LedgerRow(self.next, given.name, "same", 0, _same_as(first), sha256)
        self._keep(row, [])
        return row

    def _read(self, given: Input) -> LedgerRow:
        one = read_input(given, self.read, self.options)
        collection = add_one(Collection(options=self.options), one)
        row = ledger_row(self.next, one, None)
        rows = []
        if collection.faces:
            for card, model, members in self.asked:
                collection = answer(collection, card, joining(collection, members, model, model.predict_proba))
            rows = [face_row(face, self.same, row.number) for face in answered(collection, self.ids)]
        self._keep(row, rows)
        return row

    def _keep(self, row: LedgerRow, rows: list[Row]) -> None:
        if self._ledger_size() != self.ledger_bytes:  # two runs would give two photos one number
            raise RunError(
                f"Another run writes to {self.out} too, or its ledger was changed. Give this command again once that "
                "has ended, and it goes on; or name another file with --out."
            )
        _write(self.out, csv_bytes(rows, columns(self.ids)), new=False)
        if self.out is not None:
            _write(ledger_path(self.out), csv_bytes([ledger_fields(row, self.same)], LEDGER_COLUMNS), new=False)
        self.ledger_bytes = self._ledger_size()
        self.counts[row.outcome] += 1
        self.faces += row.faces
        self.next += 1
        self._note(row.outcome, row.sha256, row.number, spreadsheet_safe(row.file))

    def _ledger_size(self) -> int:
        """Bytes in the ledger; 0 where there is none."""
        path = self.out and ledger_path(self.out)
        return path.stat().st_size if path and path.is_file() else 0

    def _note(self, outcome: str, sha256: str, number: int, name: str) -> None:
        if outcome in FINISHED:
            first, names = self.done.get(sha256, (number, set()))
            self.done[sha256] = (first, names | {name})

    def _begin(self, out: Path, restart: bool) -> None:
        """Nothing comes back; both files are there, with what is finished of an earlier run unless to `restart`."""
        if out.is_dir():
            raise RunError(f"{out} is a folder. Name a file with --out, such as {out / 'faces.csv'}.")
        if out.exists() and not restart:
            self._go_on(out)
        else:
            _write(out, csv_bytes([], columns(self.ids)), new=True)
            _write(ledger_path(out), csv_bytes([], LEDGER_COLUMNS), new=True)

    def _go_on(self, out: Path) -> None:
        """Takes over what is finished in the two files, without what was torn or could not be read."""
        ledger = _table(ledger_path(out), LEDGER_COLUMNS, ended=True)
        faces = _table(out, columns(self.ids))
        others = {row["settings"] for row in (*ledger, *faces)} - {self.same}
        if others:
            raise RunError(f"{out} was made with other models, weights or options. {_REMEDY}")
        kept = [row for row in ledger if row["outcome"] in FINISHED and row["number"].isdigit()]
        numbers = {row["number"] for row in kept}
        found = [row for row in faces if row["photo"] in numbers]
        for row in kept:
            self._note(row["outcome"], row["sha256"], int(row["number"]), row["file"])
            self.earlier.add((row["sha256"], row["file"]))
        self.faces_of_earlier.update(row["sha256"] for row in found)
        self.next = max((int(row["number"]) for row in kept), default=0) + 1
        _write(out, csv_bytes(found, columns(self.ids)), new=True)
        _write(ledger_path(out), csv_bytes(kept, LEDGER_COLUMNS), new=True)


_REMEDY = "Name another file with --out, or begin anew in this one with --restart."


def ledger_path(out: Path) -> Path:
    """Where the ledger of a table stands: faces.csv has faces.ledger.csv, and faces.txt beside it another one."""
    return out.with_name(f"{out.name.removesuffix('.csv')}.ledger.csv")


def _same_as(number: int) -> str:
    return f"The same picture as no. {number}; its faces are counted once."


def _table(path: Path, wanted: Sequence[str], *, ended: bool = False) -> list[dict[str, str]]:
    """The whole rows of a CSV of ours, with `ended` only those whose line has its end; RunError for another file.

    A row torn in its last column has all of its fields. In the ledger that column is `settings`, which would then seem
    to be another run's; in the faces' table the torn photo has no row of the ledger, and goes with that.
    """
    if not path.is_file():
        raise RunError(f"{path} is not there, so it is not known what is finished. {_REMEDY}")
    try:
        # by a decoder that waits for more at the end, where a character may be torn
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(path.read_bytes())
        rows = csv.DictReader(StringIO(text[: text.rfind("\n") + 1] if ended else text, newline=""))
        if list(rows.fieldnames or []) != list(wanted):
            raise RunError(f"{path} has other columns: other models, or no file of seven-faces. {_REMEDY}")
        return [row for row in rows if None not in row and None not in row.values()]
    except (UnicodeDecodeError, csv.Error) as error:
        raise RunError(f"{path} is no CSV of seven-faces ({error}). {_REMEDY}") from error


def _write(path: Path | None, data: bytes, *, new: bool) -> None:
    """Nothing comes back; the table is written: anew and whole, or without its header at the end of what is there."""
    if not new:
        data = data.partition(b"\n")[2]
    if path is None:
        sys.stdout.buffer.write(data.removeprefix(b"\xef\xbb\xbf"))
        sys.stdout.buffer.flush()
    elif new:
        put(path, data)
    else:
        with path.open("ab") as file:
            file.write(data)
