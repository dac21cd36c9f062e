"""What the Curves page draws of one model: ROC curves and the risk-coverage curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_core import scores
from fer_core.answers import Bool, Float64, check_answers, check_probabilities, count_classes

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

    A label that is absent, or the only one present, has an empty curve of area NaN. The first call loads scikit-learn.
    ValueError where the truth `y` (N,), the probabilities `p` (N, K) and `labels` do not fit.
    """
    answers = check_answers(y, check_probabilities(p), len(labels))
    once = np.ones((len(answers.y), 1))
    areas = scores.aucs(answers, once)[:, 0]
    chosen = np.eye(len(labels), dtype=bool)[answers.y]
    p = scores.probabilities(answers)
    curves = {k: _roc_curve(chosen[:, i], p[:, i], areas[i]) for i, k in enumerate(labels)}
    micro = _roc_curve(chosen.ravel(), p.ravel(), scores.roc_auc_micro(answers, once)[0])
    macro = _average(list(curves.values()), scores.roc_auc_macro(answers, once)[0])
    return {**curves, "micro": micro, "macro": macro}


def _roc_curve(positive: Bool, score: Float64, area: float) -> RocCurve:
    """One curve, by scikit-learn."""
    if np.isnan(area):
        return RocCurve(np.empty(0), np.empty(0), float("nan"))
    from sklearn.metrics import roc_curve  # 2 to 3 s the first time: not at import

    false_positive_rate, true_positive_rate, _ = roc_curve(positive, score)
    return RocCurve(false_positive_rate, true_positive_rate, float(area))


def _average(curves: Sequence[RocCurve], area: float) -> RocCurve:
    """The mean of the curves that exist at each false positive rate, from (0, 0)."""
    rates = np.linspace(0, 1, MACRO_POINTS)
    heights = [np.interp(rates, c.false_positive_rate, c.true_positive_rate) for c in curves if not np.isnan(c.area)]
    if not heights:
        return RocCurve(np.empty(0), np.empty(0), float("nan"))
    return RocCurve(np.append(0.0, rates), np.append(0.0, np.mean(heights, axis=0)), float(area))


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
