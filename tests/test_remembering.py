"""The detector that remembers gives the same faces as one that does not, and searches each photo once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import skimage.data

from fer_core.crop_rule import CropRule
from fer_core.detection import DEFAULT_OPTIONS, Detector
from fer_core.fast_detection import Cascade
from fer_core.remembering import RememberingDetector

ASTRONAUT = skimage.data.astronaut()[:256, 60:380]
OTHERS = [
    DEFAULT_OPTIONS,
    replace(DEFAULT_OPTIONS, confidence=0.0),
    replace(DEFAULT_OPTIONS, confidence=0.9999),
    replace(DEFAULT_OPTIONS, crop=CropRule(1.3, "square", level=False)),
    replace(DEFAULT_OPTIONS, crop=CropRule(1.0, "tight")),
]


@pytest.fixture
def searches(monkeypatch):
    """Counts how often the networks run."""
    counted = []
    run = Cascade.run

    def counting(self, *given):
        counted.append(given[1:])
        return run(self, *given)

    monkeypatch.setattr(Cascade, "run", counting)
    return counted


def same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.box == b.box and a.confidence == b.confidence
        np.testing.assert_array_equal(a.landmarks, b.landmarks)
        np.testing.assert_array_equal(a.crop, b.crop)


def test_other_crops_and_confidences_cost_no_search_and_are_right(searches):
    detector, plain = RememberingDetector(), Detector()
    found = [detector.detect(ASTRONAUT, options) for options in OTHERS]
    assert len(searches) == 1
    for faces, options in zip(found, OTHERS, strict=True):
        same(faces, plain.detect(ASTRONAUT, options))
    assert len(found[0]) >= 1


def test_another_photo_smallest_face_or_threshold_is_searched(searches):
    detector = RememberingDetector()
    brighter = np.minimum(ASTRONAUT, 200)
    asked = [(ASTRONAUT, DEFAULT_OPTIONS), (brighter, DEFAULT_OPTIONS),
             (ASTRONAUT, replace(DEFAULT_OPTIONS, minimum_face=40)),
             (ASTRONAUT, replace(DEFAULT_OPTIONS, thresholds=(0.6, 0.7, 0.8)))]  # fmt: skip
    for image, options in asked * 2:
        detector.detect(image, options)
    assert len(searches) == len(asked)


def test_the_oldest_is_forgotten(searches):
    detector = RememberingDetector(photos=1)
    for image in (ASTRONAUT, ASTRONAUT[:, ::-1], ASTRONAUT):
        detector.detect(image)
    assert len(searches) == 3


def test_threads_get_the_same_faces():
    detector = RememberingDetector()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: detector.detect(ASTRONAUT), range(8)))
    for faces in found:
        same(faces, found[0])
