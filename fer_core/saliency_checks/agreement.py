"""How far maps of the same face agree: Spearman's rank correlation, which does not ask for their scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fer_core.types import Float32


@dataclass(frozen=True, eq=False)
class Agreement:
    """Correlations of every two maps: float32 (M, M) in [-1, 1], in the order of `names`; NaN with one that is flat."""

    names: tuple[str, ...]
    correlations: Float32

    @property
    def mean(self) -> float:
        """The mean over all pairs that have one; NaN where none has."""
        pairs = self.correlations[np.triu_indices(len(self.names), 1)]
        known = pairs[np.isfinite(pairs)]
        return float(known.mean()) if len(known) else float("nan")


def agreement(maps: Mapping[str, Float32]) -> Agreement:
    """How far maps (H, W) of one face agree, pixel by pixel; ValueError where their sizes differ."""
    if len({one.shape for one in maps.values()}) > 1:
        raise ValueError(f"Expected maps of one size, got {sorted({one.shape for one in maps.values()})}.")
    table = np.full((len(maps), len(maps)), np.nan, np.float32)
    every = list(maps.values())
    for row in range(len(every)):
        for column in range(row, len(every)):
            table[row, column] = table[column, row] = correlation(every[row], every[column])
    return Agreement(tuple(maps), table)


def correlation(one: Float32, other: Float32) -> float:
    """Spearman's rank correlation of two arrays of one shape; NaN where either is flat or has a NaN."""
    from scipy.stats import rankdata  # loaded when asked for: it costs seconds

    if not (np.isfinite(one).all() and np.isfinite(other).all()) or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    ranks = np.stack([rankdata(one), rankdata(other)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    return float(ranks[0] @ ranks[1] / np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1])))
