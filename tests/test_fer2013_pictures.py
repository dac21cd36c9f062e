"""Pictures of every kind become the grey that a person sees, and damaged ones are named."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from fer_core.fer2013_pictures import decode
from fer_core.fer2013_source import PictureError
from tests import fer2013_builder as make


def _encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def _bmp_of_too_many_colours() -> bytes:
    data = bytearray(_encoded(Image.new("L", (48, 48)), "BMP"))
    data[46:50] = (700).to_bytes(4, "little")  # the length of its palette
    return bytes(data)


def test_grey_of_eight_or_sixteen_bits_is_the_same_picture(data):
    face = data.faces[0]
    for stored in (face, face.astype(np.uint16) * 257, np.repeat(face[..., None], 3, 2)):
        found, changed = decode(_encoded(Image.fromarray(stored)), "here")
        np.testing.assert_array_equal(found, face)
        assert not changed


def test_a_grey_map_of_sixteen_bits_is_no_white_picture(data):
    big_endian = (data.faces[0].astype(np.uint16) * 257).astype(">u2").tobytes()
    found, _ = decode(b"P5\n48 48\n65535\n" + big_endian, "face.pgm")
    assert np.abs(found.astype(int) - data.faces[0]).max() <= 1


def test_what_is_transparent_is_white_and_what_is_not_stays(data):
    face = data.faces[0]
    pixels = np.dstack([face, face, face, np.where(np.arange(48) < 24, 0, 255)[None].repeat(48, 0)]).astype(np.uint8)
    found, _ = decode(_encoded(Image.fromarray(pixels)), "here")
    assert (found[:, :24] == 255).all()
    np.testing.assert_array_equal(found[:, 24:], face[:, 24:])


@pytest.mark.parametrize(
    "damaged",
    [b"P5\n4x 48\n255\n" + bytes(2304), b"P5\n48", b"P2\n48 48\n255\n" + b"1 " * 900, _bmp_of_too_many_colours()],
    ids=["header of a PGM", "PGM cut in its header", "text PGM cut short", "BMP"],
)
def test_an_error_of_a_damaged_picture_names_its_file(damaged):
    with pytest.raises(PictureError, match=r"^train/sad/1\.pgm: expected a PNG or JPEG.*cannot be read.*remove"):
        decode(damaged, "train/sad/1.pgm")


@pytest.fixture(scope="module")
def data():
    return make.sample()
