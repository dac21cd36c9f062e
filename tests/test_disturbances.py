"""fer_core.disturbances: nothing at strength 0, little at little strength, and what each does, on known pictures."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from fer_core.disturbances import DISTURBANCES, disturb

FACE = np.ascontiguousarray(astronaut()[60:180, 165:285])
SMALL = np.asarray(Image.fromarray(FACE).resize((48, 48)))
"""A real face, and one as small as FER2013's."""


def dotted(row, column, side=21):
    """Black but for one white pixel."""
    face = np.zeros((side, side, 3), np.uint8)
    face[row, column] = 255
    return face


def brightest(face):
    return np.unravel_index(face[..., 0].argmax(), face.shape[:2])


@pytest.mark.parametrize("one", DISTURBANCES.values(), ids=lambda one: one.id)
def test_strength_0_changes_nothing_and_the_face_given_never_changes(one):
    before = FACE.copy()
    same = disturb(FACE, {one.id: 0})
    assert np.array_equal(same, FACE) and not np.shares_memory(same, FACE)
    other = disturb(FACE, {one.id: one.high})
    assert other.shape == FACE.shape and other.dtype == np.uint8 and not np.array_equal(other, FACE)
    assert np.array_equal(FACE, before)


@pytest.mark.parametrize(
    "one", [d for d in DISTURBANCES.values() if d.id not in ("jpeg", "mirror")], ids=lambda d: d.id
)
def test_a_functions_own_0_is_the_same_face_too(one):
    assert np.array_equal(one.apply(FACE, 0), FACE)
    assert np.array_equal(one.apply(FACE[:, :90], 0), FACE[:, :90])  # no square


@pytest.mark.parametrize("one", [d for d in DISTURBANCES.values() if len(d.tried) > 1], ids=lambda d: d.id)
def test_more_strength_is_more_change_at_any_size(one):
    for face in (FACE, SMALL):
        above = [strength for strength in one.tried if strength > 0]
        change = [np.abs(disturb(face, {one.id: s}).astype(float) - face).mean() for s in above]
        assert change == sorted(change) and change[0] > 0


@pytest.mark.parametrize("one", DISTURBANCES.values(), ids=lambda one: one.id)
def test_the_table_is_sound(one):
    assert one.low <= 0 <= one.high and 0 not in one.tried
    assert list(one.tried) == sorted(one.tried)
    assert one.low <= min(one.tried) and max(one.tried) <= one.high
    assert all(one.low < 0 or strength > 0 for strength in one.tried)


def test_a_turn_is_clockwise_about_the_middle():
    assert brightest(disturb(dotted(10, 16), {"rotate": 45})) == (14, 14)  # right of the middle goes down
    assert brightest(disturb(dotted(10, 10), {"rotate": 30})) == (10, 10)
    quarter = disturb(disturb(FACE, {"rotate": 45}), {"rotate": -45})
    assert np.abs(quarter[40:80, 40:80].astype(float) - FACE[40:80, 40:80]).mean() < 8


def test_shifts_are_shares_of_the_frame_and_repeat_the_edge():
    assert brightest(disturb(dotted(5, 5, 20), {"across": 25})) == (5, 10)
    assert brightest(disturb(dotted(5, 5, 20), {"down": 10})) == (7, 5)
    assert np.array_equal(disturb(FACE, {"across": 10})[:, 12:], FACE[:, :-12])
    assert (disturb(FACE, {"across": 10})[:, :12] == FACE[:, :1]).all()


def test_shrinking_by_half_puts_the_face_into_the_middle():
    half = disturb(FACE, {"shrink": 50})
    wanted = np.asarray(Image.fromarray(FACE).resize((60, 60), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(half[32:88, 32:88] - wanted[2:-2, 2:-2]).max() <= 1
    assert (half[:28, :28] == FACE[0, 0]).all()


def test_blur_is_in_pixels_of_fer2013():
    step = np.zeros((96, 96, 3), np.uint8)
    step[:, 48:] = 255
    row = disturb(step, {"blur": 2})[48, :, 0] / 255  # sigma 4 pixels here
    assert row[48 + 4] == pytest.approx(0.84, abs=0.04) and row[48 - 5] == pytest.approx(0.16, abs=0.04)


def test_jpeg_is_pillows_own():
    buffer = BytesIO()
    Image.fromarray(FACE).save(buffer, "JPEG", quality=10)
    assert np.array_equal(disturb(FACE, {"jpeg": 90}), np.asarray(Image.open(buffer)))


def test_darkness_is_a_share():
    assert np.array_equal(disturb(FACE, {"darken": 50}), np.rint(FACE * 0.5).astype(np.uint8))


@pytest.mark.parametrize(("id", "row"), [("eyes", 47), ("mouth", 95)])
def test_a_bar_hides_its_place_and_nothing_else(id, row):
    out = disturb(FACE, {id: 20})
    changed = (out != FACE).any(axis=2)
    rows = np.flatnonzero(changed.any(axis=1))
    assert row in rows and 20 <= rows.max() - rows.min() + 1 <= 25  # 20 % of 120 pixels
    assert (out[row, 50:70] == np.rint(FACE.mean(axis=(0, 1)))).all()
    assert not changed[:, :14].any() and not changed[:30].any()


@pytest.mark.parametrize(("id", "by"), [("down", 20), ("across", -15), ("shrink", 40), ("rotate", 30)])
def test_a_bar_goes_where_the_face_goes(id, by):
    for bar in ("eyes", "mouth"):
        both = disturb(FACE, {bar: 20, id: by})
        np.testing.assert_array_equal(both, disturb(disturb(FACE, {bar: 20}), {id: by}))


def test_two_mirrors_are_none():
    once = disturb(FACE, {"mirror": 1})
    assert np.array_equal(once, FACE[:, ::-1]) and np.array_equal(disturb(once, {"mirror": 1}), FACE)


def test_several_are_applied_in_the_tables_order():
    both = disturb(FACE, {"mirror": 1, "rotate": 20})  # the order named does not matter
    assert np.array_equal(both, disturb(disturb(FACE, {"rotate": 20}), {"mirror": 1}))


@pytest.mark.parametrize(
    ("face", "strengths", "words"),
    [
        (FACE, {"rotat": 3}, "Did you mean 'rotate'"),
        (FACE, {"blur": -1}, "expected 0 to 4"),
        (FACE, {"jpeg": 100}, "expected 0 to 99"),
        (FACE, {"darken": float("nan")}, "expected 0 to 95"),
        (FACE[..., 0], {}, "as RGB"),
        (FACE.astype(float), {}, "uint8"),
    ],
)
def test_what_cannot_be_done_is_refused(face, strengths, words):
    with pytest.raises(ValueError, match=words):
        disturb(face, strengths)
