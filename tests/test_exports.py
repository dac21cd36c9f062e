"""What leaves a collection says what the collection says, and shows no face where faces are to be blurred."""

import csv
import json
import zipfile
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pytest
import skimage
from collection_cases import BOXES, answered_collection, picture, reads
from PIL import Image

from fer_core import collection_edit as edit, exports
from fer_core.collection import Collection
from fer_core.collection_add import add
from fer_core.detection import CropRule, DetectionOptions
from fer_core.photo_sources import Input
from fer_core.photos import MAX_SIDE
from fer_core.report_html import report_html
from fer_core.types import EMOTIONS

IDS = ["model-a", "model-b"]
HOSTILE = '=cmd|"x"!A1 <img src="http://x.example/a.png" onerror=alert(1)>.png'
ASTRONAUT = (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()


@pytest.fixture(scope="module")
def made() -> Collection:
    """Two photos, six faces, two of them labelled."""
    found = answered_collection()
    keys = [face.key for face in found.faces]
    return edit.label(found, {keys[0]: "happy", keys[1]: "sad"})


def _rows(data: bytes):
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"))))


def test_csv_has_a_row_a_face_with_the_documented_columns(made):
    rows = _rows(exports.faces_csv(made, IDS))
    assert list(rows[0]) == exports.columns(IDS)
    assert [row["face"] for row in rows] == ["1", "2", "3"] * 2
    assert [row["label"] for row in rows] == ["happy", "sad", "", "", "", ""]
    assert [row["model-b:label"] for row in rows[:3]] == ["happy", "sad", "happy"]
    assert float(rows[0]["model-a:happy"]) == pytest.approx(0.94 + 0.06 / 7, abs=1e-6)
    assert rows[0]["sha256"] == made.photos[0].sha256 and len({row["settings"] for row in rows}) == 1


def test_settings_change_with_options_and_weights(made):
    one = exports.settings_of(made, IDS)
    assert exports.settings_of(made, IDS[:1]) != one and exports.settings_of(made, IDS[::-1]) == one
    assert exports.settings(DetectionOptions(crop=CropRule(1.2, "square")), []) != exports.settings(
        DetectionOptions(), []
    )


def test_names_are_no_formulas():
    found = add(Collection(), [Input(HOSTILE, picture())], reads())
    assert _rows(exports.faces_csv(found, []))[0]["file"].startswith("'=cmd")
    assert _rows(exports.ledger_csv(found.ledger))[0]["file"].startswith("'=cmd")


def test_json_says_the_same_in_full(made):
    found = json.loads(exports.faces_json(made, IDS))
    assert [model["id"] for model in found["models"]] == IDS
    assert [model["temperature"] for model in found["models"]] == [made.answers[id].temperature for id in IDS]
    assert {row["settings"] for row in _rows(exports.faces_csv(made, IDS))} == {found["settings"]}
    assert len(found["faces"]) == 6 and len(found["ledger"]) == 2
    second = found["faces"][1]
    assert second["box"] == list(BOXES[1]) and second["label"] == "sad" and second["agreement"] is False
    stored = made.answers["model-b"].probabilities[made.faces[1].found.digest]
    assert second["answers"]["model-b"]["probabilities"] == dict(zip(EMOTIONS, stored.tolist(), strict=True))


def _members(data):
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_crops_by_true_or_predicted_label(made):
    by_truth = _members(exports.crops_zip(made, "label"))
    assert sorted(name.split("/")[0] for name in by_truth) == ["happy", "sad", *["unlabelled"] * 4]
    by_model = _members(exports.crops_zip(made, "model-b"))
    assert sorted(name.split("/")[0] for name in by_model) == ["happy"] * 3 + ["sad"] * 3
    pixels = np.array(Image.open(BytesIO(by_truth["happy/0001-001.png"])))
    np.testing.assert_array_equal(pixels, made.faces[0].face.crop)


def test_annotated_photos_show_boxes_and_landmarks(made):
    plain, marked = (exports.annotated_jpeg(made, made.photos[0], landmarks=on) for on in (False, True))
    assert Image.open(BytesIO(plain)).size == (200, 120) and plain != marked
    assert sorted(_members(exports.photos_zip(made))) == ["0001.jpg", "0002.jpg"]


def _information(pixels: np.ndarray) -> int:
    """How many different colours a picture has."""
    return len(np.unique(pixels.reshape(-1, 3), axis=0))


def test_a_blurred_crop_has_no_more_than_a_few_squares(made):
    for data in _members(exports.crops_zip(made, "label", blur=True)).values():
        assert _information(np.array(Image.open(BytesIO(data)))) <= exports.BLUR_CELLS * 2 * exports.BLUR_CELLS


def test_two_pictures_of_the_same_means_blur_to_the_same():
    checkered = np.indices((80, 80)).sum(axis=0) % 2 * 200
    faces = [np.repeat(values[:, :, None], 3, 2).astype(np.uint8) for values in (checkered, 200 - checkered)]
    assert (faces[0] != faces[1]).any()
    np.testing.assert_array_equal(exports.blurred(faces[0]), exports.blurred(faces[1]))


def test_blurring_reaches_deleted_faces_and_beyond_the_box(made):
    photo = made.photos[0]
    less = edit.draw(edit.delete(made, [made.faces[0].key]), photo.sha256, (60, 70, 100, 110))
    image = np.zeros((photo.height, photo.width, 3), np.uint8)
    image[:] = np.random.default_rng(0).integers(0, 256, image.shape)
    there = {*less.photos[0].places, *(face.face.box for face in less.faces_of(photo.sha256))}
    out = exports.with_blurred(image, there, 1.0)
    for x1, y1, x2, y2 in (*BOXES, (60, 70, 100, 110)):
        w, h = 0.2 * (x2 - x1), 0.2 * (y2 - y1)
        area = out[max(0, round(y1 - h + 1)) : round(y2 + h - 1), max(0, round(x1 - w + 1)) : round(x2 + w - 1)]
        assert _information(area) < 100 < area.size // 3
    np.testing.assert_array_equal(out[:, 130:141], image[:, 130:141])  # between the faces it is as it was


def test_a_blurred_real_face_is_found_by_no_detector():
    from fer_core.collection_add import reader
    from fer_core.detection import Detector

    detector = Detector("cpu")
    found = add(Collection(), [Input("astronaut.png", ASTRONAUT)], reader(detector))
    shown, hidden = (exports.annotated_jpeg(found, found.photos[0], blur=on) for on in (False, True))
    assert len(detector.detect(np.array(Image.open(BytesIO(shown))))) == 1
    assert detector.detect(np.array(Image.open(BytesIO(hidden)))) == []


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]


