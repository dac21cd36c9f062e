"""Resampling images with replacement, for intervals (Efron and Tibshirani 1993, An Introduction to the Bootstrap)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from fer_core.answers import Float64
from fer_core.types import Interval

CELLS = 600_000
"""Images x resamples in one block: few enough for 150 MB of memory, many enough for NumPy to be quick."""


def resamples(images: int, bootstrap: int, seed: int) -> Iterator[Float64]:
    """Blocks of counts (images, B): how often each image is drawn in each resample; `bootstrap` resamples in all."""
    if bootstrap < 0:
        raise ValueError(f"bootstrap: expected a number of resamples >= 0 (0 for no interval), got {bootstrap}.")
    rng = np.random.default_rng(seed)
    block = max(1, CELLS // images)
    for start in range(0, bootstrap, block):
        width = min(block, bootstrap - start)
        drawn = rng.integers(0, images, size=(width, images)) + np.arange(width)[:, None] * images
        counts = np.bincount(drawn.ravel(), minlength=width * images).reshape(width, images)
        yield np.ascontiguousarray(counts.T, dtype=np.float64)


def interval(value: float, drawn: Float64, *, pivotal: bool = False) -> Interval:
    """The value with its 95 % interval from the same figure on each resample, (B,); NaN ends where none is defined.

    The ends are the 2.5th and 97.5th percentile (chapter 13). `pivotal` is for a figure >= 0 that every resampling
    inflates: a calibrated model's calibration error lies below nearly all its percentile intervals, so there the ends
    are twice the value less the percentiles (Davison and Hinkley 1997, section 5.2). Both are widened to the value.
    """
    defined = drawn[~np.isnan(drawn)]
    if math.isnan(value) or not len(defined):
        return Interval(value, math.nan, math.nan)
    low, high = np.percentile(defined, [2.5, 97.5]).tolist()
    if pivotal:
        low, high = max(0.0, 2 * value - high), 2 * value - low
    return Interval(value, min(low, value), max(high, value))


def bootstrap_interval(
    statistic: Callable[[Float64], Float64], images: int, *, bootstrap: int = 1000, seed: int = 0
) -> Interval:
    """The value of `statistic` with its 95 % percentile interval over resamples of the images.

    `statistic` maps counts (images, B), how often each image is drawn, to one value for each resample (B,).
    """
    value = float(statistic(np.ones((images, 1)))[0])
    drawn = [statistic(counts) for counts in resamples(images, bootstrap, seed)]
    return interval(value, np.concatenate([np.empty(0), *drawn]))
