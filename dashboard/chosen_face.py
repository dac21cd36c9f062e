"""The one face that a page is about, wherever it comes from; no streamlit here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from PIL import Image

from fer_core.collection import CollectedFace, Collection
from fer_core.crop_rule import Frame, frame
from fer_core.datasets import SPLITS
from fer_core.overlay import points_in
from fer_core.types import EMOTIONS, Float32, Uint8


@dataclass(frozen=True, eq=False)
class ChosenFace:
    """A face uint8 RGB (h, w, 3), with a name for people and a digest of its pixels for caches.

    `truth`: its label, None where nobody said; `points` float32 (5, 2): MTCNN's landmarks in its pixels, None where
    they are not known. `photo` uint8 RGB and `frame` in its pixels: where it was cut out, None for FER2013's pictures.
    `link`: what a URL says to open it.
    """

    crop: Uint8
    name: str
    digest: str
    truth: str | None
    points: Float32 | None
    photo: Uint8 | None = None
    frame: Frame | None = None
    link: Mapping[str, str] = field(default_factory=dict)

    def points_on(self, size: tuple[int, ...]) -> Float32 | None:
        """The landmarks float32 (5, 2) in the pixels of a map of the face, `size` (h, w): it may be smaller."""
        if self.points is None:
            return None
        (height, width), (down, across) = self.crop.shape[:2], size
        return np.asarray(self.points * (across / width, down / height), np.float32)


def of_collection(collection: Collection, face: CollectedFace, link: Mapping[str, str]) -> ChosenFace:
    """A face of the user's photos."""
    photo = collection.photo(face.found.photo)
    cut, crop = frame(face.face.box, face.face.landmarks, collection.options.crop), face.face.crop
    points = points_in(face.face.landmarks, cut, crop.shape)
    name = f"Face {face.number} of photo {photo.number}"
    picture, scaled = None, None
    if photo.preview_jpeg is not None:
        with Image.open(BytesIO(photo.preview_jpeg)) as preview:
            picture = np.asarray(preview.convert("RGB"))
        x, y, width, height = (photo.scale * length for length in (cut.x, cut.y, cut.width, cut.height))
        scaled = Frame(x, y, width, height, cut.roll)
    return ChosenFace(crop, name, face.found.digest, face.label, points, picture, scaled, link)


def of_fer2013(id: int, grey: Uint8, truth: int, split: int, points: Float32 | None) -> ChosenFace:
    """A test face of FER2013, uint8 (48, 48), by its row, with the landmarks that were found in it."""
    crop = np.repeat(grey[..., None], 3, axis=2)
    digest = hashlib.sha256(grey.tobytes()).hexdigest()
    link = {"source": "fer2013", "face": str(id)}
    return ChosenFace(crop, f"Face {id} of {SPLITS[split]}", digest, EMOTIONS[truth], points, link=link)
