"""How one person, or a group pooled, did: the models' metrics and the figures that psychologists report."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fer_core.answers import NONE, Float64, Int64
from fer_core.comparison import wilson_interval
from fer_core.metrics import EvaluationReport, evaluate
from fer_core.scores import ratio
from fer_core.types import EMOTIONS, Interval

QUICKEST = 100
"""Milliseconds; what comes sooner was begun before the face could be seen (Luce 1986, Response Times; Whelan 2008,
The Psychological Record 58:475-482), and is left out of medians."""


@dataclass(frozen=True, eq=False)
class PersonScore:
    """The figures of one person on `n` test faces, or of several pooled; float64 (7,) in the order of `EMOTIONS`.

    `report` has macro-F1, confusion and the rest; `accuracy` has the interval of `pooled_interval`. `unbiased` and
    `chance` are Wagner's hit rate and what guessing with the same habits would give. `reaction` is the median in
    milliseconds, `overall_reaction` over all. `repeated` is the share of faces called the same twice, out of `repeats`.
    `answered` is the share of the answers that each label got, with the same interval, `shown` the share that had it.
    `attentive` of `checks` checks were followed. A figure is NaN where there is nothing to count.
    """

    n: int
    accuracy: Interval
    report: EvaluationReport
    unbiased: Float64
    chance: Float64
    reaction: Float64
    overall_reaction: float
    repeats: int
    repeated: Interval
    answered: tuple[Interval, ...]
    shown: Float64
    checks: int
    attentive: int


@dataclass(frozen=True)
class Sureness:
    """How often `n` answers were right whose givers were `level` sure, 1 a guess to 5 certain; `pooled_interval`."""

    level: int
    n: int
    right: Interval


def sureness(table: pd.DataFrame) -> list[Sureness]:
    """A row for each of the five levels that was chosen, in a table of `answers_table`; none where nobody was asked.

    Answers to test faces alone; one that came too late counts as none.
    """
    asked = table[(table["kind"] == "test") & table["confidence"].notna() & table["label"].notna()]
    asked = asked.assign(right=asked["label"] == asked["truth"])
    return [
        Sureness(int(level), len(mine), pooled_interval(mine["right"], mine["rater"]))
        for level, mine in asked.groupby(asked["confidence"].astype(int))
    ]


def pooled_interval(hits: ArrayLike, raters: ArrayLike) -> Interval:
    """The share of `hits` (N,) with its 95 % interval over people; `raters` (N,) says whose each answer is.

    Of one person it is Wilson's. Answers of one person are alike, so those of several count as fewer: N over the design
    effect (Rao and Scott 1992, Biometrics 48:577-585), and fewer still where people are few (Korn and Graubard 1998,
    Survey Methodology 24:193-201).
    """
    hit, (names, whose) = np.asarray(hits, np.float64), np.unique(np.asarray(raters, str), return_inverse=True)
    n, people = len(hit), len(names)
    if people < 2:
        return wilson_interval(int(hit.sum()), n)
    from scipy.special import ndtri, stdtrit  # 0.3 s the first time: not at import

    p = float(hit.mean())
    variance = people / (people - 1) * (np.bincount(whose, hit - p) ** 2).sum() / n**2
    alike = max(1.0, variance * n / (p * (1 - p))) if 0 < p < 1 else 1.0
    count = n / alike * float(ndtri(0.975) / stdtrit(people - 1, 0.975)) ** 2
    return replace(wilson_interval(p * count, count), value=p)


def score(table: pd.DataFrame, *, bootstrap: int = 1000) -> PersonScore | None:
    """The figures of all the answers in a table of `answers_table`; None where no test face was answered."""
    test = table[table["kind"] == "test"]
    if test.empty:
        return None
    y, answered = indices(test["truth"]), indices(test["label"])
    report = evaluate(y, answered, EMOTIONS, bootstrap=bootstrap)
    same = consistency(table)
    checks = table.loc[table["kind"] == "attention", "correct"]
    given = answered[answered != NONE]
    return PersonScore(
        n=len(test),
        accuracy=pooled_interval(y == answered, test["rater"]),
        report=report,
        unbiased=unbiased_hit_rates(report.confusion, report.per_class.support),
        chance=chance_hit_rates(report.confusion, report.per_class.support),
        reaction=reaction_by_class(test),
        overall_reaction=_median(test),
        repeats=len(same),
        repeated=wilson_interval(int(same.sum()), len(same)),
        answered=tuple(pooled_interval(given == k, test["rater"][answered != NONE]) for k in range(len(EMOTIONS))),
        shown=report.per_class.support / len(test),
        checks=len(checks),
        attentive=int(checks.sum()),
    )


def indices(labels: pd.Series) -> Int64:
    """Emotions as indices into `EMOTIONS`, int64 (N,); `NONE` for a blank."""
    codes = pd.Categorical(labels, categories=list(EMOTIONS)).codes
    return np.where(codes < 0, NONE, codes).astype(np.int64)


def unbiased_hit_rates(confusion: ArrayLike, support: ArrayLike | None = None) -> Float64:
    """The unbiased hit rate of each class, 0..1, float64 (K,): hits squared over (times shown x times answered).

    Wagner 1993 (Journal of Nonverbal Behavior 17:3-28), formula for Hu; rows are truths. `support` says how often each
    was shown where some got no answer. NaN for a class never shown, 0 for one never answered.
    """
    matrix, shown = _margins(confusion, support)
    answered = matrix.sum(axis=0)
    return np.where(answered > 0, ratio(np.diag(matrix) ** 2, shown * answered), np.where(shown > 0, 0.0, np.nan))


def chance_hit_rates(confusion: ArrayLike, support: ArrayLike | None = None) -> Float64:
    """The unbiased hit rate that the same answers in random order would give, float64 (K,) (Wagner 1993).

    The product of how often a class was shown and how often it was answered, each as a share of all.
    """
    matrix, shown = _margins(confusion, support)
    return matrix.sum(axis=0) * shown / shown.sum() ** 2


def _margins(confusion: ArrayLike, support: ArrayLike | None) -> tuple[Float64, Float64]:
    matrix = np.asarray(confusion, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not (matrix >= 0).all():
        raise ValueError(f"confusion: expected counts of shape (K, K), got shape {matrix.shape}.")
    return matrix, matrix.sum(axis=1) if support is None else np.asarray(support, np.float64)


def consistency(table: pd.DataFrame) -> np.ndarray:
    """For each repeated face whether the same rater called it the same as the first time, bool (R,).

    A face that got no answer in time at either showing is left out.
    """
    first = table[table["kind"] == "test"]
    pairs = table[table["kind"] == "repeat"].merge(first, on=["rater", "face"], suffixes=("_again", ""))
    pairs = pairs[pairs["label"].notna() & pairs["label_again"].notna()]
    return (pairs["label"] == pairs["label_again"]).to_numpy(bool)


def reaction_by_class(test: pd.DataFrame) -> Float64:
    """The median reaction time to each class's faces, milliseconds, right or wrong, float64 (7,); NaN without any."""
    return np.array([_median(test[test["truth"] == emotion]) for emotion in EMOTIONS])


