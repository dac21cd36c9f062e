"""fer_core.crop_rule: what is cut out of a photo for a box, with landmarks and without."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from fer_core import artifacts
from fer_core.crop_rule import LEARNED, LEARNED_BOX, CropRule, Framing, crop, cut, frame, framed

COUNTED = np.arange(40 * 50 * 3, dtype=np.uint32).reshape(40, 50, 3).astype(np.uint8)
BOX = (100.0, 100.0, 180.0, 205.0)
"""The usual shape of MTCNN's box."""
FACE = np.array([[122, 138], [160, 138], [141, 160], [125, 179], [157, 179]], np.float32)
"""An upright face in that box."""


def turned(points: np.ndarray, degrees: float, around: tuple[float, float] = (140, 152.5)) -> np.ndarray:
    """The points turned clockwise as seen."""
    a = np.radians(degrees)
    return (points - around) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + around


def test_square_is_around_the_boxs_centre():
    assert np.array_equal(crop(COUNTED, (10, 10, 20, 30), CropRule(1.0, "square")), COUNTED[10:30, 5:25])
    assert crop(COUNTED, (10, 10, 20, 30), CropRule(0.95, "square")).shape == (19, 19, 3)


def test_tight_is_the_box():
    assert np.array_equal(crop(COUNTED, (10.2, 9.9, 20.1, 30.2), CropRule(1.0, "tight")), COUNTED[10:30, 10:20])


def test_the_default_is_a_square_about_as_high_as_the_box_that_follows_the_eyes():
    usual = frame(BOX, FACE)
    assert usual.width == usual.height == pytest.approx(100, rel=0.1)
    moved = frame(BOX, FACE + np.array([10, 5], np.float32))
    assert moved.x - usual.x == pytest.approx(10 * LEARNED.across, abs=1e-3)
    assert moved.y - usual.y == pytest.approx(5 * LEARNED.down, abs=1e-3)
    assert (moved.width, moved.roll) == pytest.approx((usual.width, 0))


def test_the_frame_grows_with_the_face_and_moves_with_it():
    usual = frame(BOX, FACE)
    x1, y1, x2, y2 = (2 * edge + 7 for edge in BOX)
    other = frame((x1, y1, x2, y2), 2 * FACE + 7)
    assert (other.x, other.y) == pytest.approx((2 * usual.x + 7, 2 * usual.y + 7), rel=1e-5)
    assert other.width == pytest.approx(2 * usual.width, rel=1e-5)


def test_scale_widens_any_shape():
    for shape in ("fer2013", "square", "tight"):
        one, wide = frame(BOX, FACE, CropRule(1, shape)), frame(BOX, FACE, CropRule(1.5, shape))
        assert (wide.width, wide.height) == pytest.approx((1.5 * one.width, 1.5 * one.height))
        assert (wide.x, wide.y) == (one.x, one.y)


@pytest.mark.parametrize("landmarks", [None, np.full((5, 2), np.nan, np.float32), np.empty((0, 2), np.float32)])
def test_without_landmarks_the_box_alone_decides(landmarks):
    alone = frame(BOX, landmarks, CropRule(level=True))
    assert alone.width == pytest.approx(80 * LEARNED_BOX.width + 105 * LEARNED_BOX.height)
    assert abs(alone.width - frame(BOX, FACE).width) < 8 and alone.x == 140 and alone.roll == 0


@pytest.mark.parametrize("degrees", [-40, -10, 25])
def test_level_turns_with_the_eyes(degrees):
    upright = frame(BOX, FACE, CropRule(level=True))
    tilted = frame(BOX, turned(FACE, degrees), CropRule(level=True))
    assert np.degrees(tilted.roll) == pytest.approx(degrees, abs=1e-3)
    assert tilted.width == pytest.approx(upright.width, abs=1e-3)
    centre = turned(np.array([upright.x, upright.y]), degrees)
    assert (tilted.x, tilted.y) == pytest.approx(centre.tolist(), abs=1e-3)
    assert frame(BOX, turned(FACE, degrees), CropRule(level=False)).roll == 0


def test_a_level_crop_shows_the_turned_part_upright():
    picture = np.zeros((300, 300, 3), np.uint8)
    y, x = np.mgrid[:300, :300] + 0.5
    a = np.radians(30)
    across, down = (x - 150) * np.cos(a) + (y - 150) * np.sin(a), -(x - 150) * np.sin(a) + (y - 150) * np.cos(a)
    picture[(np.abs(down) < 10) & (across > 0)] = 255  # a bar from the centre to the lower right, as the eyes would lie
    eyes = turned(np.array([[130, 150], [170, 150], [150, 160], [135, 180], [165, 180]], float), 30, (150, 150))
    cut_out = crop(picture, (110, 100, 190, 200), CropRule(1.0, "square", level=True), eyes.astype(np.float32))
    assert cut_out.shape == (100, 100, 3)
    assert (cut_out[42:58, 52:] > 200).all() and (cut_out[:38] < 50).all() and (cut_out[:, :48] < 50).all()


@pytest.mark.parametrize("shape", ["fer2013", "square", "tight"])
@pytest.mark.parametrize("box", [(-6, -9, 8, 11), (44, 30, 58, 50), (-30, -30, 90, 90), (200, 300, 220, 320)])
def test_crop_repeats_the_edge_outside_the_photo(box, shape):
    padded = np.pad(COUNTED, ((400, 400), (400, 400), (0, 0)), "edge")
    moved = tuple(edge + 400 for edge in box)
    assert np.array_equal(crop(COUNTED, box, CropRule(1, shape)), crop(padded, moved, CropRule(1, shape)))


@pytest.mark.parametrize("rule", [CropRule(level=False), CropRule()])
def test_a_crop_is_never_a_view(rule):
    image = np.zeros((300, 300, 3), np.uint8)
    image.flags.writeable = False
    assert not np.shares_memory(crop(image, BOX, rule, turned(FACE, 10)), image)


@pytest.mark.parametrize("box", [(10, 10, 10, 20), (20, 10, 10, 20), (0, 0, float("nan"), 9), (0, 0, float("inf"), 9)])
def test_crop_refuses_a_box_without_an_area(box):
    with pytest.raises(ValueError, match="Expected a box"):
        crop(COUNTED, box)


@pytest.mark.parametrize("rule", [{"scale": 0}, {"scale": -1}, {"scale": float("nan")}, {"shape": "round"}])
def test_impossible_rules_are_refused(rule):
    with pytest.raises(ValueError, match=r"Expected .* crop"):
        CropRule(**rule)


def test_a_wrong_shape_gets_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean 'tight'"):
        CropRule(shape="tigth")  # type: ignore[arg-type]


def test_landmarks_that_meet_in_a_point_still_give_a_crop():
    found = framed((0, 0, 2, 40), np.zeros((5, 2)), LEARNED)
    assert found.width >= 1 and cut(COUNTED, found).size


def test_the_rule_is_the_one_that_the_study_learned():
    learned = artifacts.study("crop_rule")["learned"]
    for mine, theirs in ((LEARNED, learned["fer2013"]), (LEARNED_BOX, learned["box"])):
        # another processor rounds detection otherwise, and the last of three digits with it
        assert asdict(mine) == pytest.approx(asdict(Framing(**theirs)), abs=0.0011)
    assert artifacts.study("crop_rule")["used"].endswith("level") == CropRule().level
