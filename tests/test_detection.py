"""fer_core.detection: faces where they are, in reading order, cropped by the rule; [] where there are none."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

from fer_core.crop_rule import frame
from fer_core.detection import CropRule, DetectionOptions, Detector, detect, reading_order
from fer_core.exports import settings
from fer_core.photos import read_photo
from fer_core.types import Box

ASTRONAUT = (181.0, 62.0, 268.0, 172.0)
"""The face of scikit-image's astronaut: MTCNN's own box, looked at and rounded; it goes from fringe to chin."""
TURNS = ["FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_90", "TRANSVERSE", "ROTATE_270"]
STORED_AS = {1: None} | {i: Image.Transpose[turn] for i, turn in enumerate(TURNS, start=2)}
"""How a camera stores an upright scene under each EXIF orientation."""
NO_FACES = {
    "black": np.zeros((120, 160, 3), np.uint8),
    "gradient": np.tile(np.linspace(0, 255, 160).astype(np.uint8)[:, None], (120, 1, 3)),
    "noise": np.random.default_rng(3).integers(0, 256, (120, 160, 3), dtype=np.uint8),
    "coffee": skimage.data.coffee(),
}


@pytest.fixture(scope="module")
def detector() -> Detector:
    """One detector for all tests, the usual one."""
    return Detector()


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """A photo of one woman, uint8 RGB (320, 380, 3); its lower part holds no face and costs time."""
    return skimage.data.astronaut()[:320, :380]


def overlap(a: Box, b: Box) -> float:
    """The intersection over union of two boxes, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def composed(photo: np.ndarray, places: list[tuple[int, int, float]]) -> tuple[np.ndarray, list[Box]]:
    """A picture of 640 x 480 pixels with the astronaut's head pasted at each (x, y, scale), and the faces' boxes."""
    left, top, right, bottom = 130, 10, 320, 230
    head = Image.fromarray(photo[top:bottom, left:right])
    canvas = Image.new("RGB", (640, 480), (150, 150, 140))
    boxes = []
    for x, y, scale in places:
        canvas.paste(head.resize((round(head.width * scale), round(head.height * scale)), reducing_gap=2), (x, y))
        x1, y1, x2, y2 = (edge * scale for edge in np.subtract(ASTRONAUT, (left, top, left, top)))
        boxes.append((x1 + x, y1 + y, x2 + x, y2 + y))
    return np.array(canvas), boxes


def test_finds_the_face_of_a_real_photo(detector, astronaut):
    (face,) = detector.detect(astronaut)
    assert overlap(face.box, ASTRONAUT) > 0.85
    assert 0.9 <= face.confidence <= 1
    assert face.crop.dtype == np.uint8
    side = round(frame(face.box, face.landmarks).width)
    assert face.crop.shape == (side, side, 3)


def test_landmarks_are_named_as_seen_in_the_picture(detector, astronaut):
    (face,) = detector.detect(astronaut)
    by_eye = [(206, 101), (247, 103), (225, 127), (205, 140), (243, 141)]
    assert face.landmarks.dtype == np.float32
    assert np.abs(face.landmarks - by_eye).max() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_box_lands_on_the_face_as_shown(detector, astronaut, orientation):
    upright, turn = Image.fromarray(astronaut[:300, 50:]), STORED_AS[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    (upright if turn is None else upright.transpose(turn)).save(file, "JPEG", quality=95, exif=exif)
    (face,) = detector.detect(read_photo(file.getvalue()).image)
    (expected,) = detector.detect(np.array(upright))
    assert np.abs(np.subtract(face.box, expected.box)).max() < 6  # JPEG's noise alone moves this box by up to 3 pixels


def test_finds_every_face_of_a_composed_picture(detector, astronaut):
    places = [(30, 20, 0.5), (250, 10, 0.6), (500, 30, 0.3), (40, 150, 1.4), (330, 200, 1.0), (520, 230, 0.6)]
    image, boxes = composed(astronaut, places)
    faces = detector.detect(image)
    assert len(faces) == len(boxes)
    assert all(overlap(face.box, boxes[i]) > 0.5 for face, i in zip(faces, reading_order(boxes), strict=True))


@pytest.mark.parametrize("side", [20, 24, 32, 64, 180])
def test_finds_a_face_of_any_size(detector, astronaut, side):
    image, boxes = composed(astronaut, [(200, 10, side / 90)])
    (face,) = detector.detect(image)
    assert overlap(face.box, boxes[0]) > 0.5


@pytest.mark.parametrize("name", NO_FACES)
def test_a_picture_without_a_face_gives_none(detector, name):
    assert detector.detect(NO_FACES[name]) == []


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (19, 400), (4000, 12)])
def test_a_tiny_picture_gives_none(detector, shape):
    assert detector.detect(np.full((*shape, 3), 128, np.uint8)) == []


