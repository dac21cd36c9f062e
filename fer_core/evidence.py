"""What every rater, model or people, answered on FER2013's test images: stored, aligned, ready to compare.

A page or a command asks here and never loads a network or the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from fer_core import artifacts
from fer_core.answers import Answers, Float64, Int64, check_answers
from fer_core.artifacts import Reference, StoredPredictions
from fer_core.bootstrap import interval
from fer_core.calibration import apply_temperature
from fer_core.comparison import Restricted, restrict
from fer_core.crowd import majority, person_answers, vote_distribution
from fer_core.datasets import SPLITS
from fer_core.metrics import METRICS, EvaluationReport, PerClass, evaluate
from fer_core.scores import confusions, f1_scores, precisions, recalls, supports
from fer_core.types import EMOTIONS, ModelCard, unknown

SETS: Mapping[str, tuple[str, bool]] = {
    "PublicTest": ("PublicTest", False),
    "PrivateTest": ("PrivateTest", False),
    "PublicTest without copies": ("PublicTest", True),
    "PrivateTest without copies": ("PrivateTest", True),
}
"""The sets of images that figures are given for: which split, and whether images that Training has too are left out."""

TRUTH, PERSON, MAJORITY, CROWD = "truth", "person", "majority", "crowd"
"""Ids of the raters that are no models."""
PEOPLE = {PERSON: "People: one person", MAJORITY: "People: majority of ten", CROWD: "People: the crowd's votes"}
"""Titles of the human raters; one person is an average over FER+'s taggers, so has figures but no single answers."""


@dataclass(frozen=True, eq=False)
class Rater:
    """One rater's answers on the N reference images, in the reference's order.

    `answered` int64 (N,) indexes `EMOTIONS`, `answers.NONE` where the answer is none of them; `probabilities` float64
    (N, K) over `labels`, None for a rater that gives bare labels. `version` changes with the answers, so with the id it
    is a key for what is computed from them.
    """

    id: str
    title: str
    kind: Literal["truth", "people", "model"]
    labels: tuple[str, ...]
    answered: Int64
    probabilities: Float64 | None = None
    calibrated: bool = True
    version: int = 0


def mask(reference: Reference, name: str) -> np.ndarray:
    """Which reference images are in the set of that name in `SETS`, bool (N,)."""
    if name not in SETS:
        raise KeyError(unknown("evaluation set", name, SETS))
    split, without_copies = SETS[name]
    chosen = reference.splits == SPLITS.index(split)
    return chosen & ~reference.copied if without_copies else chosen


def truth(reference: Reference) -> Rater:
    """FER2013's own labels, as one more rater."""
    return Rater(TRUTH, "FER2013's label", "truth", EMOTIONS, reference.truth.astype(np.int64))


def people(reference: Reference) -> tuple[Rater, ...]:
    """The majority of FER+'s ten taggers, and the ten as a crowd whose votes are probabilities."""
    votes = vote_distribution(reference.votes, pseudo_votes=1.0)
    return (
        Rater(MAJORITY, PEOPLE[MAJORITY], "people", EMOTIONS, majority(reference.votes)),
        Rater(CROWD, PEOPLE[CROWD], "people", EMOTIONS, votes.argmax(axis=1), votes),
    )


def model(card: ModelCard, stored: StoredPredictions, reference: Reference) -> Rater:
    """A model's stored answers, calibrated where its card has a temperature; ArtifactError where they do not fit."""
    remedy = f"Make them with: python -m trainers evaluate {card.id} --predict"
    found, wanted = stored.probabilities.shape, (len(stored.ids), len(card.labels))
    if found != wanted or not len(stored.ids):
        raise artifacts.ArtifactError(f"The predictions of {card.id!r} have shape {found}, expected {wanted}. {remedy}")
    order = np.argsort(stored.ids)
    rows = order[np.searchsorted(stored.ids[order], reference.ids).clip(max=len(order) - 1)]
    if not np.array_equal(stored.ids[rows], reference.ids):
        n = len(reference.ids)
        raise artifacts.ArtifactError(f"The predictions of {card.id!r} lack some of the {n:,} test images. {remedy}")
    p = apply_temperature(stored.probabilities[rows], card.temperature or 1.0)
    to_emotions = np.array([EMOTIONS.index(label) for label in card.labels])
    answered = to_emotions[p.argmax(axis=1)]
    return Rater(card.id, card.title, "model", card.labels, answered, p, card.temperature is not None)


