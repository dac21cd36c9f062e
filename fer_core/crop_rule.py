"""A box and landmarks -> the crop that a network gets, framed as FER2013 frames its faces: a rule learned from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image

from fer_core.types import Box, Float32, Uint8, unknown

Shape = Literal["fer2013", "square", "tight"]


@dataclass(frozen=True)
class CropRule:
    """How a face is cut out of the photo.

    "fer2013": the square that FER2013's makers would have cut, as far as box and landmarks tell (`frame`); the default.
    "square": side = the box's height, around its centre. "tight": the box itself. All sides are multiplied by `scale`:
    a margin of 10 % of the crop on each side is a scale of 1.2. `level` turns the crop so that the line through the
    eyes is level, where landmarks are known. CropRule(0.95, "square", level=False) was the rule of version 0.1.

    `python -m trainers crop-rule` makes the figures behind the default, artifacts/reference/crop_rule.json: on 3,149
    PublicTest faces read back from pictures its frames overlap FER2013's own by 0.763 (0.1: 0.737). keras-native
    reads upright ones as well as by the rule of 0.1 (+0.1 points; 95 %: -1.0 to 1.3), and 7.7 points more (3.8 to 11.3;
    n = 444) of those that are tilted by 20 degrees.
    """

    scale: float = 1.0
    shape: Shape = "fer2013"
    level: bool = True

    def __post_init__(self) -> None:
        if not 0.1 <= self.scale <= 10:
            raise ValueError(f"Expected a crop scale from 0.1 to 10 times the usual, got {self.scale!r}: 1 is usual.")
        if self.shape not in get_args(Shape):
            raise ValueError(f"Expected a crop shape. {unknown('shape', self.shape, get_args(Shape))}")
        object.__setattr__(self, "scale", float(self.scale))  # a NumPy number is no JSON, and 1 is to be 1.0


@dataclass(frozen=True)
class Framing:
    """FER2013's frame in terms of MTCNN's box (w wide, h high) and landmarks, all lengths in pixels of the photo.

    side = `width` w + `height` h + `eyes` (distance of the eyes) + `face` (from between the eyes to between the mouth's
    corners). From the box's centre the frame's centre lies `across` of the way to the point between the eyes, sideways,
    and `down` of the way vertically, then `below` h lower.
    """

    width: float
    height: float
    eyes: float
    face: float
    across: float
    down: float
    below: float


LEARNED = Framing(width=0.717, height=0.03, eyes=0.665, face=0.366, across=0.693, down=0.806, below=0.079)
"""For a face with landmarks."""
LEARNED_BOX = Framing(width=1.04, height=0.159, eyes=0.0, face=0.0, across=0.0, down=0.0, below=-0.015)
"""For a box alone, as drawn by hand."""


@dataclass(frozen=True)
class Frame:
    """A rectangle to cut: centre, width and height in pixels of the photo, `roll` in radians clockwise as seen."""

    x: float
    y: float
    width: float
    height: float
    roll: float = 0.0


DEFAULT_RULE = CropRule()


def frame(box: Box, landmarks: Float32 | None = None, rule: CropRule = DEFAULT_RULE) -> Frame:
    """What the rule cuts for a box and float32 (5, 2) landmarks as in `types.Face`; the box alone decides without them.

    ValueError for a box without an area.
    """
    if not has_area(box):
        raise ValueError(f"Expected a box x1, y1, x2, y2 with x1 < x2 and y1 < y2 in pixels, got {tuple(box)!r}.")
    known = landmarks is not None and len(landmarks) == 5 and bool(np.isfinite(landmarks).all())
    points = np.asarray(landmarks, np.float64) if known else None
    roll = _roll(points) if rule.level and points is not None else 0.0
    x, y, w, h = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]
    if rule.shape == "tight":
        return Frame(x, y, rule.scale * w, rule.scale * h, roll)
    if rule.shape == "square":
        return Frame(x, y, rule.scale * h, rule.scale * h, roll)
    found = framed(box, points, LEARNED if known else LEARNED_BOX, roll)
    return Frame(found.x, found.y, rule.scale * found.width, rule.scale * found.height, roll)


def framed(box: Box, points: np.ndarray | None, learned: Framing, roll: float = 0.0) -> Frame:
    """The square that the learned framing gives for a box and landmarks (5, 2), turned by `roll`."""
    x, y, w, h = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]
    if points is None:
        side = learned.width * w + learned.height * h
        return Frame(x, y + learned.below * h, side, side)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    side = learned.width * w + learned.height * h
    side += learned.eyes * math.dist(*points[:2]) + learned.face * math.dist(eyes, mouth)
    right, low = np.array([math.cos(roll), math.sin(roll)]), np.array([-math.sin(roll), math.cos(roll)])
    to_eyes = eyes - (x, y)
    move = learned.across * (to_eyes @ right) * right + (learned.down * (to_eyes @ low) + learned.below * h) * low
    side = max(1.0, side)
    return Frame(x + float(move[0]), y + float(move[1]), side, side, roll)


def crop(image: Uint8, box: Box, rule: CropRule = DEFAULT_RULE, landmarks: Float32 | None = None) -> Uint8:
    """The face of an uint8 RGB photo (H, W, 3) as uint8 RGB (h, w, 3), h = w for a square rule; never a view.

    Where the crop leaves the photo, the edge pixels are repeated. ValueError for a box without an area.
    """
    return cut(image, frame(box, landmarks, rule))


def cut(image: Uint8, frame: Frame) -> Uint8:
    """The pixels of an uint8 (H, W, C) photo within the frame, as `crop` says."""
    if frame.roll:
        return _turned(image, frame)
    columns = _span(frame.x, frame.width, image.shape[1])
    rows = _span(frame.y, frame.height, image.shape[0])
    return image[rows[:, None], columns]


def has_area(box: Box) -> bool:
    """Whether the box is finite and at least one pixel wide and high."""
    return all(math.isfinite(edge) for edge in box) and box[2] - box[0] >= 1 and box[3] - box[1] >= 1


def _roll(points: np.ndarray) -> float:
    """The angle of the line from the left to the right eye against the horizontal, radians, clockwise as seen."""
    (x1, y1), (x2, y2) = points[:2]
    return math.atan2(y2 - y1, x2 - x1)


def _span(centre: float, length: float, limit: int) -> np.ndarray:
    """The pixel indices of about `length` pixels around `centre`, held within 0..limit - 1."""
    count = max(1, round(length))
    first = _first(centre, count)
    return np.clip(np.arange(first, first + count), 0, limit - 1)


def _first(centre: float, count: int) -> int:
    """The first of `count` pixels around `centre`."""
    return round(centre - count / 2)


def _turned(image: Uint8, frame: Frame) -> Uint8:
    """The pixels within a turned frame, interpolated; cut from a surrounding square, so as not to turn the photo."""
    reach = math.ceil(math.hypot(frame.width, frame.height)) + 4
    around = cut(image, Frame(frame.x, frame.y, reach, reach))
    width, height = max(1, round(frame.width)), max(1, round(frame.height))
    x, y, c, s = (
        frame.x - _first(frame.x, reach),
        frame.y - _first(frame.y, reach),
        math.cos(frame.roll),
        math.sin(frame.roll),
    )
    left, top = x - (c * width - s * height) / 2, y - (s * width + c * height) / 2
    turned = Image.fromarray(around).transform(
        (width, height), Image.Transform.AFFINE, (c, -s, left, s, c, top), Image.Resampling.BICUBIC
    )
    return np.array(turned)
