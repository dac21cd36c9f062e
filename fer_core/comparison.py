"""Two raters on the same images, and models that know different labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from fer_core.answers import (
    NONE,
    Float64,
    Int64,
    answered_labels,
    check_answers,
    check_labels,
    check_probabilities,
    count_classes,
)
from fer_core.metrics import METRICS
from fer_core.types import EMOTIONS, Interval, unknown

NORMAL = 1.959964
"""The normal distribution's 97.5th percentile."""


@dataclass(frozen=True)
class Comparison:
    """How rater A compares with rater B on the same `n` images.

    `difference` is A's accuracy less B's, with its paired 95 % interval. `only_a` and `only_b` count the images that
    only one got right; `p_value` is the exact McNemar test's that both are equally often the one (McNemar 1947), and
    `p_adjusted` the same after Holm's correction for all pairs looked at (Holm 1979), None for a pair by itself.
    `agreement` is the share of equal answers, right or wrong, and `kappa` that share beyond chance (Cohen 1960), NaN
    where both gave every image the same one answer.
    """

    n: int
    difference: Interval
    only_a: int
    only_b: int
    p_value: float
    agreement: float
    kappa: float
    p_adjusted: float | None = None


@dataclass(frozen=True, eq=False)
class Restricted:
    """Answers on some labels only.

    `y` int64 (M,) and `p`, (M, K) or (M,), in terms of `labels`; `rows` int64 (M,) says which images these are, and
    `left_out` how many images had another truth.
    """

    y: Int64
    p: Float64 | Int64
    labels: tuple[str, ...]
    rows: Int64
    left_out: int


