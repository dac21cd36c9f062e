"""Checked answers to a set of images: what every evaluation starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

NONE = -1
"""The answer "none of these labels", where a rater gives bare labels: never right, and in no column of a confusion."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Checked answers to N images.

    `y` int64 (N,) the truth; `decided` float64 (N, K) how much of each label was answered, rows that sum to 1, or less
    where an answer was none of the K; `p` float64 (N, K) probabilities in 0..1, None for bare labels.
    """

    y: Int64
    decided: Float64
    p: Float64 | None

    @property
    def classes(self) -> int:
        """K, the number of labels."""
        return self.decided.shape[1]

    def take(self, rows: Int64) -> Answers:
        """The same answers for the given rows only, in their order."""
        return Answers(self.y[rows], self.decided[rows], None if self.p is None else self.p[rows])


def check_labels(y: ArrayLike, classes: int, name: str = "y", lowest: int = 0, least: int = 1) -> Int64:
    """`y` as int64 (N,), N >= `least`, each in [`lowest`, classes); ValueError saying expected and actual otherwise."""
    array = np.asarray(y)
    if array.ndim != 1 or len(array) < least:
        raise ValueError(f"{name}: expected labels of shape (N,) with N >= {least}, got shape {array.shape}.")
    _check_integers(array, name)
    if len(array) and (array.min() < lowest or array.max() >= classes):
        raise ValueError(f"{name}: expected labels in {lowest}..{classes - 1}, got {array.min()}..{array.max()}.")
    return array.astype(np.int64)


def _check_integers(array: NDArray[Any], name: str) -> None:
    """Nothing for labels as whole numbers, of any shape, and for none at all; ValueError for names, fractions, NaN."""
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: expected integer labels, got dtype {array.dtype}; translate names with label_index.")


def check_probabilities(p: ArrayLike, rows: int | None = None, name: str = "p") -> Float64:
    """`p` as float64 (N, K), its values untouched; ValueError where a row is off by more than 1e-3."""
    array = np.asarray(p, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise ValueError(f"{name}: expected probabilities of shape (N, K), N >= 1 and K >= 2, got shape {array.shape}.")
    if rows is not None and len(array) != rows:
        raise ValueError(f"{name}: expected {rows} rows, one for each label in y, got {len(array)}.")
    if not np.isfinite(array).all() or array.min() < 0:
        bad = int(np.flatnonzero(~(np.isfinite(array) & (array >= 0)).all(axis=1))[0])
        raise ValueError(f"{name}: expected finite probabilities >= 0, got {array[bad].tolist()} in row {bad}.")
    sums = array.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > 1e-3:
        raise ValueError(
            f"{name}: expected rows that sum to 1, got {sums[worst]:.6g} in row {worst}; apply softmax first."
        )
    return array  # not scaled to exactly 1: dividing would break ties between rows, which a ROC curve counts by half


def count_classes(y: ArrayLike, *given: ArrayLike) -> int:
    """K: the columns of the first probabilities among `given`, or else one more than the highest label anywhere.

    ValueError where labels are no integers.
    """
    arrays = [np.asarray(p) for p in given]
    columns = [array.shape[1] for array in arrays if array.ndim == 2]
    if columns:
        return columns[0]
    labels = [np.asarray(y), *arrays]
    for place, array in enumerate(labels):
        _check_integers(array, "p" if place else "y")
    return max(int(array.max(initial=0)) for array in labels) + 1


def check_answers(y: ArrayLike, p: ArrayLike, classes: int) -> Answers:
    """The checked answers `p` to images with the truth `y` (N,).

    `p` is probabilities (N, classes), of which the first highest is the answer, or bare labels (N,), `NONE` among them
    allowed. ValueError saying expected and actual where `y` and `p` do not fit.
    """
    truth, given = check_labels(y, classes), np.asarray(p)
    if given.ndim == 1:
        answered = check_labels(given, classes, "p", lowest=NONE)
        if len(answered) != len(truth):
            raise ValueError(f"p: expected {len(truth)} labels, one for each in y, got {len(answered)}.")
        return Answers(truth, np.vstack([np.eye(classes), np.zeros(classes)])[answered], None)
    probabilities = check_probabilities(given, len(truth))
    if probabilities.shape[1] != classes:
        raise ValueError(f"p: expected {classes} columns, one for each label, got {probabilities.shape[1]}.")
    return Answers(truth, np.eye(classes)[probabilities.argmax(axis=1)], probabilities)


def answered_labels(answers: Answers) -> Int64:
    """The label answered for each image, int64 (N,); `NONE` where it was none of the K."""
    return np.where(answers.decided.any(axis=1), answers.decided.argmax(axis=1), NONE)
