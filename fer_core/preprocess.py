"""From faces as pixels to what a network eats: the one place for grey, size and value range.

Trainers and predictors both come through here, so that a model sees in use what it saw in training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from fer_core.types import Float32, InputSpec, Uint8

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def check_faces(faces: Uint8 | Sequence[Uint8]) -> Sequence[Uint8]:
    """The faces as given, once each is known to be uint8 RGB (H, W, 3) with H, W >= 1; ValueError otherwise."""
    if faces.ndim != 4 if isinstance(faces, np.ndarray) else not isinstance(faces, Sequence):
        got = f"an array {faces.shape}" if isinstance(faces, np.ndarray) else type(faces).__name__
        raise ValueError(f"Expected faces as uint8 RGB (N, H, W, 3) or a list of (H, W, 3), got {got}.")
    for number, face in enumerate(faces):
        if not isinstance(face, np.ndarray):
            raise ValueError(f"Expected face {number} as a NumPy array uint8 (H, W, 3), got {type(face).__name__}.")
        if face.dtype != np.uint8:
            raise ValueError(
                f"Expected face {number} as uint8 in 0..255, got {face.dtype}. Scaling is the model's work."
            )
        if face.ndim != 3 or face.shape[2] != 3 or 0 in face.shape:
            raise ValueError(f"Expected face {number} as RGB (H, W, 3) with H, W >= 1, got {face.shape}.")
    return faces  # type: ignore[return-value]  # an array is a sequence of its rows


def to_pixels(faces: Iterable[Uint8], spec: InputSpec) -> Uint8:
    """Faces at the network's size and channels: uint8 (N, size, size, channels), still 0..255.

    Takes colour (H, W, 3) or grey (H, W) crops of any size. Grey is ITU-R 601-2 luma as in Pillow, which leaves a grey
    picture stored as RGB as it is; resizing is antialiased when it shrinks.
    """
    rows = [_fit(face, spec) for face in faces]
    return np.stack(rows) if rows else np.empty((0, spec.size, spec.size, spec.channels), np.uint8)


def _fit(face: Uint8, spec: InputSpec) -> Uint8:
    image = Image.fromarray(face).convert("L" if spec.channels == 1 else "RGB")
    if image.size != (spec.size, spec.size):
        image = image.resize((spec.size, spec.size), _FILTERS[spec.interpolation])
    return np.asarray(image).reshape(spec.size, spec.size, spec.channels)


def normalise(pixels: Any, spec: InputSpec) -> Any:
    """Pixels in 0..255, channels last, brought to the network's value range; an array or tensor as it came, float32.

    Works on NumPy arrays and on tensors of any framework alike, since it only subtracts and divides.
    """
    mean, std = spec.mean, spec.std
    if len(set(mean)) == 1 and len(set(std)) == 1:
        return (pixels - mean[0]) / std[0]
    return (pixels - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)


def network_input(faces: Iterable[Uint8], spec: InputSpec) -> Float32:
    """What the network is fed: float32 (N, size, size, channels) in `spec.value_range`."""
    return np.asarray(normalise(to_pixels(faces, spec).astype(np.float32), spec), np.float32)
