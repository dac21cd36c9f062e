"""MTCNN's three networks over one photo (Zhang et al. 2016, arXiv:1604.02878), every stage kept, without waste.

Gives what facenet-pytorch's `detect_face` gives with its own weights, but every picture that a network looks at,
pyramid level or candidate, is made from one integral image (Crow 1984, "Summed-area tables for texture mapping"): the
photo is never copied as floats, and all candidates of a stage are cut in one operation instead of one by one. Sums of
bytes are exact in integers, so the networks see the very same averages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_core.types import Float32, Uint8

PYRAMID_FACTOR = 0.709
"""Each step of MTCNN's image pyramid has half the area of the one before, as in the reference implementation."""
SMALLEST_WINDOW = 12
"""Side in pixels of the first network's window: faces smaller than that exist for MTCNN only in an enlarged photo."""
BATCH = 512
"""Candidates in one pass, so that a photo full of them costs time but no memory."""


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
    """The three networks on one device; holds nothing that a call changes."""

    def __init__(self, networks: Sequence[Any], device: Any) -> None:
        """`networks` are facenet-pytorch's P-, R- and O-Net in evaluation mode."""
        import torch

        self.device = device
        self.networks = [network.to(device, memory_format=torch.channels_last) for network in networks]

    def run(self, image: Uint8, minimum_face: int, thresholds: tuple[float, float, float]) -> Stages:
        """Every stage on an uint8 RGB photo (H, W, 3); thresholds as in `DetectionOptions`."""
        import torch

        with torch.inference_mode():
            scales = pyramid(image.shape[:2], minimum_face)
            if not scales:
                none = _candidates(torch.zeros(0, 5))
                return Stages(none, none, none, np.zeros((0, 5, 2), np.float32))
            table = torch.from_numpy(integral(image).view(np.int32)).to(self.device)
            proposals = self._propose(table, scales, thresholds[0])
            refined = self._refine(table, proposals, thresholds[1])
            final, landmarks = self._finish(table, refined, thresholds[2])
            return Stages(_candidates(proposals), _candidates(refined), _candidates(final), landmarks.cpu().numpy())

    def _propose(self, table: Any, scales: Sequence[float], threshold: float) -> Any:
        """P-Net's candidates (N, 5), squared."""
        import torch
        from torchvision.ops import nms

        found = []
        height, width = table.shape[0] - 1, table.shape[1] - 1
        for scale in scales:
            level = _level(table, int(height * scale + 1), int(width * scale + 1))
            moves, scores = self.networks[0](level)
            windows = _windows(moves[0], scores[0, 1], scale, threshold)
            found.append(windows[nms(windows[:, :4], windows[:, 4], 0.5)])
        windows = torch.cat(found)
        windows = windows[nms(windows[:, :4], windows[:, 4], 0.7)]
        sides = (windows[:, 2:4] - windows[:, :2]).repeat(1, 2)
        moved = windows[:, :4] + windows[:, 5:9] * sides
        return _inside(_squared(torch.cat([moved, windows[:, 4:5]], 1)), height, width)

    def _refine(self, table: Any, boxes: Any, threshold: float) -> Any:
        """R-Net's candidates (N, 5) among those boxes, moved and squared."""
        import torch
        from torchvision.ops import nms

        if not len(boxes):
            return boxes
        moves, scores = self._look(1, table, boxes, 24)
        good = scores[:, 1] > threshold
        boxes, moves = torch.cat([boxes[good, :4], scores[good, 1:]], 1), moves[good]
        kept = nms(boxes[:, :4], boxes[:, 4], 0.7)
        return _inside(_squared(_moved(boxes[kept], moves[kept])), table.shape[0] - 1, table.shape[1] - 1)

    def _finish(self, table: Any, boxes: Any, threshold: float) -> tuple[Any, Any]:
        """O-Net's boxes (N, 5) among those, and their landmarks (N, 5, 2)."""
        import torch

        if not len(boxes):
            return boxes, boxes.new_zeros(0, 5, 2)
        moves, points, scores = self._look(2, table, boxes, 48)
        good = scores[:, 1] > threshold
        boxes, moves, points = torch.cat([boxes[good, :4], scores[good, 1:]], 1), moves[good], points[good]
        sides = boxes[:, 2:4] - boxes[:, :2] + 1
        landmarks = points.reshape(-1, 2, 5).transpose(1, 2) * sides[:, None] + boxes[:, None, :2] - 1
        boxes = _moved(boxes, moves)
        kept = torch.as_tensor(distinct(boxes.cpu().numpy()), device=boxes.device)
        return boxes[kept], landmarks[kept]

    def _look(self, network: int, table: Any, boxes: Any, side: int) -> list[Any]:
        """The network's answers for all boxes (N, 5), each seen in `side` x `side` pixels."""
        import torch

        parts = [self.networks[network](cut(table, part, side)) for part in boxes.split(BATCH)]
        return [torch.cat(answers) for answers in zip(*parts, strict=True)]


