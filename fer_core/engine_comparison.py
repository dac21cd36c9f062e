"""One face through two engines of the same network: both times, and how far the answers are apart."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from fer_core.predictor import BasePredictor
from fer_core.types import Float32, Uint8

RUNS = 15
"""Times that each engine is asked; the first two warm it up and do not count."""


@dataclass(frozen=True, eq=False)
class EngineComparison:
    """What two engines say of one face: probabilities float32 (K,) in `labels` order, and median milliseconds."""

    labels: tuple[str, ...]
    native: Float32
    compiled: Float32
    native_milliseconds: float
    compiled_milliseconds: float
    precision: str

    @property
    def greatest_difference(self) -> float:
        """The greatest difference of a probability, 0..1."""
        return float(np.abs(self.native - self.compiled).max())

    @property
    def times_faster(self) -> float:
        """How many times as fast the compiled engine is."""
        return self.native_milliseconds / self.compiled_milliseconds


def compare(native: BasePredictor, compiled: BasePredictor, face: Uint8, runs: int = RUNS) -> EngineComparison:
    """Both engines on one uint8 RGB crop (H, W, 3), preprocessing included, in turn so that both meet one load."""
    answers: dict[BasePredictor, list[Float32]] = {native: [], compiled: []}
    times: dict[BasePredictor, list[float]] = {native: [], compiled: []}
    for _ in range(runs):
        for one in (native, compiled):
            began = time.perf_counter()
            answers[one].append(one.predict_proba([face])[0])
            times[one].append(1000 * (time.perf_counter() - began))
    before, after = (float(np.median(times[one][2:])) for one in (native, compiled))
    return EngineComparison(
        native.labels, answers[native][-1], answers[compiled][-1], before, after, precisions(compiled)
    )


def precisions(predictor: BasePredictor) -> str:
    """What a predictor computes in: "float32", "bfloat16", "int8", or several names where its members differ."""
    members = getattr(predictor, "members", None) or [getattr(predictor, "inner", predictor)]
    if members == [predictor]:
        return str(getattr(predictor, "precision", "float32"))
    return " and ".join(sorted({precisions(member) for member in members}))
