"""What a map says, in words: why it means nothing, or where its mass lies."""

from __future__ import annotations

import numpy as np

from fer_core.face_regions import region_areas, region_shares
from fer_core.types import Float32

FLAT = 1e-3
"""A map whose values differ by less than this share of its maximum is the same everywhere."""


def remark(map2d: Float32, maximum: float, minimum: float = 0.0) -> str:
    """Why the map (H, W), 0 or above, has nothing for the target, "" where it may have; `maximum`, `minimum`: raw."""
    if not np.isfinite(maximum) or not np.isfinite(map2d).all():
        return "Not a number: the model's gradients or answers overflowed here. There is nothing to see."
    if maximum <= 0 and minimum < 0:
        return "Nothing speaks for the target: all that the method found in this face speaks against it."
    if maximum <= 0 or not np.any(map2d):
        return "All zero: the method found nothing in this face that speaks for the target."
    if np.ptp(map2d) <= FLAT * np.abs(map2d).max():
        return "The same everywhere: the method tells no part of this face from another."
    return ""


def describe(map2d: Float32, landmarks: Float32 | None = None) -> str:
    """Alternative text: where the map's (H, W) mass lies and where it is strongest."""
    if said := remark(map2d, float(np.max(map2d, initial=0.0))):
        return said
    shape = (map2d.shape[0], map2d.shape[1])
    shares, areas = region_shares(map2d, landmarks), region_areas(landmarks, shape)
    order = sorted(shares, key=lambda name: -shares[name])
    listed = ", ".join(f"{_NAMES[name]} {100 * shares[name]:.0f} %" for name in order)
    most = max((name for name in shares if name != "rest"), key=lambda name: shares[name] / max(areas[name], 1e-9))
    times = shares[most] / max(areas[most], 1e-9)
    row, column = np.unravel_index(int(np.argmax(map2d)), shape)
    return (
        f"Of the map's mass: {listed}. Densest on {_NAMES[most]}: {times:.1f} times its share of the picture. "
        f"Strongest {_place(row / shape[0], column / shape[1])}."
    )


_NAMES = {"brows": "brows", "eyes": "eyes", "nose": "nose", "mouth": "mouth", "rest": "rest of the picture"}


def _place(down: float, across: float) -> str:
    vertical = ("at the top", "in the middle", "at the bottom")[min(2, int(3 * down))]
    horizontal = (" left", "", " right")[min(2, int(3 * across))]
    return f"{vertical}{horizontal}"
