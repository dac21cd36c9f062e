"""MTCNN's image pyramid as a row of pictures of one size, so that a compiled network meets one shape always.

Every level is cut into bands of a picture's height, the bands stand side by side in one long strip, and the strip is
looked at through pictures that overlap by what a window needs. None of this is in memory but the picture looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.integral import averages, cells
from fer_core.types import Float32

PYRAMID_FACTOR = 0.709
"""Each step of MTCNN's image pyramid has half the area of the one before, as in the reference implementation."""
SMALLEST_WINDOW = 12
"""Side in pixels of the first network's window: faces smaller than that exist for MTCNN only in an enlarged photo."""
STEP = 2
"""Pixels of a level from one window to the next."""
ROWS, COLUMNS = 27, 251
"""Windows that the first network looks at in one picture."""
EDGES = 8
"""Pieces of the levels' edges that it looks at in one go."""
MORE = SMALLEST_WINDOW // STEP - 1
"""By so many windows' steps a picture is larger than the steps between its windows."""


def pyramid(size: Sequence[int], minimum_face: int) -> list[float]:
    """The scales at which a photo of that size is looked at, the largest first; none where it is too small."""
    # the reference's own arithmetic, to the last bit: it decides whether a level exists
    scale = SMALLEST_WINDOW / minimum_face
    least, scales = min(size) * scale, []
    while least >= SMALLEST_WINDOW:
        scales.append(scale)
        scale, least = scale * PYRAMID_FACTOR, least * PYRAMID_FACTOR
    return scales


@dataclass(frozen=True, eq=False)
class Windows:
    """Places of the first network: positions of level, row and column, int64 (N,) each."""

    level: np.ndarray
    row: np.ndarray
    column: np.ndarray

    def boxes(self, scales: Sequence[float]) -> Float32:
        """The windows in pixels of the photo, x1, y1, x2, y2: float32 (N, 4)."""
        places = np.stack([self.column, self.row], axis=1).astype(np.float32)
        scale = np.array(scales, np.float32)[self.level][:, None]
        low, high = (np.floor((STEP * places + end) / scale) for end in (1, SMALLEST_WINDOW))
        return np.hstack([low, high])


class Levels:
    """The cells of every level: which pixels of the photo each pixel of the level averages."""

    def __init__(self, size: Sequence[int], scales: Sequence[float]) -> None:
        """`size` of the photo, height and width."""
        self.sides = [[int(side * scale + 1) for side in size] for scale in scales]
        ends, origin = [np.array([side]) for side in size], np.zeros(1, np.int64)
        self._cells = [
            [cells(origin, end, side) for end, side in zip(ends, level, strict=True)] for level in self.sides
        ]
        self.counts = np.array(self.sides) // STEP - MORE
        """Windows along the height and the width of each level, int64 (levels, 2), that lie within it."""

    def along(self, level: int, axis: int, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Begins and ends, (1, count), of the cells from `first` on, where the last one repeats."""
        begins, ends = self._cells[level][axis]
        places = np.minimum(np.arange(first, first + count), begins.shape[1] - 1)
        return begins[:, places], ends[:, places]


class Strip:
    """All levels of a photo's pyramid side by side."""

    def __init__(self, levels: Levels) -> None:
        """Lays the levels out."""
        self._levels, self._counts = levels, levels.counts
        bands = [(level, row) for level, (rows, _) in enumerate(self._counts) for row in range(0, rows, ROWS)]
        self._level, self._row = np.array(bands).T
        widths = self._counts[self._level, 1] + MORE
        self._end = np.cumsum(widths)
        self._start = self._end - widths

    def __len__(self) -> int:
        """The number of pictures."""
        return -(-int(self._end[-1]) // COLUMNS)

    def picture(self, table: np.ndarray, number: int) -> Float32:
        """What the first network sees: float32 (1, 64, 512, 4) from the photo's integral image."""
        first = number * COLUMNS
        last = first + COLUMNS + MORE
        seen = np.zeros((1, STEP * (ROWS + MORE), STEP * (COLUMNS + MORE), 4), np.float32)
        for band in range(int(np.searchsorted(self._end, first, side="right")), len(self._start)):
            start, end = max(int(self._start[band]), first), min(int(self._end[band]), last)
            if start >= last:
                break
            level, begun = int(self._level[band]), start - int(self._start[band])
            rows = self._levels.along(level, 0, STEP * int(self._row[band]), seen.shape[1])
            columns = self._levels.along(level, 1, STEP * begun, STEP * (end - start))
            seen[:, :, STEP * (start - first) : STEP * (end - first)] = averages(table, rows, columns)
        return seen

    def windows(self, number: int, places: tuple[np.ndarray, ...]) -> tuple[Windows, np.ndarray]:
        """The windows at these places (0, row, column) of the answer to a picture; which of them, bool, are any."""
        along = places[2] + number * COLUMNS
        band = np.searchsorted(self._end, along, side="right").clip(max=len(self._end) - 1)
        level, row, column = self._level[band], self._row[band] + places[1], along - self._start[band]
        real = (row < self._counts[level, 0]) & (column < self._counts[level, 1])
        return Windows(level[real], row[real], column[real]), real


class Edges:
    """The windows that reach one pixel beyond a level, as the reference has them where its side is odd.

    There the network sees 11 pixels instead of 12 (`MaxPool` with `ceil_mode`); a face at the photo's edge needs them.
    """

    def __init__(self, levels: Levels) -> None:
        """Finds the levels with an odd side."""
        self._levels = levels
        long, short = STEP * (ROWS + MORE), SMALLEST_WINDOW - 1
        shapes: dict[tuple[int, int], list[tuple[int, int, int]]] = {
            (long, short): [],
            (short, long): [],
            (short, short): [],
        }
        for level, ((height, width), (rows, columns)) in enumerate(
            zip(levels.sides, levels.counts.tolist(), strict=True)
        ):
            if width % 2:
                shapes[long, short] += [(level, row, columns) for row in range(0, rows, ROWS)]
            if height % 2:
                shapes[short, long] += [(level, rows, column) for column in range(0, columns, ROWS)]
            if height % 2 and width % 2:
                shapes[short, short].append((level, rows, columns))
        self._batches = [
            (shape, np.array(places[first : first + EDGES]))
            for shape, places in shapes.items()
            for first in range(0, len(places), EDGES)
        ]

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self._batches)

    def picture(self, table: np.ndarray, number: int) -> Float32:
        """What the first network sees: float32 (8, h, w, 4) from the photo's integral image, the last repeated."""
        (height, width), places = self._batches[number]
        padded = places[np.minimum(np.arange(EDGES), len(places) - 1)].tolist()
        rows = [self._levels.along(level, 0, STEP * row, height) for level, row, _ in padded]
        columns = [self._levels.along(level, 1, STEP * column, width) for level, _, column in padded]
        begins, ends = ([np.concatenate([one[i] for one in axis]) for axis in (rows, columns)] for i in (0, 1))
        return averages(table, (begins[0], ends[0]), (begins[1], ends[1]))

    def windows(self, number: int, places: tuple[np.ndarray, ...]) -> tuple[Windows, np.ndarray]:
        """The windows at these places (picture, row, column) of the answers; which of them, bool, are any."""
        (height, width), begun = self._batches[number]
        level, row, column = begun[np.minimum(places[0], len(begun) - 1)].T
        row, column = row + places[1], column + places[2]
        real = places[0] < len(begun)
        if height > width:
            real &= row < self._levels.counts[level, 0]
        elif width > height:
            real &= column < self._levels.counts[level, 1]
        return Windows(level[real], row[real], column[real]), real
