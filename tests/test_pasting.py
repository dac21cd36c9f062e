"""trainers.pasting: faces in larger pictures, and what detection finds of them."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from PIL import Image

from fer_core.crop_rule import Frame
from fer_core.detection import DetectionOptions
from tests.pasted_cases import astronauts, noise
from trainers import pasting
from trainers.pasting import PICTURE, crops, overlaps, paste, read_back

OPTIONS = DetectionOptions(minimum_face=40)


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("side", [20, 31, 96])
def test_each_face_stands_whole_in_its_frame(side):
    faces = astronauts(5)
    (pasted,) = paste(faces, side)
    assert [index for index, _ in pasted.frames] == list(range(5))
    for index, frame in pasted.frames:
        x, y = round(frame.x - side / 2), round(frame.y - side / 2)
        expected = np.asarray(Image.fromarray(faces[index]).resize((side, side), Image.Resampling.BICUBIC))
        assert np.array_equal(pasted.picture[y : y + side, x : x + side], expected)


def test_a_picture_is_a_photo_around_the_faces_and_has_no_hard_edge():
    (empty,) = paste(astronauts(1), 96)
    background = np.asarray(Image.fromarray(skimage.data.coffee()).convert("L").resize(PICTURE))
    assert np.array_equal(empty.picture[400:], background[400:])
    assert empty.picture.shape == PICTURE[::-1]
    (_, frame), _ = (*empty.frames, None)
    top = round(frame.y - 96)
    across = np.abs(np.diff(empty.picture[top + 4 : top + 40].astype(int), axis=0)).mean(axis=1)
    assert across.max() < 12


def test_pictures_follow_until_all_faces_are_in_and_are_the_same_again():
    faces = astronauts(50)
    once, again = list(paste(faces, 96)), list(paste(faces, 96))
    assert len(once) > 1 and [i for p in once for i, _ in p.frames] == list(range(50))
    assert all(np.array_equal(a.picture, b.picture) and a.frames == b.frames for a, b in zip(once, again, strict=True))


def test_faces_can_be_turned():
    marked = np.full((1, 48, 48), 100, np.uint8)
    marked[0, 20:28, 36:44] = 255  # right of the middle: turned clockwise by 90 degrees it lies below
    (pasted,) = paste(marked, 48, angle=90)
    ((_, frame),) = pasted.frames
    assert pasted.picture[round(frame.y) + 16, round(frame.x)] == 255
    assert frame.roll == pytest.approx(np.pi / 2)


def test_too_large_faces_are_refused():
    with pytest.raises(ValueError, match="at most 472 pixels"):
        next(paste(astronauts(1), 500))


def test_detection_finds_the_faces_and_says_where_they_were():
    faces = np.concatenate([astronauts(4), noise(1), astronauts(2)])
    heard: list[int] = []
    found = read_back(faces, 96, OPTIONS, each=heard.append)
    assert found.index.tolist() == [0, 1, 2, 3, 5, 6] and sum(heard) == 7
    (pasted,) = paste(faces, 96)
    frames = dict(pasted.frames)
    for place, index in enumerate(found.index):
        x1, y1, x2, y2 = found.frames[place]
        assert ((x1 + x2) / 2, (y1 + y2) / 2) == (frames[int(index)].x, frames[int(index)].y)
        assert overlaps(found.boxes[place][None], found.frames[place][None])[0, 0] > 0.4
        assert (found.landmarks[place] > [x1, y1]).all() and (found.landmarks[place] < [x2, y2]).all()
    assert found.false.tolist() == [0]


def test_what_was_found_is_kept(monkeypatch):
    faces = astronauts(2)
    once = read_back(faces, 96, OPTIONS)
    monkeypatch.setattr(pasting, "Detector", None)  # nothing is detected a second time
    again = read_back(faces, 96, OPTIONS)
    assert np.array_equal(once.boxes, again.boxes) and np.array_equal(once.index, again.index)
    for faces_now, side, options in (
        (astronauts(3), 96, OPTIONS),
        (faces, 90, OPTIONS),
        (faces, 96, DetectionOptions()),
    ):
        with pytest.raises(TypeError):
            read_back(faces_now, side, options)


def test_crops_come_in_the_order_of_the_faces():
    faces = np.concatenate([astronauts(3), noise(1), astronauts(30)])
    found = read_back(faces, 96, OPTIONS)
    places = found.frames

    def frame(i: int) -> Frame:
        x1, y1, x2, y2 = places[i]
        return Frame((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)

    cut = list(crops(faces, 96, found, frame))
    assert len(cut) == len(found.index) == 33
    for index, crop in zip(found.index, cut, strict=True):
        small = np.asarray(Image.fromarray(crop).convert("L").resize((48, 48), Image.Resampling.BILINEAR), float)
        assert np.abs(small - faces[index]).mean() < 5


def test_no_box_overlaps_nothing():
    assert overlaps(np.zeros((0, 4)), np.array([[0, 0, 1, 1.0]])).shape == (0, 1)
    assert overlaps(np.array([[0, 0, 2, 2.0]]), np.array([[1, 0, 3, 2.0], [5, 5, 6, 6]])).tolist() == [[1 / 3, 0]]
