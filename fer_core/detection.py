"""A photo -> its faces: MTCNN (Zhang et al. 2016, arXiv:1604.02878), crop rule and reading order.

Importing this module loads no framework. The first `Detector` loads OpenVINO, a tenth of a second, and never PyTorch,
unless facenet-pytorch's own code is asked for. `fast_detection` runs the networks, `crop_rule` cuts the faces out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from fer_core.crop_rule import DEFAULT_RULE, CropRule, crop, has_area
from fer_core.fast_detection import Candidates, Cascade, Stages
from fer_core.pyramid import PYRAMID_FACTOR, SMALLEST_WINDOW, pyramid
from fer_core.types import Box, Face, Float32, Uint8, unknown

__all__ = [
    "DEFAULT_OPTIONS", "Candidates", "CropRule", "DetectionOptions", "Detector", "Stages", "crop", "detect",
    "reading_order",
]  # fmt: skip

Method = Literal["compiled", "facenet-pytorch"]
LOWEST_THRESHOLD = 0.3
"""Bounds the candidates of a large photo, each of which costs memory; at it, 12 megapixels take half as long again."""


@dataclass(frozen=True)
class DetectionOptions:
    """What counts as a face; hashable, to be part of a cache's key.

    `minimum_face` is the smallest side in pixels that is searched for; half of it is four times the work. With 20, 28
    of the 29 people in a 660-pixel photo of the Solvay conference of 1927 are found, with 30 only 18.
    `confidence`, 0..1, is what the last network must say of a face that is returned; `thresholds`, 0.3..1, are what
    the three networks must say of a candidate that goes on. The last threshold and `confidence` look at the same score,
    so the higher one rules.
    """

    minimum_face: int = 20
    confidence: float = 0.9
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    crop: CropRule = DEFAULT_RULE

    def __post_init__(self) -> None:
        # a list or NumPy numbers from a widget or a file would make equal options different keys, or no key at all
        object.__setattr__(self, "thresholds", tuple(float(t) for t in self.thresholds))
        if not (isinstance(self.minimum_face, int | np.integer) and self.minimum_face >= SMALLEST_WINDOW):
            raise ValueError(
                f"Expected a minimum face of {SMALLEST_WINDOW} pixels or more as a whole number, got "
                f"{self.minimum_face!r}: enlarge the photo to find smaller ones."
            )
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"Expected a confidence from 0 to 1, got {self.confidence!r}: 0.9 is usual.")
        if len(self.thresholds) != 3 or not all(LOWEST_THRESHOLD <= t <= 1 for t in self.thresholds):
            raise ValueError(
                f"Expected three thresholds from {LOWEST_THRESHOLD} to 1, one a network, got {self.thresholds!r}: "
                "(0.6, 0.7, 0.7) is usual."
            )
        # once they are known to be numbers: JSON cannot write NumPy's, and writes 1 and 1.0 in two ways
        object.__setattr__(self, "minimum_face", int(self.minimum_face))
        object.__setattr__(self, "confidence", float(self.confidence))


DEFAULT_OPTIONS = DetectionOptions()


class Detector:
    """MTCNN's three networks, loaded once.

    Holds nothing that a call changes: several threads with different options may share one. Building it takes a tenth
    of a second ("compiled") or seconds ("facenet-pytorch", since PyTorch is imported then); let the caller keep it.
    """

    def __init__(self, device: str = "cpu", method: Method | None = None) -> None:
        """`method` "compiled", the usual one, is for "cpu"; "facenet-pytorch" runs that package's own code.

        The faces are the same. None takes "facenet-pytorch" for a GPU, a `device` as PyTorch names it ("cuda").
        """
        self.method = method or ("compiled" if device == "cpu" else "facenet-pytorch")
        if self.method not in get_args(Method):
            raise ValueError(unknown("method", self.method, get_args(Method)))
        if self.method == "compiled" and device != "cpu":
            raise ValueError(f"Expected the device 'cpu' for the method 'compiled', got {device!r}.")
        self.device = device
        self._cascade = Cascade() if self.method == "compiled" else None
        self._networks = () if self.method == "compiled" else _facenet(device)

    def detect(self, image: Uint8, options: DetectionOptions = DEFAULT_OPTIONS) -> list[Face]:
        """The faces of an upright uint8 RGB photo (H, W, 3) in reading order; [] where there are none.

        A face's `box` is clipped to the photo. Its `crop` is cut around the box as MTCNN gave it, which for a face at
        the edge may reach beyond the photo; there the edge pixels are repeated. ValueError for any other kind of array.
        """
        _check_image(image)
        candidates, landmarks = self._candidates(image, options)
        faces = [
            Face(_clipped(box, image), score, points, crop(image, box, options.crop, points))
            for box, score, points in zip(_boxes(candidates), _scores(candidates), landmarks, strict=True)
            if score >= options.confidence and has_area(_clipped(box, image))
        ]
        return [faces[i] for i in reading_order([face.box for face in faces])]

    def stages(self, image: Uint8, options: DetectionOptions = DEFAULT_OPTIONS) -> Stages:
        """What each of the three networks let go on, before `options.confidence` rules; for people who want to see why.

        ValueError for anything but an uint8 RGB photo (H, W, 3), and by facenet-pytorch's own code, which tells the
        last stage alone.
        """
        _check_image(image)
        if self._cascade is None:
            raise ValueError("Expected the method 'compiled', got 'facenet-pytorch', which gives no stages.")
        return self._cascade.run(image, int(options.minimum_face), options.thresholds)

    def _candidates(self, image: Uint8, options: DetectionOptions) -> tuple[Float32, Float32]:
        """MTCNN's answer: float32 (N, 5) with x1, y1, x2, y2 in pixels and a score, and float32 (N, 5, 2) landmarks."""
        if self.method == "facenet-pytorch":
            return self._by_facenet(image, options)
        stages = self.stages(image, options)
        return np.hstack([stages.final.boxes, stages.final.scores[:, None]]), stages.landmarks

    def _by_facenet(self, image: Uint8, options: DetectionOptions) -> tuple[Float32, Float32]:
        """The same by facenet-pytorch's own code."""
        import torch
        from facenet_pytorch.models.utils.detect_face import detect_face

        if not pyramid(image.shape[:2], options.minimum_face):  # it joins an empty list of levels (its issue 176)
            return np.zeros((0, 5), np.float32), np.zeros((0, 5, 2), np.float32)
        # the function and not the class MTCNN, which keeps size and thresholds as attributes that threads would share
        with torch.inference_mode():
            candidates, landmarks = detect_face(
                image, options.minimum_face, *self._networks, options.thresholds, PYRAMID_FACTOR, self.device
            )
        return _array(candidates[0], 5), _array(landmarks[0], 5, 2)


