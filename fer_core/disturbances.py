"""DISTURBANCES: what may happen to a picture of a face, each with a strength in a stated unit; 0 changes nothing.

Everything takes one face uint8 RGB (H, W, 3) of any size, leaves it as it is and gives a new one of the same shape.
Lengths are shares of the face's frame, so that the same strength means the same whatever the number of pixels. Where a
turned or shifted frame reaches beyond the picture, the edge pixels go on, as in `fer_core.crop_rule`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

from fer_core.preprocess import check_faces
from fer_core.types import Uint8, unknown

FER2013_SIDE = 48
"""FER2013's pictures have so many pixels a side: the unit of the blur."""
EYES = (0.39, 0.12, 0.88)
MOUTH = (0.79, 0.25, 0.75)
"""Where a bar is centred, down, and from where to where it reaches, across, as shares of the frame: around the places
that MTCNN's landmarks usually have in FER2013's frame ("landmarks" in artifacts/reference/crop_rule.json)."""


@dataclass(frozen=True)
class Disturbance:
    """One line of the table: `apply(face, strength)` for a strength from `low` to `high` in `unit`s, 0 among them.

    `tried` are the strengths, without 0, at which the stored curves ask every model.
    """

    id: str
    title: str
    unit: str
    low: float
    high: float
    step: float
    tried: tuple[float, ...]
    apply: Callable[[Uint8, float], Uint8]


def rotated(face: Uint8, degrees: float) -> Uint8:
    """The face turned clockwise about the middle of its frame, bilinear."""
    height, width = face.shape[:2]
    down, right = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rows, columns = c * down - s * right, s * down + c * right
    return _sampled(face, rows + (height - 1) / 2, columns + (width - 1) / 2)


def moved_right(face: Uint8, percent: float) -> Uint8:
    """The face moved to the right by that share of the frame's width, bilinear."""
    rows, columns = np.mgrid[: face.shape[0], : face.shape[1]]
    return _sampled(face, rows, columns - percent / 100 * face.shape[1])


def moved_down(face: Uint8, percent: float) -> Uint8:
    """The face moved down by that share of the frame's height, bilinear."""
    rows, columns = np.mgrid[: face.shape[0], : face.shape[1]]
    return _sampled(face, rows - percent / 100 * face.shape[0], columns)


def shrunk(face: Uint8, percent: float) -> Uint8:
    """The face smaller by that share within its frame, as if cut with a wider margin; antialiased."""
    height, width = face.shape[:2]
    wide = np.pad(face, ((height, height), (width, width), (0, 0)), "edge")
    half = np.array([width, height]) / 2 / (1 - percent / 100)
    middle = np.array([1.5 * width, 1.5 * height])
    box = (*(middle - half).tolist(), *(middle + half).tolist())
    return np.asarray(Image.fromarray(wide).resize((width, height), Image.Resampling.BILINEAR, box))


def blurred(face: Uint8, sigma: float) -> Uint8:
    """The face after a Gaussian blur; `sigma` in 48ths of the width, which are FER2013's pixels."""
    radius = sigma * face.shape[1] / FER2013_SIDE
    return np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(radius)))


def compressed(face: Uint8, taken: float) -> Uint8:
    """The face after it was a JPEG of quality 100 less `taken` (libjpeg's scale, at least 1), at its own size."""
    buffer = BytesIO()
    Image.fromarray(face).save(buffer, "JPEG", quality=max(1, round(100 - taken)))
    return np.asarray(Image.open(buffer))


def darkened(face: Uint8, percent: float) -> Uint8:
    """The face with that share of each value taken away."""
    return np.rint(face * (1 - percent / 100)).astype(np.uint8)


def without_eyes(face: Uint8, percent: float) -> Uint8:
    """The face with a bar of its mean colour over the eyes, that share of the frame high."""
    return _barred(face, percent, *EYES)


def without_mouth(face: Uint8, percent: float) -> Uint8:
    """The face with a bar of its mean colour over the mouth, that share of the frame high."""
    return _barred(face, percent, *MOUTH)


