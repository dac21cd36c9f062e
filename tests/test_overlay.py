"""fer_core.overlay: a map lies where it belongs, on the crop and in the photo, and 0 leaves the face alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.data import astronaut

from fer_core import overlay
from fer_core.crop_rule import Frame, cut
from fer_core.detection import Detector
from fer_core.face_regions import usual

PHOTO = astronaut()


def test_an_empty_map_leaves_the_face_as_it_is():
    for opacity in (0.3, 1.0):
        assert np.array_equal(overlay.overlaid(PHOTO, np.zeros((6, 6), np.float32), opacity), PHOTO)


def test_full_strength_is_the_scales_end_and_opacity_mixes():
    ones, face = np.ones((4, 4), np.float32), np.full((8, 8, 3), 100, np.uint8)
    assert (overlay.overlaid(face, ones, 1.0) == overlay.FOR[-1]).all()
    assert (overlay.overlaid(face, -ones, 1.0) == overlay.AGAINST[-1]).all()
    half = overlay.overlaid(face, ones, 0.5)
    assert half[0, 0].tolist() == [round((100 + c) / 2) for c in overlay.FOR[-1]]
    assert np.array_equal(overlay.overlaid(face, ones, 0.0), face)


def test_what_is_not_a_number_is_grey_and_never_a_colour_of_the_scale():
    grey = overlay.overlaid(np.zeros((4, 4, 3), np.uint8), np.full((4, 4), np.nan, np.float32), 1.0)
    assert (grey == 128).all()


def test_the_ramps_get_darker_from_little_to_much():
    for sign in (1, -1):
        light = overlay.colours(sign * np.linspace(0.01, 1, 50, dtype=np.float32)) @ [0.299, 0.587, 0.114]
        assert (np.diff(light) <= 0.5).all() and light[0] - light[-1] > 80


@pytest.mark.parametrize("roll", [0.0, 0.5])
def test_a_map_is_put_back_where_its_crop_was_cut(roll):
    frame = Frame(225, 120, 100, 100, roll)
    values = np.zeros((100, 100), np.float32)
    values[20:30, 60:70] = 1  # to the right of the middle and above it
    back = overlay.put_back(PHOTO, frame, values, 1.0)
    assert back.shape == (200, 200, 3)
    painted = np.argwhere((back == overlay.FOR[-1]).all(axis=2)).mean(axis=0)
    dx, dy = 65 - 50, 25 - 50
    wanted = (100 + math.sin(roll) * dx + math.cos(roll) * dy, 100 + math.cos(roll) * dx - math.sin(roll) * dy)
    assert painted == pytest.approx(wanted, abs=1.5)
    nothing = overlay.put_back(PHOTO, frame, np.zeros((9, 9), np.float32), 1.0)
    around = cut(PHOTO, Frame(225, 120, 200, 200))
    outline = (nothing != around).any(axis=2)
    assert np.array_equal(nothing[~outline], around[~outline]) and 300 < outline.sum() < 1500


def test_landmarks_of_the_photo_are_found_in_the_crop():
    frame = Frame(225, 120, 100, 100, 0.4)
    eye = np.array([math.cos(0.4), math.sin(0.4)]) * 20 + (225, 120)  # 20 pixels to the right along the turned line
    points = np.tile(eye, (5, 1)).astype(np.float32)
    assert overlay.points_in(points, frame, (50, 50, 3)) == pytest.approx(np.tile([35, 25], (5, 1)), abs=1e-3)
    assert overlay.points_in(np.full((5, 2), np.nan, np.float32), frame, (50, 50)) is None
    assert overlay.points_in(np.empty((0, 2), np.float32), frame, (50, 50)) is None


def test_a_crops_landmarks_are_looked_for():
    crop = cut(PHOTO, Frame(225, 120, 110, 110))
    found = overlay.look_for_points(Detector(), crop)
    assert found is not None and np.abs(found - usual((110, 110))).max() < 13
    assert overlay.look_for_points(Detector(), np.full((48, 48, 3), 90, np.uint8)) is None


def test_the_scale_has_both_ends():
    plain, signed = (overlay.scale_bar(1.0, s) for s in (False, True))
    assert (plain[0, -1] == overlay.FOR[-1]).all() and (plain[0, 0] == 128).all()
    assert (signed[0, 0] == overlay.AGAINST[-1]).all()