@pytest.mark.parametrize("blur", [False, True])
def test_the_report_needs_nothing_else_and_escapes_names(made, blur):
    found = add(edit.renamed(made, "A <script>alert(1)</script> & co"), [Input(HOSTILE, picture(9))], reads())
    text = report_html(found, IDS, blur=blur).decode()
    page = _Page()
    page.feed(text)
    assert "script" not in page.tags and "link" not in page.tags
    assert page.addresses and all(address.startswith("data:image/jpeg;base64,") for address in page.addresses)
    assert "default-src 'none'" in text and ("Faces are blurred" in text) is blur
    assert "&lt;script&gt;" in text and "&lt;img src=" in text
    assert "75.0 %" not in text and "50.0%" in text  # model A is right about one of two labelled faces
    assert page.tags.count("img") == 9 + 3  # faces and photos


def test_a_report_without_models_or_photos_stands_too():
    assert b"0 photos" in report_html(Collection("Nothing"), [])


def test_every_column_is_documented_in_its_place():
    made = answered_collection()
    names = exports.faces_csv(made, ["model-a"]).decode("utf-8-sig").splitlines()[0].split(",")
    assert names[: len(exports.COLUMNS)] == list(exports.COLUMNS) and all(exports.COLUMNS.values())
    assert names[len(exports.COLUMNS) :] == [f"model-a:{name}" for name in ("label", *EMOTIONS)]


def test_boxes_of_a_large_photo_are_said_to_be_of_the_reduced_one():
    large = add(Collection(), [Input("a.png", picture(0, (60, MAX_SIDE + 500)))], reads(()))
    large = edit.draw(large, large.photos[0].sha256, (MAX_SIDE - 40, 0, MAX_SIDE + 500, 50))
    (row,) = exports.rows(large, [])
    assert row["x2"] == MAX_SIDE and f"reduced to {MAX_SIDE:,} pixels" in exports.COLUMNS["x1"]
    assert f"to {MAX_SIDE}x" in large.ledger[0].reason
