"""What every method is given: faces, target, the size of the maps, chance, and the work to report to."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_core.predictor import Faces, resized
from fer_core.preprocess import check_faces
from fer_core.saliency.work import Work
from fer_core.types import Float32, Target, Uint8

Int = NDArray[np.signedinteger[Any]]
LARGEST = 192
"""Pixels that a face is made smaller to before parts of it are hidden, and that a map has at most; no network here
looks at more."""
SIDE = 96
"""Pixels that a map is high and wide where the crops have several sizes."""


@dataclass(frozen=True)
class Task:
    """Faces uint8 (h, w, 3), the target, the maps' height and width, and the seed of whatever is left to chance."""

    faces: Sequence[Uint8]
    target: Target
    size: tuple[int, int]
    seed: int = 0
    work: Work = field(default_factory=Work)

    def chance(self) -> np.random.Generator:
        """The same sequence for every model that is given the same seed."""
        return np.random.default_rng(self.seed)


def size_of(faces: Faces) -> tuple[int, int]:
    """Height and width of the maps: the faces' own within `LARGEST`, or `SIDE` where these differ.

    ValueError where they are no faces.
    """
    shapes = {face.shape[:2] for face in check_faces(faces)}
    if isinstance(faces, np.ndarray):
        shapes = {faces.shape[1:3]}
    return within(*shapes.pop()) if len(shapes) == 1 else (SIDE, SIDE)


def within(height: int, width: int) -> tuple[int, int]:
    """That height and width made smaller to at most `LARGEST`, the shape kept."""
    share = min(1.0, LARGEST / max(height, width))
    return max(1, round(height * share)), max(1, round(width * share))


def spread(amounts: Float32, size: tuple[int, int]) -> Float32:
    """Amounts a pixel (h, w) brought to another size, their sum kept: a map of four times the pixels has quarters."""
    down, across = (_shares(*one) for one in zip(amounts.shape, size, strict=True))
    return np.asarray(down @ amounts @ across.T, np.float32)


@functools.lru_cache(maxsize=32)
def _shares(pixels: int, to: int) -> Float32:
    """What each of `to` pixels gets of each of the others, (to, pixels), whose shares sum to 1.

    Bilinear weights alone give those at the edge more or less, which is much of a map's sum where signs cancel.
    """
    weights = resized(np.eye(pixels, dtype=np.float32), (to, pixels))
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def plain(face: Uint8) -> Uint8:
    """A face without a face: uint8 of its shape, its mean colour everywhere; what every method hides parts behind."""
    colour = face.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    return np.broadcast_to(colour, face.shape).copy()


def small(face: Uint8) -> Uint8:
    """The face at most `LARGEST` pixels high and wide."""
    size = within(face.shape[0], face.shape[1])
    if size == face.shape[:2]:
        return face
    return np.asarray(Image.fromarray(face).resize(size[::-1], Image.Resampling.BOX))


def cells(shape: tuple[int, int], side: int) -> Int:
    """The number of the cell that each pixel (h, w) is in, of `side` x `side`, row by row."""
    rows, columns = (np.arange(length) * side // length for length in shape)
    return np.asarray(rows[:, None] * side + columns)