def detect(image: Uint8, options: DetectionOptions = DEFAULT_OPTIONS) -> list[Face]:
    """The faces of one photo, as `Detector.detect` gives them; loads the networks anew at each call."""
    return Detector().detect(image, options)


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """The positions of the boxes as one reads them: rows from top to bottom, each from left to right.

    The box with the highest centre opens a row, and every box whose centre lies less than three quarters of its height
    lower belongs to it (people who stand side by side differ by so much, rows of a group photo by more); the rest is
    ordered in the same way. Boxes with equal centres are ordered by their coordinates, x1 first.
    """
    rest = sorted(range(len(boxes)), key=lambda i: (boxes[i][1] + boxes[i][3], boxes[i]))
    order: list[int] = []
    while rest:
        top, bottom = boxes[rest[0]][1], boxes[rest[0]][3]
        row = [i for i in rest if (boxes[i][1] + boxes[i][3]) / 2 < top + 1.25 * (bottom - top)]
        order += sorted(row, key=lambda i: (boxes[i][0] + boxes[i][2], boxes[i]))
        rest = rest[len(row) :]  # sorted by the same centre, a row is the beginning of what is left
    return order


def _facenet(device: str) -> tuple[Any, ...]:
    """facenet-pytorch's P-, R- and O-Net on that device."""
    from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

    return tuple(network().eval().to(device) for network in (PNet, RNet, ONet))


def _check_image(image: Uint8) -> None:
    """Nothing for an uint8 RGB photo; ValueError with what came for anything else."""
    actual = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"Expected a photo as uint8 RGB array (height, width, 3), got {actual}; photos.read_photo gives one."
        )


def _boxes(candidates: Float32) -> list[Box]:
    """The boxes of MTCNN's candidates (N, 5) as tuples of floats."""
    return [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in candidates[:, :4]]


def _scores(candidates: Float32) -> list[float]:
    """The scores of MTCNN's candidates (N, 5), 0..1."""
    return [float(score) for score in candidates[:, 4]]


def _clipped(box: Box, image: Uint8) -> Box:
    """The part of the box within the photo."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))


def _array(values: Any, *shape: int) -> Float32:
    """MTCNN's object array as float32 (N, *shape), also where N = 0."""
    return np.asarray(values, np.float32).reshape(-1, *shape)
