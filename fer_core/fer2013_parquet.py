"""FER2013 from parquet: pixels as text, lists or bytes, or pictures in the way of Hugging Face."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_core.fer2013_pictures import decode, resized_note
from fer_core.fer2013_source import (
    NO_LABEL,
    PIXELS,
    SIDE,
    SPLIT_WORDS,
    EmptyDataError,
    FormError,
    PixelError,
    Source,
    split_indices,
)
from fer_core.fer2013_tables import face_from_numbers, face_from_text, label_indices, table_columns
from fer_core.types import EMOTIONS, Uint8

if TYPE_CHECKING:
    import pyarrow as pa

SIGNATURES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
    b"BM" + PIXELS.to_bytes(4, "little"), b"RIFF" + (PIXELS - 8).to_bytes(4, "little"),
)  # fmt: skip
"""How a PNG, JPEG, BMP or WebP begins that is as long as raw pixels are; the last two say their length, without which
two grey levels could be taken for a BMP. No image of FER2013 begins so."""


def read_parquet(data: bytes, where: str, both: bool = False) -> Source:
    """The images of a parquet file.

    The split comes from a column, or else from the file's name (train-00000-of-00001.parquet) or its folder's
    (train/0000.parquet); `both` says that one file is called validation and another test. Only rows beside a column of
    splits claim a place in fer2013.csv.
    """
    table = _table(data, where)
    columns = table_columns(table.column_names, where)
    values = {what: table.column(place).to_pylist() for what, place in columns.items()}
    faces, resized = _faces(values["pixels"], where)
    labels = np.full(len(faces), NO_LABEL, np.uint8)
    if "emotion" in values:
        names = _class_names(table.schema.metadata, table.column_names[columns["emotion"]])
        labels = label_indices(values["emotion"], where, names)
    word = split_word(where)
    splits, notes = split_indices(values.get("Usage", [word] * len(faces)), where, both)
    if "Usage" in values:
        return Source(faces, labels, splits, np.arange(len(faces), dtype=np.int32), "parquet", notes + resized)
    if word != split_word(_path(where).name):
        notes += (f"Parquet files whose name tells no split have that of their folder: {word}.",)
    return Source(faces, labels, splits, np.full(len(faces), -1, np.int32), "parquet", notes + resized)


def split_word(where: str) -> str:
    """What a file's name calls its split (a value of SPLIT_WORDS), or else the nearest folder that is called by one.

    The name's first word where neither is.
    """
    path = _path(where)
    first = path.name.replace("_", "-").replace(".", "-").split("-")[0]
    words = (first, *(folder.name for folder in path.parents))
    return next((SPLIT_WORDS[word.lower()] for word in words if word.lower() in SPLIT_WORDS), first)


def _path(where: str) -> PurePosixPath:
    return PurePosixPath(where.replace("\\", "/"))


def _table(data: bytes, where: str) -> pa.Table:
    """The file as a table; FormError where it is damaged, EmptyDataError where it has no rows."""
    # Here, because this is the only form that needs it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise FormError(f"{where}: cannot be read as parquet ({error}). Download it again.") from error
    if not table.num_rows:
        raise EmptyDataError(f"{where}: expected one image a row; found none. Download it again.")
    return table


def _faces(values: list[Any], where: str) -> tuple[Uint8, tuple[str, ...]]:
    """Faces from whatever the column holds, with a note where pictures had to be resized."""
    faces = np.empty((len(values), SIDE, SIDE), np.uint8)
    resized = 0
    for row, value in enumerate(values):
        faces[row], changed = _face(value, f"{where}, row {row}")
        resized += changed
    return faces, resized_note(resized, where)


def _face(value: Any, where: str) -> tuple[Uint8, bool]:
    """One face, and whether it was resized, from text, numbers, 2,304 raw bytes, or an encoded picture."""
    encoded = isinstance(value, dict)
    value = value.get("bytes") if isinstance(value, dict) else value
    if value is None:
        raise PixelError(
            f"{where}: expected {PIXELS:,} pixels (48 x 48), found none: the value is null. Download the file again, "
            "or leave the row out."
        )
    if isinstance(value, bytes) and (encoded or len(value) != PIXELS or value.startswith(SIGNATURES)):
        return decode(value, where)
    if isinstance(value, str):
        return face_from_text(value, where), False
    numbers = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.array(value).ravel()
    return face_from_numbers(numbers, where), False


def _class_names(metadata: Mapping[bytes, bytes] | None, column: str) -> Sequence[str]:
    """The names behind label numbers as Hugging Face writes them into a parquet file, else FER2013's order."""
    try:
        features = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return tuple(features[column]["names"])
    except (KeyError, TypeError, json.JSONDecodeError):
        return EMOTIONS
