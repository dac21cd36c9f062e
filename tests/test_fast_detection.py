"""fer_core.fast_detection: the same faces as facenet-pytorch's own code, and the stages on the way to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import skimage.data
from PIL import Image

from fer_core import fast_detection
from fer_core.detection import DetectionOptions, Detector, Stages

LOOSE = DetectionOptions(confidence=0.0)


@pytest.fixture(scope="module")
def detectors() -> Iterator[dict[str, Detector]]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield {method: Detector("cpu", method) for method in ("fast", "facenet-pytorch")}
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def crowd() -> np.ndarray:
    """Nine heads of several sizes, three cut by the picture's edges, on a photo: uint8 RGB (420, 560, 3)."""
    head = Image.fromarray(skimage.data.astronaut()[10:230, 130:320])
    canvas = Image.fromarray(skimage.data.coffee()[:, :560]).resize((560, 420))
    places = [(-20, 30, 0.5), (120, -15, 0.6), (270, 20, 0.3), (360, 10, 0.9), (490, 250, 0.7), (20, 180, 1.0),
              (250, 170, 0.25), (330, 240, 0.8), (240, 300, 0.4)]  # fmt: skip
    for x, y, scale in places:
        canvas.paste(head.resize((round(head.width * scale), round(head.height * scale)), reducing_gap=2), (x, y))
    return np.array(canvas)


@pytest.fixture(scope="module")
def stages(detectors, crowd) -> Stages:
    return detectors["fast"].stages(crowd, LOOSE)


@pytest.mark.parametrize("minimum", [12, 20, 45])
def test_it_finds_what_facenet_pytorch_finds(detectors, crowd, minimum):
    options = dataclasses.replace(LOOSE, minimum_face=minimum)
    mine, theirs = (detectors[method].detect(crowd, options) for method in ("fast", "facenet-pytorch"))
    assert len(mine) == len(theirs) >= 5
    for one, other in zip(mine, theirs, strict=True):
        assert one.box == pytest.approx(other.box, abs=0.01)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
        assert np.abs(one.landmarks - other.landmarks).max() < 0.01


def test_the_stages_lead_to_the_faces(detectors, crowd, stages):
    assert len(stages.proposals) > len(stages.refined) >= len(stages.final) >= 7
    faces = detectors["fast"].detect(crowd, LOOSE)
    assert sorted(face.confidence for face in faces) == pytest.approx(sorted(stages.final.scores.tolist()))
    assert stages.landmarks.shape == (len(stages.final), 5, 2)
    for stage, least in zip((stages.proposals, stages.refined, stages.final), LOOSE.thresholds, strict=True):
        assert stage.boxes.shape == (len(stage), 4) and stage.boxes.dtype == np.float32
        assert (stage.scores >= least).all() and (stage.scores <= 1).all()


def test_proposals_and_refined_are_squares(stages):
    for stage in (stages.proposals, stages.refined):
        sides = stage.boxes[:, 2:] - stage.boxes[:, :2]
        assert np.allclose(sides[:, 0], sides[:, 1], atol=1e-3)


def test_thresholds_rule_their_own_stage(detectors, crowd, stages):
    fewer = detectors["fast"].stages(crowd, DetectionOptions(thresholds=(0.9, 0.7, 0.7)))
    assert 0 < len(fewer.proposals) < len(stages.proposals)
    fewer = detectors["fast"].stages(crowd, DetectionOptions(thresholds=(0.6, 0.99, 0.7)))
    assert len(fewer.proposals) == len(stages.proposals) and 0 < len(fewer.refined) < len(stages.refined)


def test_the_size_of_a_pass_changes_nothing(detectors, crowd, stages, monkeypatch):
    monkeypatch.setattr(fast_detection, "BATCH", 7)
    again = detectors["fast"].stages(crowd, LOOSE)
    assert np.allclose(again.final.boxes, stages.final.boxes, atol=0.01)


def test_a_picture_without_candidates_has_empty_stages(detectors):
    for picture in (np.zeros((60, 60, 3), np.uint8), np.zeros((11, 400, 3), np.uint8)):
        found = detectors["fast"].stages(picture)
        assert [len(stage) for stage in (found.proposals, found.refined, found.final)] == [0, 0, 0]
        assert found.landmarks.shape == (0, 5, 2) and found.final.boxes.shape == (0, 4)


def test_stages_refuse_what_is_no_photo(detectors):
    with pytest.raises(ValueError, match="Expected a photo"):
        detectors["fast"].stages(np.zeros((60, 60), np.uint8))


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'fast'"):
        Detector("cpu", "fats")  # type: ignore[arg-type]


def test_integral_sums_any_window():
    image = np.random.default_rng(1).integers(0, 256, (31, 43, 3), dtype=np.uint8)
    table = fast_detection.integral(image)
    sums = table[20, 40] - table[20, 5] - table[3, 40] + table[3, 5]
    assert sums.tolist() == image[3:20, 5:40].sum(axis=(0, 1)).tolist()


def test_a_window_is_right_where_the_sums_overflow():
    table = fast_detection.integral(np.full((5000, 3600, 1), 255, np.uint8))
    assert int(table[-1, -1, 0]) != 5000 * 3600 * 255
    end = table[5000, 3600] - table[4990, 3600] - (table[5000, 3500] - table[4990, 3500])
    assert end.tolist() == [255_000]


@pytest.mark.parametrize("side", [24, 48])
def test_candidates_are_seen_as_facenet_pytorch_shows_them(side):
    import torch
    from facenet_pytorch.models.utils.detect_face import imresample, pad

    chance = np.random.default_rng(2)
    image = chance.integers(0, 256, (90, 120, 3), dtype=np.uint8)
    low = chance.uniform(-20, 80, (60, 2))
    boxes = torch.tensor(np.hstack([low, low + chance.uniform(5, 70, (60, 2))]), dtype=torch.float32)
    table = torch.from_numpy(fast_detection.integral(image).view(np.int32))
    boxes = fast_detection._inside(boxes, 90, 120)
    y, ey, x, ex = pad(boxes.clone(), 120, 90)
    floats = torch.as_tensor(image).permute(2, 0, 1)[None].float()
    parts = [floats[:, :, y[k] - 1 : ey[k], x[k] - 1 : ex[k]] for k in range(len(boxes))]
    theirs = torch.cat([imresample(part, (side, side)) for part in parts])
    mine = fast_detection.cut(table, boxes, side)
    assert len(mine) > 40 and torch.allclose(mine, (theirs - 127.5) * 0.0078125, atol=1e-5)


def test_the_best_of_boxes_that_cover_each_other_stays():
    from facenet_pytorch.models.utils.detect_face import nms_numpy

    chance = np.random.default_rng(4)
    low = chance.uniform(0, 100, (80, 2))
    sides, scores = chance.uniform(10, 60, (80, 2)), chance.permutation(80)[:, None] / 80
    boxes = np.hstack([low, low + sides, scores], dtype=np.float32, casting="same_kind")
    kept = fast_detection.distinct(boxes)
    assert 5 < len(kept) < 80
    assert kept.tolist() == nms_numpy(boxes[:, :4], boxes[:, 4], 0.7, "Min").tolist()
    assert fast_detection.distinct(boxes[:0]).tolist() == []
