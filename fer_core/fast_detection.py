"""MTCNN's three networks over one photo (Zhang et al. 2016, arXiv:1604.02878), every stage kept, without waste.

Gives what facenet-pytorch's `detect_face` gives with its own weights, which fer_core/mtcnn holds, in the compiled
engine. Every picture that a network looks at, pyramid level or candidate, is averaged from one integral image: the
photo is never copied as floats, and candidates are cut many at a time.

Where the processor computes twice as fast in bfloat16, the second and the third network look at all candidates so
first, and in float32 at those only that are not far from passing. The first network decides on thousands of windows,
hundreds of which are near its threshold: in bfloat16 it would move one face in seven by a twentieth of its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.integral import averages, cells, integral
from fer_core.mtcnn import Networks
from fer_core.pyramid import Edges, Levels, Strip, Windows, pyramid
from fer_core.suppression import contenders, kept
from fer_core.types import Float32, Uint8

MOST = 50_000
"""Candidates that a stage lets go on, the best ones: bounds the time of a photo full of them. Groups have 3,000."""
DOUBT = 0.2
"""What bfloat16 may change of a score, 0..1."""
LOGIT_DOUBT = 2.5
"""What it may change of the difference of two scores' logits. With both, 766 faces came out as in float32 throughout;
with 0.15 and 1 one of them did not."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """What one stage lets go on: `boxes` float32 (N, 4), x1, y1, x2, y2 in pixels, and `scores` float32 (N,), 0..1."""

    boxes: Float32
    scores: Float32

    def __len__(self) -> int:
        """The number of candidates."""
        return len(self.scores)


@dataclass(frozen=True, eq=False)
class Stages:
    """The cascade on one photo.

    `proposals` of P-Net, a network of 12 x 12 pixels slid over the photo in many sizes, as squares; `refined` by R-Net,
    which looks at each proposal in 24 x 24 pixels; `final` of O-Net, which looks at what is left in 48 x 48 and gives
    `landmarks`, float32 (N, 5, 2), beside its boxes. Each stage after overlapping candidates were merged into the best.
    """

    proposals: Candidates
    refined: Candidates
    final: Candidates
    landmarks: Float32


class Cascade:
    """The three networks; several threads may share one."""

    def __init__(self, networks: Networks | None = None) -> None:
        """`networks` are loaded where none are given."""
        self._networks = networks or Networks()

    def run(self, image: Uint8, minimum_face: int, thresholds: tuple[float, float, float]) -> Stages:
        """Every stage on an uint8 RGB photo (H, W, 3); thresholds as in `DetectionOptions`."""
        scales = pyramid(image.shape[:2], minimum_face)
        none = Candidates(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
        if not scales:
            return Stages(none, none, none, np.zeros((0, 5, 2), np.float32))
        table = integral(image, self._networks.workers, self._networks.each)
        proposals = self._propose(table, scales, thresholds[0])
        refined = self._refine(table, proposals, thresholds[1])
        final, landmarks = self._finish(table, refined, thresholds[2])
        return Stages(proposals, refined, final, landmarks)

    def _propose(self, table: np.ndarray, scales: Sequence[float], threshold: float) -> Candidates:
        """P-Net's candidates, squared."""
        size = table.shape[0] - 1, table.shape[1] - 1
        windows, scores, moves = self._slide(table, Levels(size, scales), threshold)
        boxes = windows.boxes(scales)
        # a level's windows overlap those of no other: theirs are moved below each other. Between levels nothing has to
        # be merged, as the reference does at an overlap of 0.7: their windows' areas differ by half
        below = (windows.level * 4 * max(size))[:, None] * [0, 1, 0, 1]
        best = kept((boxes + below).astype(np.float32), scores, 0.5)[:MOST]
        boxes, moves = boxes[best], moves[best]
        sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
        return _inside(Candidates(_squared(boxes + moves * sides), scores[best]), size)

    def _slide(self, table: np.ndarray, levels: Levels, threshold: float) -> tuple[Windows, Float32, Float32]:
        """The windows that P-Net takes for a face, level by level and row by row; their scores and moves (N, 4)."""

        def look(picture: tuple[Strip | Edges, int]) -> tuple[Windows, Float32, Float32]:
            of, number = picture
            moves, scores = self._networks.pnet(of.picture(table, number))
            places = np.nonzero(scores[:, 1] >= threshold)
            windows, real = of.windows(number, places)
            return windows, scores[:, 1][places][real], moves.transpose(0, 2, 3, 1)[places][real]

        pictures = [(part, number) for part in (Strip(levels), Edges(levels)) for number in range(len(part))]
        found = list(self._networks.each(look, pictures))
        level, row, column = (
            np.concatenate([getattr(part[0], name) for part in found]) for name in ("level", "row", "column")
        )
        order = np.lexsort((column, row, level))
        scores, moves = (np.concatenate([part[i] for part in found])[order] for i in (1, 2))
        return Windows(level[order], row[order], column[order]), scores, moves

    def _refine(self, table: np.ndarray, found: Candidates, threshold: float) -> Candidates:
        """R-Net's candidates among those, moved and squared."""
        boxes = found.boxes
        if self._networks.screens:
            _, scores = self._look("rnet_screen", table, boxes)
            boxes = boxes[scores[:, 1] > threshold - DOUBT]
        moves, scores = self._look("rnet", table, boxes)
        good = scores[:, 1] > threshold
        boxes, moves, scores = boxes[good], moves[good], scores[good, 1]
        best = kept(boxes, scores, 0.7)
        squares = _squared(_moved(boxes[best], moves[best]))
        return _inside(Candidates(squares, scores[best]), (table.shape[0] - 1, table.shape[1] - 1))

    def _finish(self, table: np.ndarray, found: Candidates, threshold: float) -> tuple[Candidates, Float32]:
        """O-Net's candidates among those, and their landmarks (N, 5, 2)."""
        boxes = found.boxes
        if self._networks.screens:
            moves, _, scores = self._look("onet_screen", table, boxes)
            near = scores[:, 1] > threshold - DOUBT
            boxes, moves, logits = boxes[near], moves[near], _logits(scores[near])
            boxes = boxes[contenders(_moved(boxes, moves), logits, 0.75, LOGIT_DOUBT)]
        moves, points, scores = self._look("onet", table, boxes)
        good = scores[:, 1] > threshold
        boxes, moves, points, scores = boxes[good], moves[good], points[good], scores[good, 1]
        sides = boxes[:, 2:] - boxes[:, :2] + 1
        landmarks = points.reshape(-1, 2, 5).transpose(0, 2, 1) * sides[:, None] + boxes[:, None, :2] - 1
        boxes = _moved(boxes, moves)
        best = kept(boxes, scores, 0.7, of_smaller=True)
        return Candidates(boxes[best], scores[best]), landmarks[best]

    def _look(self, network: str, table: np.ndarray, boxes: Float32) -> list[Float32]:
        """The network's answers for all boxes (N, 4)."""
        run, side, batch, widths = self._networks.looking[network]
        rows, columns = _cut(table, boxes, side)

        def look(first: int) -> list[Float32]:
            # always a whole batch, the last candidate again and again: another size would be compiled anew
            some = np.minimum(np.arange(first, first + batch), len(boxes) - 1)
            begins, ends = ([axis[i][some] for axis in (rows, columns)] for i in (0, 1))
            return run(averages(table, (begins[0], ends[0]), (begins[1], ends[1])))

        parts = list(self._networks.each(look, range(0, len(boxes), batch)))
        if not parts:
            return [np.zeros((0, width), np.float32) for width in widths]
        return [np.concatenate(answers)[: len(boxes)] for answers in zip(*parts, strict=True)]


