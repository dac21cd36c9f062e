"""Maps as pictures: over the crop as the model saw it, and put back into the photo; no streamlit here."""

from __future__ import annotations

import numpy as np
from PIL import Image

from dashboard.chosen_face import ChosenFace
from fer_core.overlay import overlaid, put_back
from fer_core.preprocess import to_pixels
from fer_core.types import Float32, InputSpec, Uint8

SIDE = 336
"""Pixels of a picture's side, twice what it is shown at, for screens with small pixels."""


def seen(face: ChosenFace, spec: InputSpec, values: Float32, opacity: float) -> Uint8:
    """The crop as the network gets it, its pixels plain to see, with the map in [-1, 1] over it: uint8 RGB."""
    pixels = to_pixels([face.crop], spec)[0]
    small = Image.fromarray(pixels[:, :, 0] if spec.channels == 1 else pixels).convert("RGB")
    return overlaid(np.asarray(small.resize((SIDE, SIDE), Image.Resampling.NEAREST)), values, opacity)


def in_photo(face: ChosenFace, values: Float32, opacity: float) -> Uint8:
    """The map put back where the crop was cut from the photo; over the crop itself where there is no photo."""
    if face.photo is None or face.frame is None:
        crop = Image.fromarray(face.crop).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        return overlaid(np.asarray(crop), values, opacity)
    return put_back(face.photo, face.frame, values, opacity)
