"""Whether a model's probabilities mean what they say, and the one number that mends them.

The methods are those of Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv:1706.04599).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_core.answers import Float64, Int64, check_answers, check_labels, check_probabilities, count_classes
from fer_core.scores import ECE_BINS, confidence_bins, ratio

TEMPERATURES = (0.05, 20.0)
"""Where a temperature is sought; networks in practice have 0.5 to 5."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """The reliability diagram of the top label.

    `edges` float64 (B + 1,) of the bins of confidence, `counts` int64 (B,) images in each, their mean `confidence` and
    their `accuracy` float64 (B,) in 0..1, NaN in an empty bin. `by_chance`: the error that a perfectly calibrated model
    of these confidences is expected to read on as many images, since in no bin chance hits its share exactly.
    """

    edges: Float64
    counts: Int64
    confidence: Float64
    accuracy: Float64
    by_chance: float

    @property
    def ece(self) -> float:
        """The expected calibration error: the gap between the two, averaged over images."""
        return float(np.nansum(self.counts * np.abs(self.confidence - self.accuracy)) / self.counts.sum())


def reliability(y: ArrayLike, p: ArrayLike, bins: int = ECE_BINS) -> Reliability:
    """The reliability diagram of the probabilities `p` (N, K) against the truth `y` (N,), in bins of equal width.

    A bin is open below and closed above. ValueError where `y` and `p` do not fit, or `bins` < 1.
    """
    if bins < 1:
        raise ValueError(f"bins: expected a number of bins >= 1, got {bins}.")
    probabilities = check_probabilities(p)
    answers = check_answers(y, probabilities, count_classes(y, probabilities))
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == answers.y
    member = confidence_bins(confidence, bins)
    counts = np.bincount(member, minlength=bins)
    images = counts.astype(np.float64)
    return Reliability(
        edges=np.linspace(0, 1, bins + 1),
        counts=counts,
        confidence=ratio(np.bincount(member, weights=confidence, minlength=bins).astype(np.float64), images),
        accuracy=ratio(np.bincount(member, weights=correct, minlength=bins).astype(np.float64), images),
        by_chance=_by_chance(confidence, member, bins),
    )


def _by_chance(confidence: Float64, member: Int64, bins: int) -> float:
    """The mean of |hits - expected hits| over bins, hits being normal: sqrt(2 / pi) standard deviations in each."""
    variance = np.bincount(member, weights=confidence * (1 - confidence), minlength=bins)
    return float(np.sqrt(2 / np.pi * variance).sum() / len(confidence))


def fit_temperature(y: ArrayLike, logits: ArrayLike) -> float:
    """The temperature T that minimises the log loss of softmax(logits / T) against the truth `y` (N,).

    `logits` (N, K) may also be log probabilities: softmax ignores what is added to a row. T is sought in
    `TEMPERATURES`, and is near an end of it where the loss has no minimum inside, as when every image is right.
    ValueError where `y` and `logits` do not fit or a logit is not finite.
    """
    from scipy.optimize import minimize_scalar  # 1 s the first time: not at import

    z = np.asarray(logits, dtype=np.float64)
    if z.ndim != 2 or z.shape[1] < 2 or not np.isfinite(z).all():
        remedy = "clip probabilities above 0 before the logarithm"
        raise ValueError(f"logits: expected finite values of shape (N, K), K >= 2, got shape {z.shape}; {remedy}.")
    truth = check_labels(y, z.shape[1])
    if len(truth) != len(z):
        raise ValueError(f"logits: expected {len(truth)} rows, one for each label in y, got {len(z)}.")
    found = minimize_scalar(lambda t: _loss(truth, z, t), bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(min((found.x, *np.log(TEMPERATURES)), key=lambda t: _loss(truth, z, t))))


def _loss(y: Int64, logits: Float64, log_temperature: float) -> float:
    """The log loss in nats at a temperature given by its logarithm, in which the loss has one minimum."""
    z = logits / np.exp(log_temperature)
    z = z - z.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]))


def apply_temperature(p: ArrayLike, temperature: float) -> Float64:
    """The probabilities (N, K) that `p` (N, K) becomes at a temperature: above 1 flatter, below 1 sharper, 1 the same.

    The order within a row never changes. ValueError on bad probabilities or a temperature that is not above 0.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature: expected a finite number above 0, got {temperature}.")
    probabilities = check_probabilities(p)
    powers = (probabilities / probabilities.max(axis=1, keepdims=True)) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)