def pyramid(size: Sequence[int], minimum_face: int) -> list[float]:
    """The scales at which a photo of that size is looked at, the largest first; none where it is too small."""
    # the reference's own arithmetic, to the last bit: it decides whether a level exists
    scale = SMALLEST_WINDOW / minimum_face
    least, scales = min(size) * scale, []
    while least >= SMALLEST_WINDOW:
        scales.append(scale)
        scale, least = scale * PYRAMID_FACTOR, least * PYRAMID_FACTOR
    return scales


def integral(image: Uint8) -> np.ndarray:
    """The sums of all pixels above and left of each corner: uint32 (H + 1, W + 1, C), modulo 2**32.

    The sum within a window is a difference of four, and right though they overflow, as long as it is less than 2**32.
    """
    height, width = image.shape[:2]
    table = np.zeros((height + 1, width + 1, image.shape[2]), np.uint32)
    for row in range(height):  # a row at a time in the processor's cache: ten times as fast as np.cumsum
        np.add(table[row, 1:], image[row], out=table[row + 1, 1:])
    turned = np.ascontiguousarray(table.transpose(1, 0, 2))
    for column in range(width):
        turned[column + 1] += turned[column]
    return np.ascontiguousarray(turned.transpose(1, 0, 2))


def distinct(boxes: Float32) -> np.ndarray:
    """The positions, int64, of the boxes (N, 5) that no better one covers by 0.7 of the smaller's area, the best first.

    Areas count the last pixel too, as MTCNN's reference implementation does.
    """
    corners = boxes[:, :4].astype(np.float64)
    sides = corners[:, 2:] - corners[:, :2] + 1
    low = np.maximum(corners[:, None, :2], corners[None, :, :2])
    high = np.minimum(corners[:, None, 2:], corners[None, :, 2:])
    common = np.clip(high - low + 1, 0, None).prod(axis=2)
    areas = sides.prod(axis=1)
    covered = common > 0.7 * np.minimum(areas[:, None], areas[None])
    rest, kept = list(np.argsort(boxes[:, 4], kind="stable")[::-1]), []
    while rest:
        kept.append(int(rest[0]))
        rest = [i for i in rest[1:] if not covered[kept[-1], i]]
    return np.array(kept, np.int64)


def cut(table: Any, boxes: Any, side: int) -> Any:
    """Those boxes (N, >= 4) of the photo behind an integral image, averaged over `side` x `side` cells: (N, C, s, s).

    Values as the networks want them, -1..1. The part of a box within the photo fills all of its picture.
    """
    import torch

    height, width = table.shape[0] - 1, table.shape[1] - 1
    corners = boxes[:, :4].trunc().long()
    left, top = (corners[:, i].clamp(min=1) - 1 for i in (0, 1))
    right, bottom = corners[:, 2].clamp(max=width), corners[:, 3].clamp(max=height)
    (x0, x1), (y0, y1) = _cells(left, right, side), _cells(top, bottom, side)
    flat = table.reshape(-1, table.shape[2])

    def sums(y: Any, x: Any) -> Any:
        places = y[:, :, None] * (width + 1) + x[:, None, :]
        return torch.index_select(flat, 0, places.reshape(-1)).reshape(-1, side, side, flat.shape[1])

    total = (sums(y1, x1) - sums(y0, x1)) - (sums(y1, x0) - sums(y0, x0))
    return _scaled(total, ((y1 - y0)[:, :, None] * (x1 - x0)[:, None, :])[..., None])


