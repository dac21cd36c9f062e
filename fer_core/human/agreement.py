"""How far people agree with each other on the same faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fer_core.answers import NONE, Float64, Int64, check_labels
from fer_core.bootstrap import bootstrap_interval
from fer_core.human.errors import HumanError
from fer_core.human.scores import indices
from fer_core.metrics import METRICS
from fer_core.scores import ratio
from fer_core.types import EMOTIONS, Interval

CATEGORIES = len(EMOTIONS)
MOST_PAIRED = 60
"""Raters whose pairs make the mean of Cohen's kappa: 1,770 pairs, a second; a thousand raters have 499,500."""
LEAST_SHARED = 10
"""Faces that two raters share at least, for their pair to count: of two or three Cohen's kappa is lower on average than
of many (of people who are right on 65 %, 0.26 where it is 0.35), and people with faces of their own share no more."""


@dataclass(frozen=True)
class PeopleAgreement:
    """How far `raters` people agree on `faces` faces.

    `alpha` is Krippendorff's, over every face that two or more answered; `fleiss` is Fleiss' kappa of the
    `fleiss_raters` who answered every face, or else of all, over the `shared_faces` that they all answered, NaN without
    one: it allows no missing answer, and one person in mid-quiz would leave next to nothing. `cohen` is the mean of
    Cohen's kappa over the `pairs` of people who share `LEAST_SHARED` faces or more, of the first `MOST_PAIRED` raters
    alone where there are more. `alpha` and `fleiss` with 95 % intervals over faces.
    """

    raters: int
    faces: int
    alpha: Interval
    fleiss_raters: int
    shared_faces: int
    fleiss: Interval
    pairs: int
    cohen: float


def ratings(table: pd.DataFrame) -> tuple[Int64, list[str], list[str]]:
    """Each rater's answer to each test face, int64 (raters, faces), `NONE` where there is none; raters; faces.

    HumanError where a rater has two answers to a test face: which of them counts, or whether those are two people of
    one name, nobody can tell.
    """
    test = table[table["kind"] == "test"]
    twice = test[test.duplicated(["rater", "face"])]
    if not twice.empty:
        rater, face = twice.iloc[0][["rater", "face"]]
        raise HumanError(
            f"Expected one answer of each rater to a test face, got two of {rater!r} to {face!r}. "
            "Two people of one name? Give them different names."
        )
    raters, rows = np.unique(test["rater"].to_numpy(str), return_inverse=True)
    faces, columns = np.unique(test["face"].to_numpy(str), return_inverse=True)
    matrix = np.full((len(raters), len(faces)), NONE, np.int64)
    matrix[rows, columns] = indices(test["label"])
    return matrix, raters.tolist(), faces.tolist()


def agreement(matrix: Int64, *, bootstrap: int = 1000) -> PeopleAgreement:
    """How far people agree, from answers int64 (raters, faces) with `NONE` for a missing one.

    Cohen's kappa is the mean over the pairs of the first `MOST_PAIRED` raters: pairs grow with the raters' square.
    """
    counts = votes(matrix)
    through = matrix[(matrix != NONE).all(axis=1)]
    chosen = through if len(through) > 1 else matrix
    complete = votes(chosen[:, (chosen != NONE).all(axis=0)]) if len(chosen) > 1 else counts[:0]
    there = (matrix[:MOST_PAIRED] != NONE).astype(np.int64)
    kappas = [cohen(matrix[a], matrix[b]) for a, b in np.argwhere(np.triu(there @ there.T, 1) >= LEAST_SHARED)]
    defined = [kappa for kappa in kappas if not np.isnan(kappa)]
    return PeopleAgreement(
        raters=len(matrix),
        faces=int((counts.sum(axis=1) >= 2).sum()),
        alpha=alpha_interval(counts, bootstrap),
        fleiss_raters=len(chosen),
        shared_faces=len(complete),
        fleiss=fleiss_interval(complete, bootstrap),
        pairs=len(defined),
        cohen=float(np.mean(defined)) if defined else float("nan"),
    )


def votes(matrix: Int64, categories: int = CATEGORIES) -> Float64:
    """How many raters gave each face each label, float64 (faces, K)."""
    return np.stack([(matrix == k).sum(axis=0) for k in range(categories)], axis=1).astype(np.float64)


def cohen(a: ArrayLike, b: ArrayLike) -> float:
    """Cohen's kappa of two raters on the faces that both answered; NaN where those are fewer than two (Cohen 1960)."""
    one, other = (check_labels(labels, CATEGORIES, "answers", NONE, least=0) for labels in (a, b))
    both = (one != NONE) & (other != NONE)
    return METRICS["cohen_kappa"](one[both], other[both]) if both.sum() >= 2 else float("nan")


def krippendorff_alpha(counts: Float64) -> float:
    """Krippendorff's alpha for nominal labels from the votes of each face, (faces, K); any may be missing.

    Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C. Faces with one vote say nothing and are
    left out; NaN where nothing is left or only one label was ever given.
    """
    return float(_alpha(counts, np.ones((len(counts), 1)))[0])


def alpha_interval(counts: Float64, bootstrap: int = 1000) -> Interval:
    """Krippendorff's alpha with its 95 % bootstrap interval over faces."""
    if not (counts.sum(axis=1) >= 2).any():
        return Interval(float("nan"), float("nan"), float("nan"))
    return bootstrap_interval(lambda drawn: _alpha(counts, drawn), len(counts), bootstrap=bootstrap)


def _alpha(counts: Float64, drawn: Float64) -> Float64:
    """Alpha in each resample (B,): 1 - (n - 1) x observed / expected coincidences of different labels."""
    paired = counts[(m := counts.sum(axis=1)) >= 2]
    drawn, m = drawn[m >= 2], m[m >= 2]
    same = (paired * (paired - 1)).sum(axis=1) / (m - 1)
    totals = paired.T @ drawn
    n = totals.sum(axis=0)
    observed = n - same @ drawn
    expected = n**2 - (totals**2).sum(axis=0)
    return 1 - (n - 1) * ratio(observed, expected)


def fleiss_interval(counts: Float64, bootstrap: int = 1000) -> Interval:
    """Fleiss' kappa of faces that all raters answered, with its 95 % bootstrap interval over faces (Fleiss 1971).

    statsmodels computes it; NaN where there are no such faces. The first call loads statsmodels.
    """
    from statsmodels.stats.inter_rater import fleiss_kappa  # 2 to 3 s the first time: not at import

    if not len(counts) or counts.sum(axis=1).min() < 2 or (counts.sum(axis=0) > 0).sum() < 2:
        return Interval(float("nan"), float("nan"), float("nan"))

    def kappa(drawn: Float64) -> Float64:
        rows = [np.repeat(counts, times.astype(int), axis=0) for times in drawn.T]
        return np.array([fleiss_kappa(r) if (r.sum(axis=0) > 0).sum() > 1 else np.nan for r in rows])

    return bootstrap_interval(kappa, len(counts), bootstrap=bootstrap)