def mirrored(face: Uint8, on: float) -> Uint8:
    """The face with left and right exchanged where `on` is 1."""
    return face[:, ::-1].copy() if on else face.copy()


_BAR = "height of the bar, % of the face"
_TURNS, _SHIFTS = (-45, -30, -20, -10, 10, 20, 30, 45), (-30, -20, -10, -5, 5, 10, 20, 30)

_TABLE = (
    Disturbance("eyes", "Hide the eyes", _BAR, 0, 40, 1, (10, 20, 30, 40), without_eyes),
    Disturbance("mouth", "Hide the mouth", _BAR, 0, 40, 1, (10, 20, 30, 40), without_mouth),
    Disturbance("rotate", "Turn", "degrees, clockwise", -45, 45, 1, _TURNS, rotated),
    Disturbance("across", "Shift sideways", "% of the width, to the right", -30, 30, 1, _SHIFTS, moved_right),
    Disturbance("down", "Shift up and down", "% of the height, down", -30, 30, 1, _SHIFTS, moved_down),
    Disturbance("shrink", "Shrink", "% smaller in the frame", 0, 50, 1, (10, 20, 30, 40, 50), shrunk),
    Disturbance("blur", "Blur", "sigma, 48ths of the width", 0, 4, 0.1, (0.5, 1, 1.5, 2, 3, 4), blurred),
    Disturbance("jpeg", "JPEG", "quality taken away, of 100", 0, 99, 1, (20, 50, 70, 80, 90, 95, 99), compressed),
    Disturbance("darken", "Darken", "% of the light taken away", 0, 95, 1, (20, 40, 60, 80, 90, 95), darkened),
    Disturbance("mirror", "Mirror", "0 or 1", 0, 1, 1, (1,), mirrored),
)  # fmt: skip
DISTURBANCES: Mapping[str, Disturbance] = {one.id: one for one in _TABLE}
"""All of them by id, in the order in which several at once are applied: bars first, to turn and move with the face."""


def disturb(face: Uint8, strengths: Mapping[str, float]) -> Uint8:
    """The face after all those disturbances by id, in the table's order; a new array, equal to it where all are 0.

    ValueError for an unknown id, a strength outside its range, or a face that is not uint8 RGB (H, W, 3).
    """
    check_faces([face])
    for id, strength in strengths.items():
        if id not in DISTURBANCES:
            raise ValueError(unknown("disturbance", id, DISTURBANCES))
        one = DISTURBANCES[id]
        if not one.low <= strength <= one.high:
            raise ValueError(f"{one.title}: expected {one.low:g} to {one.high:g} {one.unit}, got {strength!r}.")
    now = face.copy()
    for id, one in DISTURBANCES.items():
        if strengths.get(id):
            now = one.apply(now, strengths[id])
    return now


def _barred(face: Uint8, percent: float, centre: float, left: float, right: float) -> Uint8:
    height, width = face.shape[:2]
    half = percent / 200
    rows = slice(round(max(0.0, centre - half) * height), round((centre + half) * height))
    out = face.copy()
    out[rows, round(left * width) : round(right * width)] = np.rint(face.mean(axis=(0, 1)))
    return out


def _sampled(face: Uint8, rows: np.ndarray, columns: np.ndarray) -> Uint8:
    """The values of the face at fractional places, both (H, W); places outside take the nearest pixel of the edge."""
    last_row, last_column = face.shape[0] - 1, face.shape[1] - 1
    rows, columns = rows.clip(0, last_row), columns.clip(0, last_column)
    top, left = rows.astype(int), columns.astype(int)
    low, right = (top + 1).clip(max=last_row), (left + 1).clip(max=last_column)
    v, h = (rows - top)[..., None], (columns - left)[..., None]
    upper = (1 - h) * face[top, left] + h * face[top, right]
    lower = (1 - h) * face[low, left] + h * face[low, right]
    return np.rint((1 - v) * upper + v * lower).astype(np.uint8)
