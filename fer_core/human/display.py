"""A face as the quiz shows it: at the models' 48 pixels and enlarged in a stated way, or as it was photographed."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from fer_core.preprocess import to_pixels
from fer_core.types import InputSpec, Uint8, unknown

SIDE = 288
"""Pixels on the screen: six times the models' 48."""
_MODELS = InputSpec(size=48, channels=1)
_ENLARGED = {"smooth": Image.Resampling.LANCZOS, "pixels": Image.Resampling.NEAREST}


def shown(crop: Uint8, view: str) -> Uint8:
    """The picture, uint8 (288, 288) grey; for the view "original" (h, w) or (h, w, 3), its longer side 288.

    ValueError for a view that is none of `fer_core.human.sampling.VIEWS`.
    """
    if view == "original":
        height, width = crop.shape[:2]
        scale = SIDE / max(height, width)
        size = max(1, round(scale * width)), max(1, round(scale * height))
        return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.LANCZOS))
    if view not in _ENLARGED:
        raise ValueError(unknown("view", view, (*_ENLARGED, "original")))
    small = to_pixels([crop], _MODELS)[0, :, :, 0]
    return np.asarray(Image.fromarray(small).resize((SIDE, SIDE), _ENLARGED[view]))


def png(picture: Uint8) -> bytes:
    """The picture as PNG, with nothing in the file but its pixels."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
