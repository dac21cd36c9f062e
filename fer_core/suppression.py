"""Boxes that cover each other -> the best of them, without a matrix of all pairs: crowds cost memory by their overlaps.

Greedy non-maximum suppression, in rounds: a box stays once every better one that covers it has gone, and goes once one
of these stays. The answer is that of the loop over all boxes, best first, in a handful of operations on arrays.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fer_core.types import Float32

PAIRS = 500_000
"""Pairs of boxes that are measured in one operation; bounds the memory."""


def kept(boxes: Float32, scores: Float32, most: float, of_smaller: bool = False) -> np.ndarray:
    """The positions, int64, of the boxes (N, 4) that no better kept one covers by more than `most`, the best first.

    Measured as intersection over union, where of equal scores the first is better; or, `of_smaller`, as the share of
    the smaller of the two with their last pixels counted, where the last is better: so does MTCNN's reference.
    """
    order = _ranked(scores, of_smaller)
    return order[_stay(len(order), *_covered(boxes[order], most, of_smaller))]


def contenders(boxes: Float32, scores: Float32, most: float, doubt: float) -> np.ndarray:
    """The positions, int64 in rising order, of the boxes that `kept` "of the smaller" keeps, or might if scores change.

    A change of two scores' difference by less than `doubt` brings none of the others back.
    """
    order = _ranked(scores, True)
    better, worse = _covered(boxes[order], most, True)
    stays = _stay(len(order), better, worse)
    ranked = scores[order]
    out = np.zeros(len(order), np.bool_)
    out[worse[stays[better] & (ranked[better] - ranked[worse] > doubt)]] = True
    return np.sort(order[~out])


def _ranked(scores: Float32, last_first: bool) -> np.ndarray:
    """The positions by falling score; equal ones in their order, or in the reverse of it."""
    return np.argsort(scores, kind="stable")[::-1] if last_first else np.argsort(-scores, kind="stable")


def _stay(count: int, better: np.ndarray, worse: np.ndarray) -> np.ndarray:
    """Which of the ranked boxes stay, bool (count,), where each pair's `better` one covers its `worse` one."""
    stays = np.ones(count, np.bool_)
    while len(worse):
        unsure = np.zeros(count, np.bool_)
        unsure[worse] = True
        stays[worse[~unsure[better]]] = False
        live = stays[better] & stays[worse]
        better, worse = better[live], worse[live]
    return stays


def _covered(boxes: Float32, most: float, of_smaller: bool) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of boxes (N, 4) that cover each other by more than `most`: positions of the first and the second."""
    edges = boxes.T.astype(np.float64 if of_smaller else np.float32)
    parts = [np.zeros((2, 0), np.int64)]
    for one, other in _neighbours(edges):
        # in float64, as torchvision compares: the two float32 nearest 0.3 and 0.7 lie on different sides of them
        far = _overlap(edges[:, one], edges[:, other], of_smaller).astype(np.float64) > most
        parts.append(np.stack([np.minimum(one, other)[far], np.maximum(one, other)[far]]))
    better, worse = np.concatenate(parts, axis=1)
    return better, worse


def _neighbours(edges: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The pairs of boxes (4, N) that share pixels, each once; about `PAIRS` are looked at in one go."""
    left, top, right, bottom = edges
    order = np.argsort(top, kind="stable")
    ends = np.searchsorted(top[order], bottom[order] + 1, side="right")
    counts = np.maximum(ends - np.arange(len(order)) - 1, 0)
    before = np.concatenate([[0], np.cumsum(counts)])
    first = 0
    while first < len(order):
        last = max(first + 1, int(np.searchsorted(before, before[first] + PAIRS, side="right")) - 1)
        one = np.repeat(np.arange(first, last), counts[first:last])
        other = np.arange(len(one)) - np.repeat(before[first:last] - before[first], counts[first:last]) + one + 1
        one, other = order[one], order[other]
        near = (left[one] <= right[other] + 1) & (left[other] <= right[one] + 1)
        yield one[near], other[near]
        first = last


def _overlap(one: np.ndarray, other: np.ndarray, of_smaller: bool) -> np.ndarray:
    """How far each of the boxes (4, N) and its partner overlap, 0..1, as `kept` says."""
    last = 1 if of_smaller else 0
    wide = np.minimum(one[2], other[2]) - np.maximum(one[0], other[0]) + last
    high = np.minimum(one[3], other[3]) - np.maximum(one[1], other[1]) + last
    common = np.maximum(wide, 0) * np.maximum(high, 0)
    areas = [(box[2] - box[0] + last) * (box[3] - box[1] + last) for box in (one, other)]
    whole = np.minimum(*areas) if of_smaller else areas[0] + areas[1] - common
    return np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)
