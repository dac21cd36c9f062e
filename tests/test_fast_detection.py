"""fer_core.fast_detection: the same faces as facenet-pytorch's own code, and the stages on the way to them."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Iterator

import numpy as np
import psutil
import pytest
import skimage.data
from PIL import Image

from fer_core import fast_detection
from fer_core.detection import DetectionOptions, Detector, Method, Stages
from fer_core.integral import averages, integral
from fer_core.types import Face

LOOSE = DetectionOptions(confidence=0.0)
METHODS: tuple[Method, ...] = ("compiled", "facenet-pytorch")


@pytest.fixture(scope="module")
def detectors() -> Iterator[dict[str, Detector]]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # PyTorch's threads wait for each other at every layer: slow where a machine is shared
    yield {method: Detector("cpu", method) for method in METHODS}
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
    return detectors["compiled"].stages(crowd, LOOSE)


def overlap(one: Face, other: Face) -> float:
    """The intersection over union of two faces' boxes."""
    (a, b, c, d), (e, f, g, h) = one.box, other.box
    common = max(0.0, min(c, g) - max(a, e)) * max(0.0, min(d, h) - max(b, f))
    return common / ((c - a) * (d - b) + (g - e) * (h - f) - common)


def turned(picture: np.ndarray, scale: float, degrees: float) -> np.ndarray:
    """The picture in another size, turned about its centre."""
    image = Image.fromarray(picture)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    return np.array(image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(90, 100, 110)))


@pytest.mark.parametrize("minimum", [12, 20, 45])
@pytest.mark.parametrize("screens", [True, False])
def test_it_finds_what_facenet_pytorch_finds(detectors, crowd, minimum, screens, monkeypatch):
    networks = detectors["compiled"]._cascade._networks
    if screens and not networks.screens:
        pytest.skip("this processor has no bfloat16")
    monkeypatch.setattr(networks, "screens", screens)
    options = dataclasses.replace(LOOSE, minimum_face=minimum)
    mine, theirs = (detectors[method].detect(crowd, options) for method in METHODS)
    assert len(mine) == len(theirs) >= 5
    for one, other in zip(mine, theirs, strict=True):
        assert one.box == pytest.approx(other.box, abs=0.01)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
        assert np.abs(one.landmarks - other.landmarks).max() < 0.01


def test_it_finds_the_same_in_any_size_and_turn(detectors, crowd):
    pairs = []
    for scale, degrees in [(0.5, 0), (0.73, 12), (0.91, -8), (1.0, 25), (1.27, -17), (1.6, 5)]:
        picture = turned(crowd, scale, degrees)
        mine, theirs = (detectors[method].detect(picture, LOOSE) for method in METHODS)
        assert len(mine) == len(theirs)
        pairs += list(zip(mine, theirs, strict=True))
    assert len(pairs) > 30
    assert all(overlap(one, other) > 0.95 for one, other in pairs)
    assert max(np.abs(one.landmarks - other.landmarks).max() for one, other in pairs) < 1


def test_the_same_photo_gives_the_same_bits(detectors, crowd, stages):
    again = [detectors["compiled"].stages(crowd, LOOSE) for _ in range(3)] + [Detector().stages(crowd, LOOSE)]
    for other in again:
        assert np.array_equal(other.final.boxes, stages.final.boxes)
        assert np.array_equal(other.landmarks, stages.landmarks)
        assert np.array_equal(other.proposals.scores, stages.proposals.scores)


def test_the_stages_lead_to_the_faces(detectors, crowd, stages):
    assert len(stages.proposals) > len(stages.refined) >= len(stages.final) >= 7
    faces = detectors["compiled"].detect(crowd, LOOSE)
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
    fewer = detectors["compiled"].stages(crowd, DetectionOptions(thresholds=(0.9, 0.7, 0.7)))
    assert 0 < len(fewer.proposals) < len(stages.proposals)
    fewer = detectors["compiled"].stages(crowd, DetectionOptions(thresholds=(0.6, 0.99, 0.7)))
    assert len(fewer.proposals) == len(stages.proposals) and 0 < len(fewer.refined) < len(stages.refined)


