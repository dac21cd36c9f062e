"""Several raters on the same images: matrices, agreement, and which images are in a cell; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from fer_core import metrics
from fer_core.answers import NONE, Float64, Int64
from fer_core.artifacts import Reference
from fer_core.bootstrap import interval
from fer_core.comparison import restrict, wilson_interval
from fer_core.crowd import VOTES, emotion_votes
from fer_core.evidence import CROWD, Rater, mask
from fer_core.scores import ratio
from fer_core.types import EMOTIONS, Interval

RESAMPLES = 1000
OUTSIDE = "none of these"
"""What a person's answer is called that is none of the labels: contempt, unknown, not a face."""
_VOTE_WORDS = {"happiness": "happy", "sadness": "sad", "anger": "angry", "NF": "not a face"}


@dataclass(frozen=True, eq=False)
class Together:
    """The answers of several raters to the same M images of a set, in terms of the labels that all know.

    `ids` (M,): int32 rows of fer2013.csv, or the keys of a collection's faces; `y` int64 (M,) the truth; `answered` for
    each rater's id int64 (M,), index into `labels` or `NONE`; `confidence` for each rater with probabilities float64
    (M,), that of its answer; `left_out` how many images of the set have a truth that some rater does not know.
    """

    labels: tuple[str, ...]
    ids: np.ndarray
    y: Int64
    answered: Mapping[str, Int64]
    confidence: Mapping[str, Float64]
    left_out: int


@dataclass(frozen=True)
class Agreement:
    """How often two raters gave the same answer to `n` images, 0..1, and that beyond chance (Cohen 1960).

    `outside` counts the images to which one of them answered none of the labels.
    """

    n: int
    share: Interval
    kappa: Interval
    outside: int


def together(raters: Sequence[Rater], reference: Reference, name: str) -> Together:
    """The answers of all raters to one set; ValueError, in the user's words, where they have nothing in common."""
    rows = np.flatnonzero(mask(reference, name) & (reference.truth < len(EMOTIONS)))
    return among([_at(rater, rows) for rater in raters], reference.ids[rows], reference.truth[rows], name)


def _at(rater: Rater, rows: np.ndarray) -> Rater:
    """The rater with its answers to those images alone."""
    p = rater.probabilities
    return replace(rater, answered=rater.answered[rows], probabilities=None if p is None else p[rows])


def among(raters: Sequence[Rater], ids: np.ndarray, truth: np.ndarray, name: str) -> Together:
    """The answers of raters of just these images, whose truth (N,) indexes `EMOTIONS`; ValueError as `together`."""
    labels = tuple(label for label in EMOTIONS if all(label in rater.labels for rater in raters))
    if len(labels) < 2:
        raise ValueError("These raters share fewer than two labels, so there is nothing to compare. Choose others.")
    if not np.isin(truth, [EMOTIONS.index(label) for label in labels]).any():
        raise ValueError(f"{name} has no image with one of the labels {', '.join(labels)}. Choose another set.")
    answered: dict[str, Int64] = {}
    confidence: dict[str, Float64] = {}
    for rater in raters:
        bare = rater.probabilities is None
        given = rater.answered if rater.probabilities is None else rater.probabilities
        on = restrict(truth, given, EMOTIONS if bare else rater.labels, labels)
        answered[rater.id] = on.p.astype(np.int64) if bare else on.p.argmax(axis=1)
        if not bare:
            confidence[rater.id] = on.p.max(axis=1)
    return Together(labels, ids[on.rows], on.y, answered, confidence, on.left_out)


def matrix(found: Together, rows: str, columns: str, normalise: str) -> Float64:
    """How often the row rater's label met the column rater's, (K, K), as in `fer_core.metrics.confusion`."""
    return metrics.confusion(found.answered[rows], found.answered[columns], found.labels, normalise)


def difference(found: Together, rows: str, columns: tuple[str, str], normalise: str) -> Float64:
    """The matrix of the first column rater less that of the second, (K, K)."""
    return matrix(found, rows, columns[0], normalise) - matrix(found, rows, columns[1], normalise)


def largest(matrices: Sequence[Float64]) -> float:
    """The largest finite value among matrices in absolute terms, for their common scale; 1 where there is none."""
    return float(max((np.nanmax(np.abs(m)) for m in matrices if not np.isnan(m).all()), default=1.0)) or 1.0


