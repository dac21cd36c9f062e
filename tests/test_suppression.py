"""fer_core.suppression: the same boxes as torchvision's and facenet-pytorch's loops keep, in bounded memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from fer_core import suppression
from fer_core.suppression import contenders, kept


def boxes_by_chance(seed: int, count: int = 400, room: float = 200) -> tuple[np.ndarray, np.ndarray]:
    """Boxes float32 (N, 4) of whole pixels, many over each other, and scores, many of them equal."""
    chance = np.random.default_rng(seed)
    low = chance.uniform(0, room, (count, 2))
    boxes = np.floor(np.hstack([low, low + chance.uniform(5, 60, (count, 2))])).astype(np.float32)
    return boxes, (chance.integers(0, 120, count) / 120).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [0.3, 0.5, 0.7])
def test_it_keeps_what_torchvision_keeps(seed, most):
    import torch
    from torchvision.ops import nms

    boxes, scores = boxes_by_chance(seed)
    expected = nms(torch.tensor(boxes), torch.tensor(scores), most).tolist()
    assert 20 < len(expected) < 400
    assert kept(boxes, scores, most).tolist() == expected


@pytest.mark.parametrize("seed", range(4))
def test_it_keeps_what_facenet_pytorch_keeps_of_the_smaller(seed):
    from facenet_pytorch.models.utils.detect_face import nms_numpy

    boxes, scores = boxes_by_chance(seed, 150)
    scores = (np.random.default_rng(seed).permutation(150) / 150).astype(np.float32)
    expected = nms_numpy(boxes, scores, 0.7, "Min").tolist()
    assert 5 < len(expected) < 145
    assert kept(boxes, scores, 0.7, of_smaller=True).tolist() == expected


def test_no_boxes_and_boxes_without_an_area():
    none = np.zeros((0, 4), np.float32)
    assert kept(none, none[:, 0], 0.5).tolist() == contenders(none, none[:, 0], 0.5, 1).tolist() == []
    points = np.zeros((3, 4), np.float32)
    assert kept(points, np.array([0.1, 0.3, 0.2], np.float32), 0.5).tolist() == [1, 2, 0]


def test_the_number_of_pairs_at_a_time_changes_nothing(monkeypatch):
    boxes, scores = boxes_by_chance(7)
    expected = kept(boxes, scores, 0.4).tolist()
    monkeypatch.setattr(suppression, "PAIRS", 50)
    assert kept(boxes, scores, 0.4).tolist() == expected


def test_contenders_are_those_that_a_small_change_could_let_win():
    boxes, scores = boxes_by_chance(9, 200, 120)
    winners = kept(boxes, scores, 0.7, of_smaller=True)
    some = contenders(boxes, scores, 0.7, 0.05)
    assert set(winners) < set(some.tolist()) and len(some) < len(boxes)
    chance = np.random.default_rng(1)
    for _ in range(20):
        changed = scores + chance.uniform(-0.02, 0.02, len(scores)).astype(np.float32)
        best = changed.argmax()
        assert best in some


def test_a_crowd_costs_memory_by_its_overlaps_only():
    chance = np.random.default_rng(3)
    low = chance.uniform(0, 20_000, (20_000, 2))
    boxes, scores = np.hstack([low, low + 30]).astype(np.float32), chance.random(20_000).astype(np.float32)
    tracemalloc.start()
    count = len(kept(boxes, scores, 0.5))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 15_000 < count < 20_000
    assert most < 150e6  # all pairs would be 400 MB even as single bytes
