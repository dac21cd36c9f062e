"""What every reader of FER2013 hands over, the words for its splits, and the errors of its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.labels import LABEL_SETS
from fer_core.types import EMOTIONS, Uint8, unknown

SPLITS = ("Training", "PublicTest", "PrivateTest")
"""The published splits; an index of 3 (`TEST`) stands for a test image whose half nobody wrote down."""

SPLIT_COUNTS = {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
TEST = 3
NO_LABEL = 255
DRAWN = ", split anew "
"""Stands in a dataset's form, and so on the card of what learned from it, before how its splits were drawn."""
SIDE = 48
PIXELS = SIDE * SIDE

SPLIT_WORDS = {
    "training": "train", "train": "train",
    "publictest": "PublicTest", "public": "PublicTest",
    "privatetest": "PrivateTest", "private": "PrivateTest",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
"""What folders, files and columns call a split, lower case; 'validation' and 'test' alone do not say which half."""


class DatasetError(ValueError):
    """Something about the data: the message names the file, the row, and what to do."""


class FormError(DatasetError):
    """A file or folder that is none of the published forms of FER2013."""


class ColumnError(DatasetError):
    """A table without a column that it needs."""


class PixelError(DatasetError):
    """A row whose pixels are too few, too many, no integers, or outside 0..255."""


class LabelError(DatasetError):
    """A row or folder whose label or split is unknown."""


class MissingClassError(DatasetError):
    """A dataset in which an emotion that is wanted never occurs."""


class EmptyDataError(DatasetError):
    """A file or folder without a single image."""


class NoLabelsError(DatasetError):
    """Images without labels, as in the challenge's test.csv: nothing can be trained or evaluated on them."""


class PictureError(DatasetError):
    """A picture in a tree, an archive or a parquet file that cannot be decoded."""


class ArchiveError(DatasetError):
    """An archive with names that lead out of it, with links, or that unpacks to an absurd size."""


@dataclass(frozen=True)
class Source:
    """Images as one form holds them, before they are identified.

    `faces` uint8 (N, 48, 48); `labels` uint8 (N,), index into `EMOTIONS` or NO_LABEL; `splits` uint8 (N,), index into
    `SPLITS` or TEST; `rows` int32 (N,): the row of fer2013.csv that the form itself claims, -1 where it claims none.
    """

    faces: Uint8
    labels: Uint8
    splits: Uint8
    rows: np.ndarray
    form: str
    notes: tuple[str, ...] = ()


def drawn_anew(name: str) -> bool:
    """Whether a dataset of that form, or an artifact whose card calls its data so, has other splits than published."""
    return DRAWN in name


def row_place(where: str, row: int, lines: Sequence[int] = ()) -> str:
    """How a message names a row, counted from 0 without the header, and its line in the file where there are lines."""
    return f"{where}, row {row}" + (f", line {lines[row]} of the file" if lines else "")


def split_indices(
    words: Sequence[str], where: str, both: bool = False, lines: Sequence[int] = ()
) -> tuple[Uint8, tuple[str, ...]]:
    """The split of each image, uint8 index into `SPLITS` or TEST, and notes, from what the form calls its splits.

    'validation' beside 'test' are taken for PublicTest and PrivateTest, the usual meaning; either of them alone holds
    both halves, and which image is in which half is left unknown. `both` says that the other one is in another file;
    `lines` are the rows' lines in the file, for messages.
    """
    kinds = {word: SPLIT_WORDS.get(str(word).strip().lower().replace(" ", "")) for word in set(words)}
    strays = sorted(str(word) for word, kind in kinds.items() if kind is None)
    if strays:
        row = next(i for i, word in enumerate(words) if str(word) == strays[0])
        raise LabelError(f"{row_place(where, row, lines)}: {unknown('split', strays[0], SPLITS)}")
    both = both or {"validation", "test"} <= set(kinds.values())
    index = {"train": 0, "PublicTest": 1, "PrivateTest": 2}
    index |= {"validation": 1, "test": 2} if both else {"validation": TEST, "test": TEST}
    note = f"{where}: 'validation' is taken for PublicTest and 'test' for PrivateTest, the usual meaning."
    table = {word: index[kind] for word, kind in kinds.items() if kind is not None}
    told = both and bool({"validation", "test"} & set(kinds.values()))
    return np.array([table[word] for word in words], np.uint8), (note,) if told else ()


def missing_emotions(labels: Uint8) -> tuple[str, ...]:
    """The emotions that never occur in `labels`, indices into `EMOTIONS`, in their order."""
    counts = np.bincount(labels, minlength=256)
    return tuple(name for index, name in enumerate(EMOTIONS) if counts[index] == 0)


def require_classes(labels: Uint8, where: str, wanted: Sequence[str] = EMOTIONS) -> None:
    """Nothing; MissingClassError naming those of the `wanted` emotions that never occur in `labels`."""
    missing = [name for name in missing_emotions(labels) if name in wanted]
    if not missing:
        return
    without = [name for name, emotions in LABEL_SETS.items() if not {*missing} & {*emotions}]
    fewer = f' Or train on fewer emotions: take a recipe with labels = "{without[0]}".' if without else ""
    raise MissingClassError(
        f"{where}: expected images of {', '.join(wanted)}; none of {', '.join(missing)}. Is a folder missing or "
        f"misspelt, or the file cut short? Download it again.{fewer}"
    )