def agreement(found: Together, a: str, b: str, seed: int = 0) -> Agreement:
    """How often two raters agree, with 95 % intervals over images.

    Wilson's for the share, which holds for the few faces of a photo too; for kappa the bootstrap's, drawn from the
    table of their answers.
    """
    k = len(found.labels) + 1  # NONE is one more answer, the last
    pairs = (found.answered[a] % k) * k + found.answered[b] % k
    counts = np.bincount(pairs, minlength=k * k)
    n = len(pairs)
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=RESAMPLES)
    _, (kappa, *kappas) = _agreements(np.vstack([counts, drawn]).reshape(-1, k, k))
    share = wilson_interval(int((found.answered[a] == found.answered[b]).sum()), n)
    outside = int(((found.answered[a] == NONE) | (found.answered[b] == NONE)).sum())
    return Agreement(n, share, interval(float(kappa), np.array(kappas)), outside)


def _agreements(tables: np.ndarray) -> tuple[Float64, Float64]:
    """The share of equal answers, and kappa, of each table (B, k, k); the last answer is that of none of the labels."""
    p = tables / tables.sum(axis=(1, 2), keepdims=True)
    same = np.einsum("bkk->b", p)
    chance = (p.sum(axis=1) * p.sum(axis=2)).sum(axis=1)
    return same, ratio(same - chance, 1 - chance)


def cell(found: Together, rows: str, columns: str, row: str | None, column: str | None) -> list[Any]:
    """The ids of the images in a cell, the column rater's most certain first; one label may be None for any."""
    if row is None and column is None:
        return []
    chosen = np.ones(len(found.ids), bool)
    for rater, label in ((rows, row), (columns, column)):
        if label is not None:
            chosen &= found.answered[rater] == found.labels.index(label)
    where = np.flatnonzero(chosen)
    if columns in found.confidence:
        where = where[np.argsort(-found.confidence[columns][where], kind="stable")]
    return list(found.ids[where].tolist())


def matrix_table(values: Float64, labels: Sequence[str]) -> pd.DataFrame:
    """A matrix as a table: a row a label of the row rater."""
    return pd.DataFrame({"row": list(labels)} | {label: values[:, i] for i, label in enumerate(labels)})


def occurrences(found: Together) -> pd.DataFrame:
    """How often each rater gave each label: a row a label, a column a rater's id; people's other answers last."""
    k = len(found.labels)
    counted = {id: np.bincount(answered % (k + 1), minlength=k + 1) for id, answered in found.answered.items()}
    table = pd.DataFrame(counted, index=[*found.labels, OUTSIDE])
    return table if table.loc[OUTSIDE].any() else table.drop(index=OUTSIDE)


def occurrences_of(answers: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The same of any answers, labels by rater, those on the user's own photos for one: a row an emotion."""
    counted = {rater: [sum(a == emotion for a in given) for emotion in EMOTIONS] for rater, given in answers.items()}
    return pd.DataFrame(counted, index=list(EMOTIONS))


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Occurrences as shares of each rater's answers, 0..1."""
    return table / table.sum()


def position(reference: Reference, id: int) -> int | None:
    """Where the image with that id is in the reference; None where it is no test image."""
    where = np.flatnonzero(reference.ids == id)
    return int(where[0]) if len(where) else None


def votes_in_words(reference: Reference, where: int) -> str:
    """What the ten taggers of one image said, most votes first."""
    counted = sorted(zip(reference.votes[where].tolist(), VOTES, strict=True), key=lambda pair: -pair[0])
    return ", ".join(f"{n} {_VOTE_WORDS.get(name, name)}" for n, name in counted if n)


def answers_of(raters: Sequence[Rater], truth: int, where: int, votes: np.ndarray | None = None) -> pd.DataFrame:
    """Every rater's answer to one image: a row a rater, its answer, and 0..1 for each emotion, NaN where unknown.

    `where` is the image's place in the raters' answers, `truth` indexes `EMOTIONS`. The crowd's row is its share of all
    ten `votes`, without the pseudo-vote that its probabilities have.
    """
    return pd.DataFrame([_answer(rater, truth, where, votes) for rater in raters])


def _answer(rater: Rater, truth: int, where: int, votes: np.ndarray | None) -> dict[str, object]:
    said = int(rater.answered[where])
    row: dict[str, object] = {
        "id": rater.id, "rater": rater.title, "kind": rater.kind,
        "answer": OUTSIDE if said == NONE else EMOTIONS[said],
        "right": said == truth,
    }  # fmt: skip
    if rater.id == CROWD and votes is not None:
        given = dict(zip(EMOTIONS, (emotion_votes(votes[None])[0] / votes.sum()).tolist(), strict=True))
    elif rater.probabilities is None:
        given = {emotion: float(i == said) for i, emotion in enumerate(EMOTIONS)}
    else:
        given = dict(zip(rater.labels, rater.probabilities[where].tolist(), strict=True))
    return row | {emotion: given.get(emotion, np.nan) for emotion in EMOTIONS}