def test_a_stage_lets_no_more_than_its_most_go_on(detectors, crowd, stages, monkeypatch):
    monkeypatch.setattr(fast_detection, "MOST", 100)
    fewer = detectors["compiled"].stages(crowd, LOOSE)
    assert 50 < len(fewer.proposals) <= 100 < len(stages.proposals)
    assert fewer.proposals.scores.min() >= np.sort(stages.proposals.scores)[-101]


def test_a_picture_without_candidates_has_empty_stages(detectors):
    for picture in (np.zeros((60, 60, 3), np.uint8), np.zeros((11, 400, 3), np.uint8)):
        found = detectors["compiled"].stages(picture)
        assert [len(stage) for stage in (found.proposals, found.refined, found.final)] == [0, 0, 0]
        assert found.landmarks.shape == (0, 5, 2) and found.final.boxes.shape == (0, 4)


def test_stages_refuse_what_is_no_photo(detectors):
    with pytest.raises(ValueError, match="Expected a photo"):
        detectors["compiled"].stages(np.zeros((60, 60), np.uint8))


def test_facenet_pytorch_tells_no_stages(detectors, crowd):
    with pytest.raises(ValueError, match="gives no stages"):
        detectors["facenet-pytorch"].stages(crowd)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'compiled'"):
        Detector("cpu", "complied")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="device 'cpu'"):
        Detector("cuda", "compiled")


@pytest.mark.parametrize("side", [24, 48])
def test_candidates_are_seen_as_facenet_pytorch_shows_them(side):
    import torch
    from facenet_pytorch.models.utils.detect_face import imresample, pad

    chance = np.random.default_rng(2)
    image = chance.integers(0, 256, (90, 120, 3), dtype=np.uint8)
    low = chance.uniform(-20, 80, (60, 2))
    boxes = torch.tensor(np.hstack([low, low + chance.uniform(5, 70, (60, 2))]), dtype=torch.float32)
    found = fast_detection.Candidates(boxes.numpy(), np.ones(len(boxes), np.float32))
    boxes = torch.from_numpy(fast_detection._inside(found, (90, 120)).boxes)
    y, ey, x, ex = pad(boxes.clone(), 120, 90)
    floats = torch.as_tensor(image).permute(2, 0, 1)[None].float()
    parts = [floats[:, :, y[k] - 1 : ey[k], x[k] - 1 : ex[k]] for k in range(len(boxes))]
    theirs = torch.cat([imresample(part, (side, side)) for part in parts])
    table = integral(image)
    mine = averages(table, *fast_detection._cut(table, boxes.numpy(), side))[..., :3].transpose(0, 3, 1, 2)
    assert len(mine) > 40 and np.allclose(mine, (theirs.numpy() - 127.5) * 0.0078125, atol=1e-5)


def test_a_large_photo_costs_16_bytes_a_pixel(detectors):
    picture = np.zeros((2600, 3600, 3), np.uint8)
    picture[900:1412, 1500:2012] = skimage.data.astronaut()
    tracemalloc.start()
    faces = detectors["compiled"].detect(picture, DetectionOptions(minimum_face=60))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(faces) == 1
    assert most < 16 * 2600 * 3600 + 40e6  # the integral image and what the threads look at; as floats it had 12 more


def test_memory_stays_flat_over_many_photos(detectors, crowd):
    picture = np.ascontiguousarray(crowd[:200, :260])
    memory = psutil.Process().memory_info
    for _ in range(60):
        detectors["compiled"].detect(picture)
    before = memory().rss
    for _ in range(200):
        detectors["compiled"].detect(picture)
    assert memory().rss - before < 8e6  # a leak of one integral image alone would be 160 MB
