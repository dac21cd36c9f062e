"""FER2013 from csv: fer2013.csv, icml_face_data.csv, and the challenge's train.csv and test.csv."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fer_core.fer2013_source import (
    NO_LABEL,
    PIXELS,
    SIDE,
    SPLIT_COUNTS,
    TEST,
    ColumnError,
    EmptyDataError,
    FormError,
    LabelError,
    PixelError,
    Source,
    row_place,
    split_indices,
)
from fer_core.labels import EmotionError, emotion
from fer_core.types import EMOTIONS, Uint8

ALIASES = {
    "emotion": ("emotion", "label", "labels", "class"),
    "pixels": ("pixels", "pixel", "image", "img", "img_bytes", "image_bytes"),
    "Usage": ("usage", "split"),
}
"""What published tables call the three columns, lower case, without the spaces that icml_face_data.csv puts."""


def table_columns(names: Sequence[str], where: str) -> dict[str, int]:
    """The place of each of emotion, pixels and Usage that the table has.

    Only `pixels` is the challenge's test.csv, `emotion,pixels` its train.csv; ColumnError where pixels are missing, or
    where a column looks like a misspelt one.
    """
    places = {name.strip().lower(): place for place, name in reversed(list(enumerate(names)))}
    found = {what: places[a] for what, aliases in ALIASES.items() for a in reversed(aliases) if a in places}
    others = [name for name, place in places.items() if place not in found.values()]
    for what in (what for what in ALIASES if what not in found):
        near = difflib.get_close_matches(what.lower(), others, 1, 0.6)
        if near or what == "pixels" or (what == "emotion" and len(places) > 1):
            hint = f" Did you mean to call {near[0]!r} so?" if near else ""
            raise ColumnError(
                f"{where}: expected a column {what!r}, found {', '.join(map(repr, names[:12]))}.{hint} The published "
                "files have emotion,pixels,Usage (fer2013.csv) or emotion, Usage, pixels (icml_face_data.csv)."
            )
    return found


def csv_form(names: Sequence[str], columns: dict[str, int]) -> str:
    """Which published file has such columns; icml_face_data.csv is known by the spaces in its names."""
    if "Usage" in columns:
        return "icml_face_data.csv" if names[columns["pixels"]].startswith(" ") else "fer2013.csv"
    return "train.csv" if "emotion" in columns else "test.csv"


def read_csv(data: bytes, where: str) -> Source:
    """The images of a csv: the form is told by its columns, rows are claimed by position."""
    # Row by row, so that 300 MB of text are never held a second time as strings.
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""))
    try:
        names = next(rows, [])
        columns = table_columns(names, where)
        values, lines = _csv_values(((rows.line_num, fields) for fields in rows if fields), columns, where)
    except (csv.Error, UnicodeDecodeError) as error:
        place = f"{where}, near line {rows.line_num} of the file"
        raise FormError(f"{place}: cannot be read as a csv ({error}). Download it again.") from error
    if not values["pixels"]:
        raise EmptyDataError(f"{where}: expected one image a row below the header; found none. Download it again.")
    return _source(values, lines, csv_form(names, columns), where)


def _csv_values(
    rows: Iterator[tuple[int, list[str]]], columns: dict[str, int], where: str
) -> tuple[dict[str, list[Any]], list[int]]:
    """The columns' values, pixels as uint8 (48, 48), and each row's line in the file, from lines and their fields.

    PixelError for a row with fewer fields than the header.
    """
    values: dict[str, list[Any]] = {what: [] for what in columns}
    lines: list[int] = []
    for row, (line, fields) in enumerate(rows):
        lines.append(line)
        here = row_place(where, row, lines)
        if len(fields) <= max(columns.values()):
            raise PixelError(
                f"{here}: expected the fields {', '.join(columns)}, found {len(fields)} fields. The file is cut short "
                "or was edited: download it again."
            )
        for what, place in columns.items():
            text = fields[place]
            values[what].append(text if what != "pixels" else face_from_text(text, here))
    return values, lines


def _source(values: dict[str, list[Any]], lines: list[int], form: str, where: str) -> Source:
    """The source of a table's columns; train.csv and test.csv are the first and the last rows of fer2013.csv."""
    faces = np.stack(values["pixels"])
    labels = np.full(len(faces), NO_LABEL, np.uint8)
    if "emotion" in values:
        labels = label_indices(values["emotion"], where, lines=lines)
    splits = np.full(len(faces), TEST if form == "test.csv" else 0, np.uint8)
    notes: tuple[str, ...] = ()
    if "Usage" in values:
        splits, notes = split_indices(values["Usage"], where, lines=lines)
    first = SPLIT_COUNTS["Training"] if form == "test.csv" else 0
    return Source(faces, labels, splits, np.arange(first, first + len(faces), dtype=np.int32), form, notes)


def face_from_text(text: str, where: str) -> Uint8:
    """uint8 (48, 48) from 2,304 whole numbers separated by spaces; PixelError for anything else."""
    try:
        values = np.fromstring(text, dtype=np.int32, sep=" ")
    except ValueError as error:
        raise PixelError(
            f"{where}: expected {PIXELS:,} whole numbers separated by spaces, found {text[:30]!r}... ({error}). "
            "Download the file again."
        ) from error
    return face_from_numbers(values, where)


def face_from_numbers(values: np.ndarray, where: str) -> Uint8:
    """uint8 (48, 48) from 2,304 whole numbers in 0..255; PixelError for anything else."""
    if values.size != PIXELS:
        raise PixelError(
            f"{where}: expected {PIXELS:,} pixels (48 x 48), found {values.size:,}. The file is cut short or was "
            "edited: download it again."
        )
    if values.dtype.kind not in "iu":
        raise PixelError(f"{where}: expected whole pixels in 0..255, found {values.dtype}. Store them as uint8.")
    if values.min() < 0 or values.max() > 255:
        wrong = values[(values < 0) | (values > 255)][0]
        raise PixelError(f"{where}: expected pixels in 0..255, found {wrong}. Download the file again.")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def label_indices(
    values: Sequence[Any], where: str, names: Sequence[str] = EMOTIONS, lines: Sequence[int] = ()
) -> Uint8:
    """Indices into `EMOTIONS`, uint8 (N,), from numbers (places in `names`) or from names in any published spelling.

    LabelError for anything else, with the row and, where `lines` are given, its line in the file.
    """
    table = {}
    for value in dict.fromkeys(values):
        text = str(value).strip()
        try:
            table[value] = EMOTIONS.index(emotion(names[int(text)] if _is_place(text, names) else text))
        except EmotionError as error:
            here = row_place(where, list(values).index(value), lines)
            raise LabelError(f"{here}: {error} Numbers go from 0 to {len(names) - 1}.") from error
    return np.array([table[value] for value in values], np.uint8)


def _is_place(text: str, names: Sequence[str]) -> bool:
    return text.isdecimal() and int(text) < len(names)