def _level(table: Any, height: int, width: int) -> Any:
    """The whole photo averaged over that many cells: (1, C, height, width), -1..1."""
    import torch

    ends = [torch.tensor([side - 1], device=table.device) for side in table.shape[:2]]
    (y0, y1), (x0, x1) = (_cells(end * 0, end, count) for end, count in zip(ends, (height, width), strict=True))
    rows = table.index_select(0, y1[0]) - table.index_select(0, y0[0])
    total = rows.index_select(1, x1[0]) - rows.index_select(1, x0[0])
    return _scaled(total[None], ((y1 - y0)[0, :, None] * (x1 - x0)[0])[None, ..., None])


def _cells(first: Any, end: Any, count: int) -> tuple[Any, Any]:
    """Where each of `count` cells of first..end begins and ends, (N, count); neighbours share a pixel that both touch.

    As PyTorch's adaptive_avg_pool2d, which facenet-pytorch resizes with.
    """
    import torch

    number = torch.arange(count, device=first.device)
    length = (end - first)[:, None]
    begins = (number * length).div(count, rounding_mode="floor")
    ends = ((number + 1) * length + count - 1).div(count, rounding_mode="floor")
    return first[:, None] + begins, first[:, None] + ends


def _scaled(total: Any, pixels: Any) -> Any:
    """Sums of bytes (N, h, w, C) over so many pixels as the networks' input (N, C, h, w), -1..1, channels last."""
    return ((total.float() / pixels - 127.5) * 0.0078125).permute(0, 3, 1, 2)


def _windows(moves: Any, scores: Any, scale: float, threshold: float) -> Any:
    """The windows of a pyramid level that P-Net takes for a face: (N, 9), box, score and the moves of its edges."""
    import torch

    good = scores >= threshold
    places = good.nonzero().flip(1).to(moves.dtype)
    low, high = ((2 * places + 1) / scale).floor(), ((2 * places + SMALLEST_WINDOW) / scale).floor()
    return torch.cat([low, high, scores[good][:, None], moves[:, good].T], 1)


def _moved(boxes: Any, moves: Any) -> Any:
    """The boxes (N, 5) with their edges moved by shares of their sides."""
    import torch

    sides = (boxes[:, 2:4] - boxes[:, :2] + 1).repeat(1, 2)
    return torch.cat([boxes[:, :4] + moves * sides, boxes[:, 4:]], 1)


def _squared(boxes: Any) -> Any:
    """The boxes (N, 5) as squares around the same centres, of the longer side."""
    import torch

    sides = boxes[:, 2:4] - boxes[:, :2]
    longest = sides.max(dim=1, keepdim=True).values
    low = boxes[:, :2] + sides * 0.5 - longest * 0.5
    return torch.cat([low, low + longest, boxes[:, 4:]], 1)


def _inside(boxes: Any, height: int, width: int) -> Any:
    """The boxes (N, 5) that have a pixel within the photo; the others cannot be looked at."""
    low, high = boxes[:, :2].trunc().clamp(min=1), boxes[:, 2:4].trunc()
    right, bottom = high[:, 0].clamp(max=width), high[:, 1].clamp(max=height)
    return boxes[(right > low[:, 0] - 1) & (bottom > low[:, 1] - 1)]


def _candidates(boxes: Any) -> Candidates:
    found = boxes.cpu().numpy()
    return Candidates(np.ascontiguousarray(found[:, :4]), np.ascontiguousarray(found[:, 4]))
