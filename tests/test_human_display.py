"""How a face is shown: the models' 48 pixels, enlarged as stated, and nothing else in the file."""

import io

import numpy as np
import pytest
from PIL import Image

from fer_core.human.display import SIDE, png, shown

FACE = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
PHOTO = np.random.default_rng(0).integers(0, 256, (400, 300, 3)).astype(np.uint8)


def test_pixels_are_repeated_six_times_and_nothing_else():
    assert np.array_equal(shown(FACE, "pixels"), np.kron(FACE, np.ones((6, 6), np.uint8)))


def test_smooth_is_lanczos_as_pillow_has_it():
    expected = np.asarray(Image.fromarray(FACE).resize((288, 288), Image.Resampling.LANCZOS))
    assert np.array_equal(shown(FACE, "smooth"), expected)


def test_a_colour_crop_becomes_what_the_models_get():
    grey = np.asarray(Image.fromarray(PHOTO).convert("L").resize((48, 48), Image.Resampling.BILINEAR))
    assert np.array_equal(shown(PHOTO, "pixels")[::6, ::6], grey)
    assert shown(PHOTO, "original").shape == (SIDE, 216, 3)
    assert shown(PHOTO[:100, :40], "original").shape == (SIDE, 115, 3)  # not left to the browser, whose way is unknown


def test_an_unknown_view_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'pixels'"):
        shown(FACE, "pixel")


def test_the_file_holds_pixels_and_no_words():
    data = png(FACE)
    with Image.open(io.BytesIO(data)) as read:
        assert read.info == {} and np.array_equal(np.asarray(read), FACE)
    assert b"tEXt" not in data and b"eXIf" not in data