def _cut(table: np.ndarray, boxes: Float32, side: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Begins and ends of the rows and of the columns, (N, side) each, in which the boxes (N, 4) are looked at.

    The part of a box within the photo fills all of its picture.
    """
    corners = np.trunc(boxes).astype(np.int64)
    left, top = (np.maximum(corners[:, i], 1) - 1 for i in (0, 1))
    right, bottom = np.minimum(corners[:, 2], table.shape[1] - 1), np.minimum(corners[:, 3], table.shape[0] - 1)
    return cells(top, bottom, side), cells(left, right, side)


def _moved(boxes: Float32, moves: Float32) -> Float32:
    """The boxes (N, 4) with their edges moved by shares of their sides."""
    return boxes + moves * np.tile(boxes[:, 2:] - boxes[:, :2] + 1, 2)


def _squared(boxes: Float32) -> Float32:
    """The boxes (N, 4) as squares around the same centres, of the longer side."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    low = boxes[:, :2] + sides * np.float32(0.5) - longest * np.float32(0.5)
    return np.hstack([low, low + longest])


def _inside(found: Candidates, size: tuple[int, int]) -> Candidates:
    """The candidates that have a pixel within the photo; the others cannot be looked at."""
    low, high = np.maximum(np.trunc(found.boxes[:, :2]), 1), np.trunc(found.boxes[:, 2:])
    right, bottom = np.minimum(high[:, 0], size[1]), np.minimum(high[:, 1], size[0])
    good = (right > low[:, 0] - 1) & (bottom > low[:, 1] - 1)
    return Candidates(found.boxes[good], found.scores[good])


def _logits(scores: Float32) -> Float32:
    """The logarithms of a face's odds for probabilities (N, 2) of none and one."""
    no, yes = np.maximum(scores, 1e-30).T
    return np.log(yes) - np.log(no)