@pytest.mark.parametrize("side", [*range(12, 60), 98, 103, 107])
def test_a_picture_of_just_the_minimum_size(detector, side):
    """12 / side * side is a little less than 12 for some sides: facenet-pytorch alone fails on these."""
    assert detector.detect(np.zeros((side, side, 3), np.uint8), DetectionOptions(minimum_face=side)) == []


@pytest.mark.parametrize("thresholds", [(1, 0.7, 0.7), (0.6, 1, 0.7), (0.6, 0.7, 1)])
def test_no_candidate_left_at_a_stage(detector, astronaut, thresholds):
    assert detector.detect(astronaut[40:200, 150:300], DetectionOptions(thresholds=thresholds, confidence=0)) == []


def test_options_decide_what_counts(detector, astronaut):
    image, boxes = composed(astronaut, [(30, 20, 0.35), (300, 100, 1.5)])
    (large,) = detector.detect(image, DetectionOptions(minimum_face=80))
    assert overlap(large.box, boxes[1]) > 0.5
    assert detector.detect(image, DetectionOptions(confidence=1.0)) == []
    (tight, _) = detector.detect(image, DetectionOptions(crop=CropRule(1.0, "tight")))
    assert tight.crop.shape[0] > tight.crop.shape[1]


def test_equals_facenet_pytorch(detector, astronaut):
    from facenet_pytorch import MTCNN

    image, _ = composed(astronaut, [(30, 20, 0.5), (400, 10, 0.6), (40, 150, 1.4)])
    boxes, scores, landmarks = MTCNN(keep_all=True, device="cpu").detect(image, landmarks=True)
    faces = detector.detect(image, DetectionOptions(confidence=0))
    order = reading_order([tuple(box) for box in boxes])
    assert np.allclose([face.box for face in faces], boxes[order].astype(float), atol=0.01)
    assert np.allclose([face.confidence for face in faces], scores[order].astype(float), atol=1e-4)
    assert np.allclose([face.landmarks for face in faces], landmarks[order].astype(float), atol=0.01)


def test_a_face_at_the_edge(detector, astronaut):
    image = astronaut[85:, 200:]
    (face,) = detector.detect(image, DetectionOptions(confidence=0.5, crop=CropRule(level=False)))
    assert face.box[:2] == (0.0, 0.0)
    assert face.crop.shape[0] == face.crop.shape[1] > 0.95 * (face.box[3] - face.box[1])
    assert (face.crop[0] == face.crop[1]).all()  # above the photo its edge is repeated
    assert (face.crop[:, 0] == face.crop[:, 1]).all()


def test_neither_image_nor_memory_is_touched(detector, astronaut):
    image = astronaut.copy()
    image.flags.writeable = False
    (face,) = detector.detect(image)
    assert not np.shares_memory(face.crop, image)
    assert np.array_equal(image, astronaut)


def test_threads_with_different_options_do_not_mix(detector, astronaut):
    image, _ = composed(astronaut, [(30, 20, 0.35), (300, 20, 0.6), (100, 180, 1.3)])
    work = [DetectionOptions(minimum_face=size, confidence=c) for size in (20, 70, 160) for c in (0.5, 0.99)]
    expected = [[face.box for face in detector.detect(image, options)] for options in work]
    with ThreadPoolExecutor(4) as pool:
        actual = [[face.box for face in faces] for faces in pool.map(lambda o: detector.detect(image, o), work)]
    assert {len(boxes) for boxes in expected} >= {1, 2, 3}
    assert all(np.allclose(a, b, atol=0.01) for a, b in zip(actual, expected, strict=True))


def test_the_convenience_function(detector, astronaut):
    faces = detect(astronaut[:240, 100:350])
    assert overlap(faces[0].box, detector.detect(astronaut[:240, 100:350])[0].box) > 0.95


