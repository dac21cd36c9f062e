"""fer_core.photos: grey TIFFs as cameras and scanners of 12 and 16 bits write them, made byte by byte."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_core.photos import read_photo

RAMP = np.tile(np.linspace(0, 1, 64), (48, 1))


def tiff(levels: np.ndarray, bits: int, white_is_zero: bool, order: str = "<") -> bytes:
    """An uncompressed TIFF of grey levels (h, w), 0..2 ** bits - 1 of 12 or 16 bits."""
    height, width = levels.shape
    if bits == 12:
        a, b = levels.reshape(-1, 2).astype(np.uint16).T
        data = np.stack([a >> 4, (a & 15) << 4 | b >> 8, b & 255], axis=1).astype(np.uint8).tobytes()
    else:
        data = levels.astype(f"{order}u2").tobytes()
    photometric = 0 if white_is_zero else 1
    longs = {256: width, 257: height, 273: 8, 278: height, 279: len(data)}
    shorts = {258: bits, 259: 1, 262: photometric, 277: 1}
    tags = [(tag, struct.pack(f"{order}HHII", tag, 4, 1, value)) for tag, value in longs.items()]
    tags += [(tag, struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)) for tag, value in shorts.items()]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(data))
    return head + data + struct.pack(f"{order}H", len(tags)) + b"".join(t for _, t in sorted(tags)) + bytes(4)


@pytest.mark.parametrize(("bits", "white_is_zero", "order"), [
    (12, False, "<"), (16, False, "<"), (16, False, ">"), (16, True, "<"),
])  # fmt: skip
def test_grey_of_12_and_16_bits_is_as_bright_as_it_says(bits, white_is_zero, order):
    # Pillow opens no white-is-zero of 12 bits or of the other byte order: such files are refused
    share = 1 - RAMP if white_is_zero else RAMP
    photo = read_photo(tiff(np.round(share * (2**bits - 1)), bits, white_is_zero, order))
    assert np.abs(photo.image - (255 * RAMP)[..., None]).max() <= 0.6 and photo.notes == ()


@pytest.mark.parametrize("level", [7e9, -5.0])
def test_a_constant_picture_beyond_the_known_ranges_is_mid_grey(level):
    buffer = BytesIO()
    Image.fromarray(np.full((48, 64), level, np.float32)).save(buffer, "TIFF")
    assert (read_photo(buffer.getvalue()).image == 128).all()
