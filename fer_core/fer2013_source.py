"""What every reader of FER2013 hands over, the words for its splits, and the errors of its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.types import EMOTIONS, Uint8, unknown

SPLITS = ("Training", "PublicTest", "PrivateTest")
"""The published splits; an index of 3 (`TEST`) stands for a test image whose half nobody wrote down."""

SPLIT_COUNTS = {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
TEST = 3
NO_LABEL = 255
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
    """A dataset in which one of the seven emotions never occurs."""


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


def split_indices(words: Sequence[str], where: str, both: bool = False) -> tuple[Uint8, tuple[str, ...]]:
    """The split of each image, uint8 index into `SPLITS` or TEST, and notes, from what the form calls its splits.

    'validation' beside 'test' are taken for PublicTest and PrivateTest, the usual meaning; either of them alone holds
    both halves, and which image is in which half is left unknown. `both` says that the other one is in another file.
    """
    kinds = {word: SPLIT_WORDS.get(str(word).strip().lower().replace(" ", "")) for word in set(words)}
    strays = sorted(str(word) for word, kind in kinds.items() if kind is None)
    if strays:
        row = next(i for i, word in enumerate(words) if str(word) == strays[0])
        raise LabelError(f"{where}, row {row}: {unknown('split', strays[0], SPLITS)}")
    both = both or {"validation", "test"} <= set(kinds.values())
    index = {"train": 0, "PublicTest": 1, "PrivateTest": 2}
    index |= {"validation": 1, "test": 2} if both else {"validation": TEST, "test": TEST}
    note = f"{where}: 'validation' is taken for PublicTest and 'test' for PrivateTest, the usual meaning."
    table = {word: index[kind] for word, kind in kinds.items() if kind is not None}
    told = both and bool({"validation", "test"} & set(kinds.values()))
    return np.array([table[word] for word in words], np.uint8), (note,) if told else ()


def require_classes(labels: Uint8, where: str) -> None:
    """Nothing; MissingClassError naming the emotions that never occur in `labels`."""
    counts = np.bincount(labels, minlength=256)
    missing = [name for index, name in enumerate(EMOTIONS) if counts[index] == 0]
    if missing:
        raise MissingClassError(
            f"{where}: expected images of all seven emotions; none of {', '.join(missing)}. Is a folder missing or "
            "misspelt, or the file cut short? Download it again; to train on fewer emotions choose a label set instead."
        )
