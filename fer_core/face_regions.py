"""Where in a crop brows, eyes, nose and mouth are, by MTCNN's five landmarks, and how much of a map lies on each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_core.types import Float32

Mask = NDArray[np.bool_]
Float = NDArray[np.floating[Any]]
REGIONS = ("brows", "eyes", "nose", "mouth", "rest")
USUAL = np.array([[0.3116, 0.3918], [0.6884, 0.3918], [0.5, 0.6051], [0.3453, 0.7918], [0.6547, 0.7918]], np.float32)
"""FER2013's own layout, for crops without landmarks: where MTCNN finds them in 2,630 Training faces, in units of the
frame; `python -m trainers crop-rule` measures it (artifacts/reference/crop_rule.json)."""


def usual(shape: tuple[int, int]) -> Float32:
    """The five landmarks of a crop of that height and width that is framed as FER2013 frames faces; (5, 2), x and y."""
    return np.asarray(USUAL * np.array(shape[::-1], np.float32), np.float32)


def regions(landmarks: Float32 | None, shape: tuple[int, int]) -> dict[str, Mask]:
    """A mask bool (H, W) for each of `REGIONS`; every pixel is in one of them.

    `landmarks` float32 (5, 2): x and y in the crop's pixels of the eyes, the nose, the corners of the mouth, as in
    `types.Face`; None: `usual`. Boxes are measured in distances of the eyes, turned with the line through them: eyes
    0.6 wide and 0.36 high, brows above them 0.36 high, mouth 0.24 beyond its corners and from 0.3 above to 0.4 below,
    nose between eyes and mouth 0.5 wide. ValueError where the landmarks are no five points.
    """
    points = usual(shape) if landmarks is None else np.asarray(landmarks, np.float64)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise ValueError(f"Expected five landmarks as finite (5, 2), got {points.shape}.")
    across, down, places = _turned(points, shape)
    left, right, nose, *corners = places
    mouth_x, mouth_y = [corner[0] for corner in corners], float(np.mean([corner[1] for corner in corners]))
    beside = np.minimum(np.abs(across - left[0]), np.abs(across - right[0]))
    bridge = nose[0] * np.clip(down / max(nose[1], 0.1), 0, 1)  # from between the eyes to the tip of the nose
    found = {
        "mouth": _within(across, min(mouth_x) - 0.24, max(mouth_x) + 0.24)
        & _within(down, mouth_y - 0.3, mouth_y + 0.4),
        "eyes": (beside < 0.3) & _within(down, -0.18, 0.18),
        "brows": (beside < 0.36) & _within(down, -0.54, -0.18),
        "nose": (np.abs(across - bridge) < 0.25) & _within(down, -0.1, mouth_y),
    }
    return _disjoint(found, shape)


def region_shares(map2d: Float32, landmarks: Float32 | None = None) -> dict[str, float]:
    """How much of the map (H, W) lies on each of `REGIONS`: shares of what is above 0, summing to 1, or all 0."""
    mass = np.maximum(np.nan_to_num(np.asarray(map2d, np.float64), nan=0.0, posinf=0.0, neginf=0.0), 0)
    total = mass.sum()
    masks = regions(landmarks, (map2d.shape[0], map2d.shape[1]))
    return {name: float(mass[masks[name]].sum() / total) if total > 0 else 0.0 for name in REGIONS}


def region_areas(landmarks: Float32 | None, shape: tuple[int, int]) -> dict[str, float]:
    """How much of the crop each region covers, summing to 1: what a map that is the same everywhere has there."""
    masks = regions(landmarks, shape)
    return {name: float(masks[name].mean()) for name in REGIONS}


def _turned(points: Float, shape: tuple[int, int]) -> tuple[Float, Float, Float]:
    """Pixels' places across and down the face and the landmarks' (5, 2): from between the eyes, in eyes' distances."""
    middle, line = (points[0] + points[1]) / 2, points[1] - points[0]
    distance = max(float(np.hypot(*line)), 1.0)
    along = line / np.hypot(*line) if np.hypot(*line) > 0 else np.array([1.0, 0.0])
    upright = np.array([-along[1], along[0]])
    grid = np.stack(np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5), axis=-1) - middle
    places = np.stack([(points - middle) @ along, (points - middle) @ upright], axis=-1) / distance
    return grid @ along / distance, grid @ upright / distance, places


def _within(values: Float, low: float, high: float) -> Mask:
    return np.asarray((values > low) & (values < high))


def _disjoint(found: dict[str, Mask], shape: tuple[int, int]) -> dict[str, Mask]:
    taken, masks = np.zeros(shape, bool), {}
    for name, mask in found.items():
        masks[name] = mask & ~taken
        taken |= mask
    return {name: masks.get(name, ~taken) for name in REGIONS}
