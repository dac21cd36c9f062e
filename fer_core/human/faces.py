"""Where the quiz takes its faces from: FER2013's test images, or faces that the user labelled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Protocol

import numpy as np

from fer_core.answers import Int64
from fer_core.artifacts import Reference
from fer_core.datasets import Dataset
from fer_core.evidence import mask
from fer_core.types import Uint8

DEFAULT_SET = "PrivateTest without copies"
"""The faces that the models were tested on, without those that Training has too: no model has seen the answer."""
FER2013_SETS = "FER2013 "
"""How the names of FER2013's sets begin, and no other's."""
PREFIX, PIXELS = "fer2013:", "sha256:"
"""How the ids of FER2013's faces and of all others begin."""


class Faces(Protocol):
    """Labelled faces: `ids` (N,) name them in the database, `labels` int64 (N,) index `EMOTIONS`."""

    @property
    def name(self) -> str:
        """What the set is called, at most 100 characters; kept with every run."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The id or hash of each face, at most 100 characters."""

    @property
    def labels(self) -> Int64:
        """The label of each face."""

    def crop(self, id: str) -> Uint8 | None:
        """The picture, uint8 (H, W) grey or (H, W, 3) colour; None where it is not on this machine."""


class Fer2013Faces:
    """The test images of one set of `fer_core.evidence.SETS`; the pictures come from the dataset."""

    def __init__(self, reference: Reference, dataset: Dataset | None, images: str = DEFAULT_SET) -> None:
        chosen = mask(reference, images)
        self.name = FER2013_SETS + images
        self.ids = tuple(face_id(row) for row in reference.ids[chosen].tolist())
        self.labels = reference.truth[chosen].astype(np.int64)
        self._dataset = dataset

    def crop(self, id: str) -> Uint8 | None:
        """The picture, uint8 (48, 48) grey; None where the dataset or the face is not on this machine."""
        place = self._places.get(row_of(id))
        return self._dataset.faces[place] if self._dataset is not None and place is not None else None

    @cached_property
    def _places(self) -> dict[int | None, int]:
        rows = [] if self._dataset is None else self._dataset.ids.tolist()
        return {row: place for place, row in enumerate(rows) if row >= 0}


class LabelledFaces:
    """Faces with labels that the user gave, told apart by a hash of their pixels; the same face twice counts once."""

    def __init__(self, name: str, faces: Iterable[tuple[Uint8, int]]) -> None:
        self.name = name[:100]
        self._crops = {pixel_id(crop): (crop, label) for crop, label in faces}
        self.ids = tuple(self._crops)
        self.labels = np.array([label for _, label in self._crops.values()], np.int64)

    @cached_property
    def reference(self) -> Reference:
        """The labels as those of a set of test images, so that people and models are compared by the same code.

        `ids` are the places in this set; nobody voted.
        """
        n = len(self.ids)
        none = np.zeros((n, 10), np.uint8)
        return Reference(
            np.arange(n, dtype=np.int32), self.labels.astype(np.uint8), none[:, 0], none, np.zeros(n, bool)
        )

    def crop(self, id: str) -> Uint8 | None:
        """The picture as it was given; None where no face has that hash."""
        return self._crops[id][0] if id in self._crops else None


def face_id(row: int) -> str:
    """The id of FER2013's face in that row of fer2013.csv."""
    return f"{PREFIX}{row}"


def row_of(id: str | None) -> int | None:
    """The row of fer2013.csv that an id names; None for any other face."""
    digits = (id or "").removeprefix(PREFIX)
    return int(digits) if id and id.startswith(PREFIX) and digits.isascii() and digits.isdigit() else None


def pixel_id(crop: Uint8) -> str:
    """The id of a picture: the sha256 of its shape and pixels."""
    digest = hashlib.sha256(str(crop.shape).encode())
    digest.update(np.ascontiguousarray(crop).data)
    return f"{PIXELS}{digest.hexdigest()}"
