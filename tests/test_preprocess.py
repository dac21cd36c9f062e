"""Pixels in, network input out: the same in training and in use."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fer_core.preprocess import check_faces, network_input, normalise, to_pixels
from fer_core.types import InputSpec

GREY = InputSpec(size=48, channels=1)
LITE = InputSpec(size=224, channels=3, mean=(127.0,) * 3, std=(128.0,) * 3)


def test_grey_faces_stored_as_colour_keep_their_pixels():
    grey = np.arange(256, dtype=np.uint8).repeat(9).reshape(1, 48, 48)
    pixels = to_pixels(np.repeat(grey[..., None], 3, axis=-1), GREY)
    np.testing.assert_array_equal(pixels[..., 0], grey)
    np.testing.assert_array_equal(to_pixels(grey, GREY), pixels)  # a trainer hands over the grey array itself


def test_colour_becomes_luma():
    pure = np.zeros((3, 48, 48, 3), np.uint8)
    for channel in range(3):
        pure[channel, :, :, channel] = 255
    assert to_pixels(pure, GREY)[:, 0, 0, 0].tolist() == [76, 150, 29]  # 0.299, 0.587, 0.114 of 255


def test_value_ranges():
    ends = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1) * np.ones((1, 48, 48, 3), np.uint8)
    assert (GREY.value_range, LITE.value_range) == ((0.0, 1.0), (-127 / 128, 1.0))
    for spec in (GREY, LITE):
        x = network_input(ends, spec)
        assert x.dtype == np.float32 and x.shape == (2, spec.size, spec.size, spec.channels)
        np.testing.assert_allclose([x[0].max(), x[1].min()], spec.value_range, atol=1e-6)


def test_mean_and_std_a_channel():
    spec = InputSpec(size=2, channels=3, mean=(0.0, 100.0, 200.0), std=(1.0, 10.0, 100.0))
    x = normalise(np.full((1, 2, 2, 3), 250, np.float32), spec)
    np.testing.assert_allclose(x[0, 0, 0], [250, 15, 0.5])


def test_shrinking_is_antialiased():
    stripes = np.zeros((1, 480, 480, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(to_pixels(stripes, GREY).astype(int)) <= 8  # fine stripes become even grey, not moiré


def test_trainers_normalise_tensors_with_the_same_function():
    import torch

    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    expected = network_input(pixels, LITE)
    np.testing.assert_allclose(normalise(torch.from_numpy(pixels).float(), LITE).numpy(), expected, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 255))
def test_an_even_picture_stays_even_at_any_size(height, width, value):
    pixels = to_pixels([np.full((height, width, 3), value, np.uint8)], GREY)
    assert (pixels == value).all()


@pytest.mark.parametrize(
    ("given", "said"), [(None, "NoneType"), (7, "int"), (np.zeros((4, 4, 3)), r"an array \(4, 4, 3\)")]
)
def test_what_is_no_list_of_faces_is_refused_in_words(given, said):
    with pytest.raises(ValueError, match=rf"or a list of \(H, W, 3\), got {said}\."):
        check_faces(given)


def test_messages_say_what_came():
    with pytest.raises(ValueError, match=r"face 1 as uint8 in 0\.\.255, got float64"):
        check_faces([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3))])  # type: ignore[list-item]