def test_cuda_agrees_with_the_processor(detector, astronaut):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    (face,), (expected,) = Detector("cuda").detect(astronaut), detector.detect(astronaut)
    assert overlap(face.box, expected.box) > 0.95


@pytest.mark.parametrize(
    ("image", "actual"),
    [
        (np.zeros((60, 60, 3), np.float32), r"float32 \(60, 60, 3\)"),
        (np.zeros((60, 60), np.uint8), r"uint8 \(60, 60\)"),
        (np.zeros((60, 60, 4), np.uint8), r"\(60, 60, 4\)"),
        (np.zeros((1, 60, 60, 3), np.uint8), r"\(1, 60, 60, 3\)"),
        (Image.new("RGB", (60, 60)), "got Image"),
        (None, "NoneType"),
    ],
)
def test_other_arrays_are_refused(detector, image, actual):
    with pytest.raises(ValueError, match=f"Expected a photo as uint8 RGB array .*{actual}"):
        detector.detect(image)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"minimum_face": 11}, "minimum face of 12"),
        ({"minimum_face": 20.5}, "got 20.5"),
        ({"confidence": 1.1}, "confidence from 0 to 1"),
        ({"confidence": float("nan")}, "confidence from 0 to 1"),
        ({"thresholds": (0.6, 0.7)}, "three thresholds"),
        ({"thresholds": (0.6, 0.7, 1.7)}, "got .*1.7"),
        ({"thresholds": (0.1, 0.7, 0.7)}, "from 0.3 to 1"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        DetectionOptions(**options)


def test_options_are_a_cache_key():
    from_a_widget: dict[str, Any] = {"minimum_face": np.int64(20), "thresholds": [0.6, 0.7, 0.7]}
    assert len({DetectionOptions(**from_a_widget), DetectionOptions(), DetectionOptions(crop=CropRule(1.2))}) == 2


def test_equal_options_have_one_code_whatever_kind_of_number_they_came_as():
    numbers: list[tuple[Any, Any]] = [(np.int64(20), 1), (20, np.float64(1)), (np.int16(20), np.float32(1))]
    for minimum_face, confidence in numbers:
        other = DetectionOptions(minimum_face, confidence)
        assert other == DetectionOptions(20, 1.0)
        assert settings(other, []) == settings(DetectionOptions(20, 1.0), [])


@pytest.mark.parametrize(
    ("boxes", "order"),
    [
        ([], []),
        ([(50, 0, 60, 10), (0, 4, 10, 14), (20, 2, 30, 12)], [1, 2, 0]),  # one uneven row
        ([(50, 0, 60, 10), (0, 7, 10, 17), (20, 40, 30, 50)], [1, 0, 2]),  # side by side, one much smaller
        ([(50, 0, 60, 10), (0, 8, 10, 18), (20, 40, 30, 50)], [0, 1, 2]),  # the second hangs too low for the first row
        ([(0, 50, 10, 60), (90, 0, 99, 10), (0, 0, 10, 10), (40, 48, 50, 58)], [2, 1, 0, 3]),
        (
            [(0, 0, 20, 10), (5, 0, 15, 10), (0, 0, 20, 10)],
            [0, 2, 1],
        ),  # same centres: by coordinates, then as they came
    ],
)
def test_reading_order(boxes, order):
    assert reading_order(boxes) == order


def test_reading_order_does_not_depend_on_the_detectors():
    boxes = [(x, y + (x * 7) % 5, x + 10, y + 12) for y in (0, 30, 60) for x in range(0, 100, 15)]
    sorted_boxes = [boxes[i] for i in reading_order(boxes)]
    shuffled = [boxes[i] for i in np.random.default_rng(0).permutation(len(boxes))]
    assert [shuffled[i] for i in reading_order(shuffled)] == sorted_boxes == boxes


def test_neither_importing_nor_detecting_loads_a_framework(astronaut, tmp_path):
    np.save(tmp_path / "photo.npy", astronaut)
    code = (
        "import sys, fer_core.photos, fer_core.detection as d, numpy as np\n"
        "heavy = {'torch', 'torchvision', 'tensorflow', 'keras', 'facenet_pytorch', 'pillow_heif', 'openvino'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        f"print(len(d.detect(np.load({str(tmp_path / 'photo.npy')!r}))), sorted(heavy & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines() == ["[]", "1 ['openvino']"]
