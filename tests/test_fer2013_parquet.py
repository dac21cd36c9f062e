"""Parquet: an encoded picture is never taken for raw pixels, and folders tell splits that names do not."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fer_core.datasets import load
from fer_core.fer2013_parquet import read_parquet, split_word
from fer_core.fer2013_source import PIXELS
from tests import fer2013_builder as make

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


def _as_long_as_raw_pixels(face: np.ndarray, kind: str) -> bytes:
    """The face as a picture of 2,304 bytes; what is lacking stands after the picture's end or inside as a comment."""
    buffer = io.BytesIO()
    options = {"quality": 70} if kind in ("JPEG", "WEBP") else {}
    small = Image.fromarray(face if kind != "BMP" else face[:24, :24])
    small.save(buffer, kind, **options)
    data = bytearray(buffer.getvalue().ljust(PIXELS, b"\0"))
    assert len(data) == PIXELS
    if kind == "BMP":
        data[2:6] = PIXELS.to_bytes(4, "little")
    if kind == "WEBP":
        data = bytearray(_longer_webp(buffer.getvalue()))
    return bytes(data)


def _longer_webp(data: bytes) -> bytes:
    """A WebP made 2,304 bytes long by a chunk that decoders pass over."""
    lacking = PIXELS - len(data) - 8
    return (
        b"RIFF"
        + (PIXELS - 8).to_bytes(4, "little")
        + data[8:]
        + b"NONE"
        + lacking.to_bytes(4, "little")
        + bytes(lacking)
    )


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "WEBP"])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_picture_as_long_as_raw_pixels_is_decoded(kind, wrapped, data):
    picture = _as_long_as_raw_pixels(data.faces[0], kind)
    value = {"bytes": picture, "path": None} if wrapped else picture
    found = _read({"emotion": [0], "pixels": [value], "Usage": ["Training"]})
    seen = data.faces[0] if kind != "BMP" else np.asarray(Image.fromarray(data.faces[0][:24, :24]).resize((48, 48), 2))
    assert np.abs(found.faces[0].astype(int) - seen).mean() < 8


def test_raw_pixels_that_begin_like_a_bitmap_stay_raw(data):
    face = data.faces[0].copy()
    face[0, :2] = list(b"BM")
    found = _read({"emotion": [0], "pixels": [face.tobytes()], "Usage": ["Training"]})
    np.testing.assert_array_equal(found.faces[0], face)


def _read(columns: dict):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return read_parquet(buffer.getvalue(), "f.parquet")


def test_files_named_by_number_have_the_split_of_their_folder(data, tmp_path):
    plain = make.write_hugging_face(data, tmp_path / "plain")
    for split in ("train", "validation", "test"):
        folder = tmp_path / "numbered" / "default" / split
        folder.mkdir(parents=True)
        (plain / f"{split}-00000-of-00001.parquet").rename(folder / "0000.parquet")
    found = load(tmp_path / "numbered")
    assert found.counts == {"Training": 21, "PublicTest": 7, "PrivateTest": 14}
    assert "Parquet files whose name tells no split have that of their folder: train." in found.notes


@pytest.mark.parametrize(
    ("where", "word"),
    [
        ("test/train-00000-of-00001.parquet", "train"),
        ("default/Validation/0000.parquet", "validation"),
        ("train\\default\\0000.parquet", "train"),
        ("train/test/0000.parquet", "test"),
        ("training-set/data.parquet", "data"),
    ],
)
def test_the_name_tells_the_split_and_then_the_nearest_folder(where, word):
    assert split_word(where) == word
