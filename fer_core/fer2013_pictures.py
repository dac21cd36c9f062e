"""FER2013's pictures: from the bytes of a PNG or JPEG to 48 x 48 grey."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image

from fer_core.fer2013_source import SIDE, PictureError
from fer_core.photos import as_rgb
from fer_core.types import Uint8

MAX_SIDE = 4_096
"""Pixels: a larger picture is no face crop, and may be made to exhaust the memory."""

UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError)
"""What Pillow raises for bytes that are no whole picture; ValueError for a damaged PGM or BMP."""


def decode(data: bytes, where: str) -> tuple[Uint8, bool]:
    """uint8 (48, 48) grey from the bytes of a picture, and whether it had another size and was resized.

    Colour becomes grey by Pillow's luma, 16 bits are scaled to 8, transparency is laid on white; another size is
    resized with antialiasing (bilinear). PictureError names the file where the bytes are no picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            if max(image.size) > MAX_SIDE:
                raise PictureError(
                    f"{where}: expected a picture of 48 x 48 pixels, found {image.width} x {image.height}. Remove it."
                )
            grey = as_rgb(image, []).convert("L")  # by RGB, which leaves grey as it is
    except PictureError:
        raise
    except UNREADABLE as error:
        raise PictureError(
            f"{where}: expected a PNG or JPEG of 48 x 48 pixels; it cannot be read ({error}). Download the dataset "
            "again, or remove this file."
        ) from error
    changed = grey.size != (SIDE, SIDE)
    if changed:
        grey = grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(grey), changed


def resized_note(count: int, where: str) -> tuple[str, ...]:
    """A note that `count` pictures were resized; no note for none."""
    if not count:
        return ()
    return (f"{where}: {count:,} pictures were not 48 x 48 pixels and were resized (bilinear, antialiased).",)
