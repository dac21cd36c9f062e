"""The table of metrics, and the report that gives every one of them with its bootstrap interval.

A new metric is a function in `fer_core.scores` and a line in `METRICS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fer_core import scores
from fer_core.answers import NONE, Answers, Float64, Int64, check_answers, check_labels, count_classes
from fer_core.bootstrap import interval, resamples
from fer_core.types import Interval, unknown

NORMALISATIONS: Mapping[str, int | None] = {"counts": None, "by truth": 1, "by prediction": 0}
"""Ways to show a confusion matrix: the axis that is summed to 1."""

Resampled = Callable[[Answers, Float64], Float64]
"""(answers, counts (N, B)) -> the metric of each resample (B,), NaN where it is undefined."""


@dataclass(frozen=True)
class Metric:
    """One way to score answers: `METRICS["accuracy"](y, p)` gives the plain value.

    `resampled` gives it for many resamples at once; `format` is the format specification of one value.
    `needs_probabilities` is False where bare labels are enough, so that people can be scored too. `pivotal` is for a
    metric that noise pushes to one side: see `fer_core.bootstrap.interval`.
    """

    title: str
    resampled: Resampled
    format: str
    needs_probabilities: bool = True
    higher_is_better: bool = True
    pivotal: bool = False

    @property
    def description(self) -> str:
        """One sentence on what the metric is, with its source: the first line of its function."""
        return (self.resampled.__doc__ or self.title).partition("\n")[0]

    def __call__(self, y: ArrayLike, p: ArrayLike) -> float:
        """The metric of `p`, probabilities (N, K), or bare labels (N,) where these do, against the truth `y` (N,).

        NaN where it is undefined; ValueError where `y` and `p` do not fit each other.
        """
        answers = check_answers(y, p, count_classes(y, p))
        return float(self.resampled(answers, np.ones((len(answers.y), 1)))[0])


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric("Accuracy", scores.accuracy, ".1%", needs_probabilities=False),
    "balanced_accuracy": Metric("Balanced accuracy", scores.balanced_accuracy, ".1%", needs_probabilities=False),
    "macro_f1": Metric("Macro F1", scores.macro_f1, ".3f", needs_probabilities=False),
    "weighted_f1": Metric("Weighted F1", scores.weighted_f1, ".3f", needs_probabilities=False),
    "cohen_kappa": Metric("Cohen's kappa", scores.cohen_kappa, ".3f", needs_probabilities=False),
    "top2_accuracy": Metric("Top-2 accuracy", scores.top2_accuracy, ".1%"),
    "roc_auc_macro": Metric("ROC AUC, macro", scores.roc_auc_macro, ".3f"),
    "roc_auc_micro": Metric("ROC AUC, micro", scores.roc_auc_micro, ".3f"),
    "log_loss": Metric("Log loss", scores.log_loss, ".3f", higher_is_better=False),
    "brier": Metric("Brier score", scores.brier, ".3f", higher_is_better=False),
    "ece": Metric("Calibration error", scores.ece, ".3f", higher_is_better=False, pivotal=True),
}
"""Every metric, in the order in which a table shows them."""


@dataclass(frozen=True, eq=False)
class PerClass:
    """The figures of each class, float64 (K,) in the order of the report's labels; NaN where a figure is undefined."""

    precision: Float64
    recall: Float64
    f1: Float64
    support: Float64
    auc: Float64


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """How one rater, a model or people, did on `n` images.

    `metrics` gives each metric of `METRICS` with its 95 % interval, without those that bare labels cannot have;
    `confusion` float64 (K, K) counts images, a row for each truth and a column for each answer (expected counts for a
    random person, whole numbers for all others); an answer that is none of the labels is in no column.
    """

    n: int
    labels: tuple[str, ...]
    metrics: Mapping[str, Interval]
    per_class: PerClass
    confusion: Float64

    @property
    def outside(self) -> Float64:
        """How many answers to each class's images were none of the labels, float64 (K,)."""
        return (self.per_class.support - self.confusion.sum(axis=1)).clip(min=0)  # -0 from rounding reads badly

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values that JSON can hold; NaN becomes None."""
        return {
            "n": self.n,
            "labels": list(self.labels),
            "metrics": {k: [_blank(v) for v in (i.value, i.low, i.high)] for k, i in self.metrics.items()},
            "per_class": {k: [_blank(v) for v in values.tolist()] for k, values in asdict(self.per_class).items()},
            "confusion": self.confusion.tolist(),
        }

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EvaluationReport:
        """The report that `to_dict` wrote; ValueError naming the key that is missing."""
        try:
            return cls(
                n=int(values["n"]),
                labels=tuple(values["labels"]),
                metrics={k: Interval(*np.array(v, dtype=np.float64).tolist()) for k, v in values["metrics"].items()},
                per_class=PerClass(**{k: np.array(v, dtype=np.float64) for k, v in values["per_class"].items()}),
                confusion=np.array(values["confusion"], dtype=np.float64),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"Expected an evaluation report, got {error!r}; write it anew with `python -m trainers evaluate`."
            ) from error

    @classmethod
    def from_json(cls, text: str) -> EvaluationReport:
        """The report that `to_json` wrote; ValueError where the text is not one."""
        return cls.from_dict(json.loads(text))


def _blank(value: float) -> float | None:
    """The value, None for NaN: JSON has no NaN."""
    return None if math.isnan(value) else value


def evaluate(
    y: ArrayLike, p: ArrayLike, labels: Sequence[str], *, bootstrap: int = 1000, seed: int = 0
) -> EvaluationReport:
    """The report of answers `p` against the truth `y` (N,), each an index of `labels`.

    `p` is probabilities (N, K) or bare labels (N,). Intervals are 95 % bootstrap intervals over `bootstrap` resamples
    of the images; 0 leaves them NaN and is quick enough for every epoch. ValueError where the three do not fit.
    """
    return report(check_answers(y, p, len(labels)), labels, bootstrap=bootstrap, seed=seed)


def report(answers: Answers, labels: Sequence[str], *, bootstrap: int = 1000, seed: int = 0) -> EvaluationReport:
    """The report of answers that are checked already; the order of the images does not matter."""
    wanted = {k: m for k, m in METRICS.items() if answers.p is not None or not m.needs_probabilities}
    answers = _in_order(answers)
    once = np.ones((len(answers.y), 1))
    drawn = _drawn(answers, wanted, bootstrap, seed)
    return EvaluationReport(
        n=len(answers.y),
        labels=tuple(labels),
        metrics={
            k: interval(float(m.resampled(answers, once)[0]), drawn[k], pivotal=m.pivotal) for k, m in wanted.items()
        },
        per_class=_per_class(answers, once),
        confusion=scores.confusions(answers, once)[:, :, 0],
    )


def _in_order(answers: Answers) -> Answers:
    """The answers sorted by truth and answer, so that equal sets of answers draw equal resamples."""
    columns = answers.decided if answers.p is None else np.hstack([answers.decided, answers.p])
    return answers.take(np.lexsort((*columns.T, answers.y)))


def _drawn(answers: Answers, wanted: Mapping[str, Metric], bootstrap: int, seed: int) -> dict[str, Float64]:
    """Each metric on every resample, (bootstrap,)."""
    blocks = [
        np.stack([metric.resampled(answers, counts) for metric in wanted.values()])
        for counts in resamples(len(answers.y), bootstrap, seed)
    ]
    values = np.hstack([np.empty((len(wanted), 0)), *blocks])
    return dict(zip(wanted, values, strict=True))


def _per_class(answers: Answers, once: Float64) -> PerClass:
    """The figures of each class."""
    return PerClass(
        precision=scores.precisions(answers, once)[:, 0],
        recall=scores.recalls(answers, once)[:, 0],
        f1=scores.f1_scores(answers, once)[:, 0],
        support=scores.supports(answers, once)[:, 0],
        auc=np.full(answers.classes, np.nan) if answers.p is None else scores.aucs(answers, once)[:, 0],
    )


def label_counts(predicted: ArrayLike, classes: int) -> Int64:
    """How often each label is in `predicted` (N,), N >= 0: int64 (classes,). `NONE` is not counted."""
    answered = check_labels(predicted, classes, "predicted", lowest=NONE, least=0)
    return np.bincount(answered[answered != NONE], minlength=classes)


def confusion(y_a: ArrayLike, y_b: ArrayLike, labels: Sequence[str], normalise: str = "counts") -> Float64:
    """How often rater A's label (rows) met rater B's (columns), float64 (K, K): the truth, a model or people as either.

    `normalise` is one of `NORMALISATIONS`: numbers of images, shares of each row, or shares of each column; a share of
    nothing is NaN. Images where either answered `NONE` are in no cell. ValueError where the labels do not fit.
    """
    if normalise not in NORMALISATIONS:
        raise ValueError(unknown("normalisation", normalise, NORMALISATIONS))
    k = len(labels)
    a, b = check_labels(y_a, k, "y_a", NONE, least=0), check_labels(y_b, k, "y_b", NONE, least=0)
    if len(a) != len(b):
        raise ValueError(f"y_b: expected {len(a)} labels, one for each in y_a, got {len(b)}.")
    both = (a != NONE) & (b != NONE)
    counts = np.bincount(a[both] * k + b[both], minlength=k * k).reshape(k, k).astype(np.float64)
    axis = NORMALISATIONS[normalise]
    return counts if axis is None else scores.ratio(counts, counts.sum(axis=axis, keepdims=True))