def compare(y: ArrayLike, p_a: ArrayLike, p_b: ArrayLike) -> Comparison:
    """The comparison of two raters' answers, each probabilities (N, K) or bare labels (N,), to the truth `y` (N,).

    ValueError where they do not fit. The first call loads SciPy.
    """
    classes = count_classes(y, p_a, p_b)
    a, b = (check_answers(y, p, classes) for p in (p_a, p_b))
    label_a, label_b = answered_labels(a), answered_labels(b)
    right_a, right_b = label_a == a.y, label_b == b.y
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return Comparison(
        n=len(a.y),
        difference=_difference(only_a, only_b, len(a.y)),
        only_a=only_a,
        only_b=only_b,
        p_value=mcnemar(only_a, only_b),
        agreement=float((label_a == label_b).mean()),
        kappa=METRICS["cohen_kappa"](label_a + 1, label_b + 1),  # NONE, -1, is one more category here
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided exact p value, 0..1, that two raters are equally often the only one right (McNemar 1947).

    As statsmodels' `mcnemar`, which would load for two seconds and 60 MB under a page that waits.
    """
    from scipy.special import bdtr  # 0.3 s the first time: not at import

    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def holm(p_values: ArrayLike) -> Float64:
    """The p values adjusted for how many there are, float64 (N,) in 0..1, by Holm's step-down rule (Holm 1979).

    As statsmodels' `multipletests`, which is not loaded for the reason that `mcnemar` gives.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def _difference(only_a: int, only_b: int, n: int) -> Interval:
    """The difference of accuracies with its paired 95 % interval, which holds for few images too.

    Adjusted Wald (Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37:479-488): of seven images
    that both read rightly, resampling knows a difference of exactly 0, and of few others too little.
    """
    a, b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    reach = NORMAL * math.sqrt((a + b - (a - b) ** 2) / (n + 2))
    return Interval((only_a - only_b) / n, max(-1.0, a - b - reach), min(1.0, a - b + reach))


def compare_all(
    y: ArrayLike,
    raters: Mapping[str, ArrayLike],
    pairs: Sequence[tuple[str, str]] | None = None,
) -> dict[tuple[str, str], Comparison]:
    """The comparison of each pair of raters (all pairs by default), with p values adjusted for their number by Holm.

    ValueError where a pair names an unknown rater, where there is no pair, or where answers do not fit the truth.
    """
    chosen = list(combinations(raters, 2)) if pairs is None else list(pairs)
    for name in (name for pair in chosen for name in pair if name not in raters):
        raise ValueError(unknown("rater", name, raters))
    if not chosen:
        raise ValueError(f"raters: expected at least two to compare, got {list(raters)}.")
    found = [compare(y, raters[a], raters[b]) for a, b in chosen]
    adjusted = holm([c.p_value for c in found])
    return {pair: replace(c, p_adjusted=float(p)) for pair, c, p in zip(chosen, found, adjusted, strict=True)}


def shared_labels(labels_a: Sequence[str], labels_b: Sequence[str]) -> tuple[str, ...]:
    """The labels that both know, in the order of `labels_a`; ValueError where fewer than two are shared."""
    shared = tuple(label for label in labels_a if label in labels_b)
    if len(shared) < 2:
        listed = f"{list(labels_a)} and {list(labels_b)}"
        raise ValueError(f"labels: expected at least two shared labels to compare on, got {len(shared)} of {listed}.")
    return shared


def restrict(
    y: ArrayLike,
    p: ArrayLike,
    labels: Sequence[str],
    kept: Sequence[str],
    *,
    truth_labels: Sequence[str] = EMOTIONS,
) -> Restricted:
    """The answers to the images whose truth is among `kept`, as if nothing but `kept` could be answered.

    `y` (N,) indexes `truth_labels`; `p` is probabilities (N, K) over `labels`, or bare labels (N,) that index `labels`.
    Probabilities are shared out anew over `kept` in proportion, evenly where none is left; a bare label outside `kept`
    becomes `NONE`. ValueError for a label that is unknown, or where no image is left.
    """
    truth = check_labels(y, len(truth_labels))
    to_kept = _positions(kept, truth_labels)
    rows = np.flatnonzero(to_kept[truth] != NONE)
    if not len(rows):
        raise ValueError(f"y: expected some images whose truth is one of {list(kept)}, got none of {len(truth)}.")
    answered = _restrict_answers(p, len(truth), labels, kept)[rows]
    return Restricted(to_kept[truth[rows]], answered, tuple(kept), rows, len(truth) - len(rows))


def _positions(kept: Sequence[str], labels: Sequence[str]) -> Int64:
    """For each of `labels` its position in `kept`, or `NONE`, with `NONE` once more at the end for the index `NONE`."""
    for label in (label for label in kept if label not in labels):
        raise ValueError(unknown("label", label, labels))
    return np.array([kept.index(label) if label in kept else NONE for label in (*labels, None)])


def _restrict_answers(p: ArrayLike, images: int, labels: Sequence[str], kept: Sequence[str]) -> Float64 | Int64:
    """All the answers in terms of the kept labels, probabilities or bare labels as they came."""
    given, positions = np.asarray(p), _positions(kept, labels)
    if given.ndim == 1:
        if len(given) != images:
            raise ValueError(f"p: expected {images} labels, one for each in y, got {len(given)}.")
        return positions[check_labels(given, len(labels), "p", NONE)]
    probabilities = check_probabilities(given, images)
    if probabilities.shape[1] != len(labels):
        raise ValueError(f"p: expected {len(labels)} columns, one for each label, got {probabilities.shape[1]}.")
    left = probabilities[:, [list(labels).index(label) for label in kept]]
    total = left.sum(axis=1, keepdims=True)
    return np.divide(left, total, out=np.full_like(left, 1 / len(kept)), where=total > 0)


def wilson_interval(successes: float, n: float) -> Interval:
    """The share of successes with Wilson's 95 % score interval (Wilson 1927); NaN for n = 0.

    ValueError unless 0 <= successes <= n. The first call loads statsmodels.
    """
    from statsmodels.stats.proportion import proportion_confint  # 2 to 3 s the first time: not at import

    if not 0 <= successes <= n:
        raise ValueError(f"successes: expected a count in 0..n with n = {n}, got {successes}.")
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = proportion_confint(successes, n, method="wilson")
    return Interval(successes / n, float(low) if successes else 0.0, float(high) if successes < n else 1.0)
