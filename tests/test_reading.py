"""Photo to table: boxes are drawn where faces are, rows say what the models said."""

from pathlib import Path

import numpy as np
import pytest
import skimage

from fer_core.detection import DetectionOptions, Detector
from fer_core.photos import PhotoError
from fer_core.reading import annotated, answers, read_faces, spreadsheet_safe, table_rows
from fer_core.types import EMOTIONS, Face

ASTRONAUT = (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()


@pytest.fixture(scope="module")
def reading():
    return read_faces(ASTRONAUT, Detector("cpu"), DetectionOptions())


def _face(number=0):
    return Face((1.0, 2.0, 31.04, 42.0), 0.99, np.zeros((5, 2), np.float32), np.full((30, 30, 3), number, np.uint8))


def _certain(*labels):
    return EMOTIONS, np.stack([np.eye(7, dtype=np.float32)[EMOTIONS.index(label)] for label in labels])


def test_the_example_photo_has_its_one_face(reading):
    assert (reading.width, reading.height, reading.scale) == (512, 512, 1.0)
    assert len(reading.faces) == 1
    x1, y1, x2, y2 = reading.faces[0].box
    assert 150 < x1 < 200 and 40 < y1 < 80 and 240 < x2 < 280 and 150 < y2 < 190


def test_the_box_is_drawn_on_a_copy(reading):
    before = reading.preview.copy()
    drawn = annotated(reading)
    np.testing.assert_array_equal(reading.preview, before)
    assert drawn.shape == before.shape
    changed = (drawn != before).any(axis=2)
    x1, y1, x2, y2 = (round(v) for v in reading.faces[0].box)
    assert changed[y1 : y2 + 1, x1].mean() > 0.95 and changed[y2, x1 : x2 + 1].mean() > 0.95  # two of the box's lines
    assert not changed[y1 + 12 : y2 - 12, x1 + 12 : x2 - 12].any()  # the face itself stays free
    assert changed[:, :100].sum() == 0 and changed[250:].sum() == 0


def test_a_large_photo_is_kept_small_and_its_boxes_scaled():
    from io import BytesIO

    from PIL import Image

    large = BytesIO()
    with Image.open(BytesIO(ASTRONAUT)) as image:
        image.convert("RGB").resize((2048, 2048)).save(large, "JPEG")
    found = read_faces(large.getvalue(), Detector("cpu"), DetectionOptions(minimum_face=80))
    assert max(found.preview.shape) == 1400 and found.scale == pytest.approx(1400 / 2048)
    assert found.faces[0].box[0] == pytest.approx(4 * 177, abs=60)  # boxes stay in the photo's own pixels
    assert annotated(found).shape == found.preview.shape


def test_what_is_no_photo_is_refused():
    with pytest.raises(PhotoError):
        read_faces(b"not a picture", Detector("cpu"), DetectionOptions())


def test_agreement():
    same, apart = answers([_face(), _face()], {"a": _certain("happy", "sad"), "b": _certain("happy", "fear")})
    assert (same.agreement, apart.agreement) == (True, False)
    assert answers([_face()], {"a": _certain("happy")})[0].agreement is None


def test_rows_have_stable_columns_and_the_models_numbers():
    (one,) = answers(
        [_face()], {"a": _certain("happy"), "four": (("happy", "sad", "surprise", "neutral"), np.full((1, 4), 0.25))}
    )
    (row,) = table_rows(3, "class.jpg", [one])
    assert list(row)[:9] == ["photo", "file", "face", "x1", "y1", "x2", "y2", "detection_confidence", "agreement"]
    assert (row["photo"], row["file"], row["face"], row["x2"]) == (3, "class.jpg", 1, 31.0)
    assert row["a:label"] == "happy" and row["a:happy"] == 1 and row["a:angry"] == 0
    assert row["four:happy"] == 0.25 and row["four:angry"] == ""  # a blank where a model does not know the emotion


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("class.jpg", "class.jpg"),
        ("=cmd|' /C calc'!A0.jpg", "'=cmd|' /C calc'!A0.jpg"),
        ("+1.png", "'+1.png"),
        ("a;=1.png", "a;'=1.png"),
        ("a\r\nb\x00.png", "ab.png"),
    ],
)
def test_hostile_names_are_no_formulas_and_no_new_lines(name, safe):
    assert spreadsheet_safe(name) == safe