def known(rater: Rater, reference: Reference, name: str) -> Restricted:
    """The rater's answers to those images of a set whose label it knows, with the truth, in terms of its labels."""
    rows = np.flatnonzero(mask(reference, name))
    if rater.probabilities is not None:
        return restrict(reference.truth[rows], rater.probabilities[rows], rater.labels, rater.labels)
    return restrict(reference.truth[rows], rater.answered[rows], EMOTIONS, rater.labels)


def report(rater: Rater, reference: Reference, name: str, bootstrap: int = 1000) -> EvaluationReport:
    """The evaluation of one rater on one set of `SETS`."""
    on = known(rater, reference, name)
    return evaluate(on.y, on.p, on.labels, bootstrap=bootstrap)


def reports(rater: Rater, reference: Reference, bootstrap: int = 1000) -> dict[str, EvaluationReport]:
    """The evaluation of one rater on every set that has images."""
    return {name: report(rater, reference, name, bootstrap) for name in SETS if mask(reference, name).any()}


def twins(name: str) -> tuple[str, str]:
    """The two sets of that set's split: every image, and without those that Training has too."""
    official, without = (other for other in SETS if SETS[other][0] == SETS[name][0])
    return official, without


def other_of_split(name: str) -> str:
    """The twin of that set: without copies where it has them, and with them where it has not."""
    return next(other for other in twins(name) if other != name)


def report_on(
    labels: Sequence[str], rater: Rater | None, reference: Reference, name: str, bootstrap: int = 1000
) -> EvaluationReport | None:
    """The evaluation of a rater, of one person where it is None, as if there were no labels but `labels`.

    On the images of a set whose label is among them, None where there is none. Of the answers alone, without the
    metrics that need probabilities: equal answers to equal truths are drawn together, so it takes some milliseconds.
    """
    rows = np.flatnonzero(mask(reference, name))
    if not np.isin(reference.truth[rows], [EMOTIONS.index(label) for label in labels]).any():
        return None
    if rater is None:
        return _of_answers(person_answers(reference.votes[rows], reference.truth[rows], labels), labels, bootstrap)
    bare = rater.probabilities is None
    given = rater.answered if rater.probabilities is None else rater.probabilities
    on = restrict(reference.truth[rows], given[rows], EMOTIONS if bare else rater.labels, labels)
    answered = on.p if on.p.ndim == 1 else on.p.argmax(axis=1)
    return _of_answers(check_answers(on.y, answered, len(labels)), labels, bootstrap)


def _of_answers(answers: Answers, labels: Sequence[str], bootstrap: int) -> EvaluationReport:
    """The report of bare answers; drawing images is drawing kinds of them, so we draw how many of each kind."""
    n = len(answers.y)
    kinds, counts = np.unique(np.column_stack([answers.y, answers.decided]), axis=0, return_counts=True)
    answers = Answers(kinds[:, 0].astype(np.int64), kinds[:, 1:], None)
    drawn = np.random.default_rng(0).multinomial(n, counts / n, size=bootstrap).T.astype(np.float64)
    once = counts[:, None].astype(np.float64)
    wanted = {key: metric.resampled for key, metric in METRICS.items() if not metric.needs_probabilities}
    precision, recall, f1, support = (f(answers, once)[:, 0] for f in (precisions, recalls, f1_scores, supports))
    return EvaluationReport(
        n=n,
        labels=tuple(labels),
        metrics={key: interval(float(f(answers, once)[0]), f(answers, drawn)) for key, f in wanted.items()},
        per_class=PerClass(precision, recall, f1, support, np.full(len(labels), np.nan)),
        confusion=confusions(answers, once)[:, :, 0],
    )


def stored_reports(id: str, root: Path | None = None) -> dict[str, EvaluationReport]:
    """The evaluations that an artifact keeps, or the reference keeps of people, by set; ArtifactError if damaged."""
    try:
        content = artifacts.reference_metrics(root).get(id) if id in PEOPLE else artifacts.metrics(id, root)
        return {name: EvaluationReport.from_dict(values) for name, values in (content or {}).items()}
    except artifacts.ArtifactError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise artifacts.ArtifactError(f"The stored metrics of {id!r} are damaged. {error}") from error
