"""fer_core.integral: sums and averages of any part of a photo, to the last bit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fer_core.integral import averages, cells, integral


def test_it_sums_any_window():
    image = np.random.default_rng(1).integers(0, 256, (31, 43, 3), dtype=np.uint8)
    table = integral(image)
    sums = table[20, 40] - table[20, 5] - table[3, 40] + table[3, 5]
    assert sums.tolist() == [*image[3:20, 5:40].sum(axis=(0, 1)).tolist(), 0]


@pytest.mark.parametrize("parts", [2, 5, 64])
def test_parts_and_threads_change_nothing(parts):
    image = np.random.default_rng(2).integers(0, 256, (31, 43, 3), dtype=np.uint8)
    with ThreadPoolExecutor(3) as pool:
        assert np.array_equal(integral(image, parts, pool.map), integral(image))


def test_a_window_is_right_where_the_sums_overflow():
    table = integral(np.full((5000, 3600, 3), 255, np.uint8))
    assert int(table[-1, -1, 0]) != 5000 * 3600 * 255
    end = table[5000, 3600] - table[4990, 3600] - (table[5000, 3500] - table[4990, 3500])
    assert end.tolist() == [255_000] * 3 + [0]


@pytest.mark.parametrize(("length", "count"), [(7, 7), (5, 12), (100, 24), (49, 48), (1, 3)])
def test_cells_are_those_of_adaptive_pooling(length, count):
    begins, ends = cells(np.array([10]), np.array([10 + length]), count)
    expected = [(10 + i * length // count, 10 + int(np.ceil((i + 1) * length / count))) for i in range(count)]
    assert list(zip(begins[0].tolist(), ends[0].tolist(), strict=True)) == expected


def test_averages_are_pytorchs_area_interpolation():
    import torch

    image = np.random.default_rng(3).integers(0, 256, (61, 47, 3), dtype=np.uint8)
    ends = [np.array([61]), np.array([47])]
    rows, columns = (cells(np.zeros(1, np.int64), end, count) for end, count in zip(ends, (25, 33), strict=True))
    mine = averages(integral(image), rows, columns)
    floats = torch.tensor(image).permute(2, 0, 1)[None].float()
    theirs = (torch.nn.functional.interpolate(floats, (25, 33), mode="area") - 127.5) * 0.0078125
    assert mine.shape == (1, 25, 33, 4) and mine.dtype == np.float32
    assert np.abs(mine[0, ..., :3] - theirs[0].permute(1, 2, 0).numpy()).max() < 1e-6