def _median(test: pd.DataFrame) -> float:
    times = test["reaction_ms"].dropna().to_numpy(np.float64)
    times = times[times >= QUICKEST]
    return float(np.median(times)) if len(times) else float("nan")


def at_shares(recalls: ArrayLike, shown: ArrayLike, shares: ArrayLike) -> Interval:
    """The accuracy that these recalls would give where the classes have those shares, with its 95 % interval.

    The quiz shows all classes equally often, FER2013 does not: this is what compares with figures on FER2013 itself
    (post-stratification, Holt and Smith 1979, JRSS A 142:33-46). Each recall is of `shown` faces; their Wilson
    intervals are combined by squares (Zou, Huang and Zhang 2009, Computational Statistics and Data Analysis
    53:1080-1085). NaN where a recall is missing.
    """
    recall, count, share = (np.asarray(values, np.float64) for values in (recalls, shown, shares))
    needed = share > 0
    if np.isnan(recall[needed]).any():
        return Interval(float("nan"), float("nan"), float("nan"))
    weight = share[needed] / share[needed].sum()
    of = [wilson_interval(r * n, n) for r, n in zip(recall[needed].tolist(), count[needed].tolist(), strict=True)]
    value = float(weight @ recall[needed])
    below, above = (np.sqrt((weight**2 * np.square(d)).sum()) for d in
                    ([one.value - one.low for one in of], [one.high - one.value for one in of]))  # fmt: skip
    return Interval(value, value - float(below), value + float(above))
