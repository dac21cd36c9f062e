"""Where a model looks for each emotion: its mean Grad-CAM map over aligned faces, when it is right and when wrong.

`python -m trainers average-maps` makes the study of every artifact; this module reads it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from fer_core import artifacts, kept_studies
from fer_core.types import Float32, Interval, Uint8

STUDY, METHOD = "average_maps", "grad_cam"
SIDE = 24
"""Cells that a stored map is high and wide: no finer than what Grad-CAM gives."""
OUTCOMES = {"right": "where it is right", "wrong": "where it is wrong"}


@dataclass(frozen=True)
class Packed:
    """A map of `SIDE` x `SIDE` values from 0 to `top` as bytes in base64, 255 for `top`: small enough to keep."""

    top: float
    bytes: str

    def unpacked(self) -> Float32:
        """The map, float32 (SIDE, SIDE) in 0..top; ValueError where the bytes are not of that many cells."""
        values = np.frombuffer(base64.b64decode(self.bytes, validate=True), np.uint8).reshape(SIDE, SIDE)
        return np.asarray(values * (self.top / 255), np.float32)


def pack(values: Float32) -> Packed:
    """A map (SIDE, SIDE) of values >= 0, kept to 1/255 of its largest."""
    top = float(values.max())
    scaled = np.rint(values * (255 / top if top > 0 else 0.0)).astype(np.uint8)
    return Packed(top, base64.b64encode(scaled.tobytes()).decode())


@dataclass(frozen=True)
class Group:
    """The mean map of `n` faces that the model gives one answer, of `of` such faces; `empty` more maps were all zero.

    Every face's map is scaled to sum to 1 first, so that each counts the same, and moved so that eyes, nose and mouth
    lie in one place. `map` is in units of an even spread: 3 is three times the mean of the picture. `shares`: how much
    of the map lies on each region of the face, mean and 95 % interval, 0..1; `areas`: how much of the picture is each.
    """

    n: int
    of: int
    empty: int
    map: Packed | None
    shares: Mapping[str, Interval]
    areas: Mapping[str, float]


@dataclass(frozen=True)
class Study:
    """One model's mean maps on faces of `split`, up to `most` a group, drawn by `seed`: by its answer, then outcome.

    The target is the answer itself, so that a wrong "fear" shows what the model took for fear.
    """

    weights_sha256: str
    split: str
    faces: int
    most: int
    seed: int
    data_sha256: str
    groups: Mapping[str, Mapping[str, Group]]


@dataclass(frozen=True)
class Faces:
    """The mean of FER2013's aligned faces by label, of `n`: `side` x `side` grey pixels as bytes in base64."""

    split: str
    data_sha256: str
    side: int
    n: Mapping[str, int]
    pixels: Mapping[str, str]

    def face(self, label: str) -> Uint8:
        """The mean face of a label, uint8 (side, side)."""
        return np.frombuffer(base64.b64decode(self.pixels[label], validate=True), np.uint8).reshape(
            self.side, self.side
        )


def study(id: str, root: Path | None = None) -> Study:
    """An artifact's study; ArtifactError where there is none, or it is damaged or of other weights."""
    found = kept_studies.read(Study, STUDY, id, root)
    try:
        for group in (group for groups in found.groups.values() for group in groups.values() if group.map):
            group.map.unpacked()  # type: ignore[union-attr]  # those without a map are left out
    except ValueError as error:
        raise kept_studies.outdated(STUDY, id, f"is damaged: {error}") from error
    return found


def mean_faces(root: Path | None = None) -> Faces | None:
    """FER2013's mean faces, kept beside the reference; None where nobody made them or they cannot be read."""
    try:
        found = TypeAdapter(Faces).validate_python(artifacts.study(STUDY, root=root))
        return found if all(found.face(label).size for label in found.pixels) else None
    except (ValidationError, ValueError):
        return None
