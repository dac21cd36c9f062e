"""What a recipe's [augment] table does to a picture, to be looked at: `trainers.augment`'s transformations in NumPy.

An illustration: the trainers change whole batches on their device by code of their own. The tests hold the two
together, and pages can show this one without loading a framework.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_core.types import Uint8


@dataclass(frozen=True)
class Augmentation:
    """The keys of a recipe's [augment] table: the widest changes that are drawn.

    `rotate_degrees`, `brightness` and `contrast` go both ways; `scale` from, to; `shift` as a share of the side;
    `erase` is the probability of a grey rectangle. `crop` and `start_size`, which say how much of a picture is learned
    from and how large, are not shown.
    """

    flip: bool = False
    rotate_degrees: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    erase: float = 0.0

    @classmethod
    def from_recipe(cls, table: Mapping[str, Any]) -> Augmentation:
        """What a card's recipe says in its [augment] table; keys that are not shown here are passed over."""
        known = {field.name: table[field.name] for field in fields(cls) if field.name in table}
        if "scale" in known:
            low, high = known["scale"]
            known["scale"] = (float(low), float(high))
        return cls(**known)


@dataclass(frozen=True)
class Change:
    """One change as drawn.

    `shift` is x and y as shares of the side; `brightness` a share of white that is added; `contrast` a factor;
    `hole` is the erased rectangle as top, left, height and width in pixels, None where nothing is erased.
    """

    mirrored: bool = False
    degrees: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    brightness: float = 0.0
    contrast: float = 1.0
    hole: tuple[float, float, float, float] | None = None


def draw(options: Augmentation, random: np.random.Generator, side: int = 48) -> Change:
    """One change of a picture of `side` pixels, drawn as a trainer draws it: evenly within the options."""
    return Change(
        mirrored=options.flip and bool(random.random() < 0.5),
        degrees=float(random.uniform(-options.rotate_degrees, options.rotate_degrees)),
        scale=float(random.uniform(*options.scale)),
        shift=(
            float(random.uniform(-options.shift, options.shift)),
            float(random.uniform(-options.shift, options.shift)),
        ),
        brightness=float(random.uniform(-options.brightness, options.brightness)),
        contrast=1 + float(random.uniform(-options.contrast, options.contrast)),
        hole=_hole(random, side) if random.random() < options.erase else None,
    )


def examples(face: Uint8, options: Augmentation, n: int, seed: int = 0) -> Uint8:
    """`n` pictures uint8 (n, s, s) that a network might be shown for the grey face uint8 (s, s)."""
    random = np.random.default_rng(seed)
    return np.stack([apply(face, draw(options, random, len(face))) for _ in range(n)])


def apply(face: Uint8, change: Change) -> Uint8:
    """The changed picture, uint8 (s, s), of a grey face uint8 (s, s); ValueError for another shape."""
    if face.ndim != 2 or face.shape[0] != face.shape[1]:
        raise ValueError(f"face: expected a grey square (s, s), got shape {face.shape}.")
    x = _moved(face.astype(np.float64), change)
    x = (x - x.mean()) * change.contrast + x.mean() + 255 * change.brightness
    x = x.clip(0, 255)
    if change.hole:
        top, left, height, width = change.hole
        place = np.arange(len(x))
        rows, columns = (place >= top) & (place < top + height), (place >= left) & (place < left + width)
        x[np.ix_(rows, columns)] = x.mean()
    return np.rint(x).astype(np.uint8)


def _moved(x: NDArray[np.float64], change: Change) -> NDArray[np.float64]:
    """The picture turned, scaled, shifted and mirrored by one bilinear resampling; beyond its edge it goes on."""
    side, angle, size = len(x), math.radians(change.degrees), 1 / change.scale
    mirror = -1.0 if change.mirrored else 1.0
    centred = (np.arange(side) + 0.5) / side - 0.5
    down, right = np.meshgrid(centred, centred, indexing="ij")
    columns = (math.cos(angle) * mirror * right - math.sin(angle) * down) * size + change.shift[0]
    rows = (math.sin(angle) * mirror * right + math.cos(angle) * down) * size + change.shift[1]
    return _bilinear(x, (rows + 0.5) * side - 0.5, (columns + 0.5) * side - 0.5)


def _bilinear(x: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of `x` at fractional rows and columns; places outside take the nearest pixel of the edge."""
    last = len(x) - 1
    rows, columns = rows.clip(0, last), columns.clip(0, last)
    top, left = rows.astype(int).clip(max=max(last - 1, 0)), columns.astype(int).clip(max=max(last - 1, 0))
    low, right = (top + 1).clip(max=last), (left + 1).clip(max=last)
    v, h = rows - top, columns - left
    return (1 - v) * ((1 - h) * x[top, left] + h * x[top, right]) + v * ((1 - h) * x[low, left] + h * x[low, right])


def _hole(random: np.random.Generator, side: int) -> tuple[float, float, float, float]:
    """A rectangle of 2 to 20 % of the picture (Zhong et al. 2020, arXiv:1708.04896)."""
    area, ratio = random.uniform(0.02, 0.2), math.exp(random.uniform(math.log(0.3), math.log(3.3)))
    height, width = (min(1.0, math.sqrt(share)) * side for share in (area * ratio, area / ratio))
    return float(random.uniform(0, side - height)), float(random.uniform(0, side - width)), height, width
