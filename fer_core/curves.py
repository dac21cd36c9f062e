"""What the Curves page draws of one model: ROC curves and the risk-coverage curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_core import scores
from fer_core.answers import Bool, Float64, Int64, check_answers, check_probabilities, count_classes

MACRO_POINTS = 501
"""Points on the averaged ROC curve: a step of 0.2 %, finer than a screen shows."""


@dataclass(frozen=True, eq=False)
class RocCurve:
    """True against false positive rate, float64 (M,) in 0..1, as the threshold falls; `area` below, or NaN."""

    false_positive_rate: Float64
    true_positive_rate: Float64
    area: float


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The share of errors among the most confident images: `coverage` and `risk` float64 (N,) in 0..1.

    `risk[i]` is for the i + 1 most confident images; `area` is the mean risk (AURC, Geifman and El-Yaniv 2017,
    arXiv:1705.08500): 0 is perfect.
    """

    coverage: Float64
    risk: Float64
    area: float


def roc_curves(y: ArrayLike, p: ArrayLike, labels: Sequence[str]) -> Mapping[str, RocCurve]:
    """The ROC curve of each label against the rest, then of "micro" and "macro", by name.

    A label that is absent, or the only one present, has an empty curve of area NaN.
    ValueError where the truth `y` (N,), the probabilities `p` (N, K) and `labels` do not fit.
    """
    answers = check_answers(y, check_probabilities(p), len(labels))
    chosen, p = np.eye(len(labels), dtype=bool)[answers.y], scores.probabilities(answers)
    curves = {k: _roc_curve(chosen[:, i], p[:, i]) for i, k in enumerate(labels)}
    return {**curves, "micro": _roc_curve(chosen.ravel(), p.ravel()), "macro": _average(list(curves.values()))}


def _roc_curve(positive: Bool, score: Float64) -> RocCurve:
    """One curve: its corners as the threshold falls, from (0, 0).

    As scikit-learn's `roc_curve`, which would load for two seconds and 50 MB under a page that waits.
    """
    if positive.all() or not positive.any():
        return RocCurve(np.empty(0), np.empty(0), float("nan"))
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)  # of the images with equal scores
    found = np.cumsum(positive[order])[last]
    alarms = last + 1 - found
    kept = _corners(alarms, found)
    x, y = (np.append(0.0, counts[kept] / counts[-1]) for counts in (alarms, found))
    return RocCurve(x, y, float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2))


def _corners(x: Int64, y: Int64) -> Int64:
    """The places of the points of a path that are not on a straight line with both neighbours, its ends among them."""
    turns = (np.diff(x, 2) != 0) | (np.diff(y, 2) != 0)
    ends = [True] * min(len(x), 2)
    return np.flatnonzero(np.concatenate([ends[:1], turns, ends[1:]]))


def _average(curves: Sequence[RocCurve]) -> RocCurve:
    """The mean of the curves that exist at each false positive rate, from (0, 0)."""
    rates = np.linspace(0, 1, MACRO_POINTS)
    drawn = [curve for curve in curves if not np.isnan(curve.area)]
    if not drawn:
        return RocCurve(np.empty(0), np.empty(0), float("nan"))
    heights = [np.interp(rates, curve.false_positive_rate, curve.true_positive_rate) for curve in drawn]
    area = float(np.mean([curve.area for curve in drawn]))
    return RocCurve(np.append(0.0, rates), np.append(0.0, np.mean(heights, axis=0)), area)


def risk_coverage(y: ArrayLike, p: ArrayLike) -> RiskCoverage:
    """The risk of answering only the most confident images, for every share of images.

    Confidence is the highest probability. Images of equal confidence share their mean error, so that their order does
    not matter. ValueError where the truth `y` (N,) and the probabilities `p` (N, K) do not fit.
    """
    answers = check_answers(y, check_probabilities(p), count_classes(y, p))
    p = scores.probabilities(answers)
    _, group, sizes = np.unique(-p.max(axis=1), return_inverse=True, return_counts=True)
    wrong = p.argmax(axis=1) != answers.y
    errors = np.repeat(np.bincount(group, weights=wrong) / sizes, sizes)
    answered = np.arange(1, len(errors) + 1)
    risk = errors.cumsum() / answered
    return RiskCoverage(answered / len(errors), risk, float(risk.mean()))
