"""What the Curves page draws of each rater, computed by fer_core from stored answers; no streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fer_core import calibration, crowd, curves, evidence
from fer_core.artifacts import Reference, StoredPredictions
from fer_core.bootstrap import interval, resamples
from fer_core.evidence import Rater
from fer_core.types import EMOTIONS, Interval, ModelCard

BOOTSTRAP = 1000
UNKNOWN = crowd.VOTES.index("unknown")


@dataclass(frozen=True, eq=False)
class Confidences:
    """A rater's confidence and its errors on the `n` images of a set whose label it knows, `left_out` ones aside."""

    n: int
    left_out: int
    reliability: calibration.Reliability
    risk: curves.RiskCoverage


@dataclass(frozen=True)
class Distance:
    """How far a rater's probabilities are from the votes: mean Jensen-Shannon divergence in bits over `n` images."""

    id: str
    title: str
    labels: int
    n: int
    left_out: int
    mean: Interval


def uncalibrated(card: ModelCard, stored: StoredPredictions, reference: Reference) -> Rater:
    """The model's answers as the network gave them, at temperature 1; ArtifactError as in `evidence.model`."""
    return evidence.model(replace(card, temperature=None), stored, reference)


def roc(rater: Rater, reference: Reference, name: str) -> Mapping[str, curves.RocCurve]:
    """The rater's ROC curves on one of `evidence.SETS`, by label, then "micro" and "macro"."""
    on = evidence.known(rater, reference, name)
    return curves.roc_curves(on.y, on.p, on.labels)


def confidences(rater: Rater, reference: Reference, name: str) -> Confidences:
    """Reliability and risk-coverage of a rater on one of `evidence.SETS`."""
    on = evidence.known(rater, reference, name)
    return Confidences(len(on.y), on.left_out, calibration.reliability(on.y, on.p), curves.risk_coverage(on.y, on.p))


def distances(raters: Sequence[Rater], reference: Reference, name: str) -> list[Distance]:
    """How far each rater with probabilities, and the label alone, is from FER+'s votes on one of `evidence.SETS`.

    A rater is compared on the labels that it knows. The figures are those of `crowd.divergence`; raters on the same
    images share their resamples, which is many times quicker. Means are by `einsum`: the threads of `@` wait for one
    another where the processor has other work, five times as long as the sum itself. The first call loads SciPy.
    """
    rows = np.flatnonzero(evidence.mask(reference, name))
    found = {
        r.id: crowd.divergence(_known_votes(reference.votes[rows], r), _spread(r)[rows], bootstrap=0) for r in raters
    }
    alike: dict[bytes, list[str]] = {}
    for id, one in found.items():
        alike.setdefault(one.rows.tobytes(), []).append(id)
    means: dict[str, Interval] = {}
    for ids in alike.values():
        values = np.stack([found[id].jensen_shannon for id in ids])
        blocks = resamples(values.shape[1], BOOTSTRAP, 0)
        drawn = np.hstack([np.einsum("ri,ib->rb", values, c) / c.sum(axis=0) for c in blocks])
        means |= {id: interval(found[id].means["jensen_shannon"].value, d) for id, d in zip(ids, drawn, strict=True)}
    return [
        Distance(r.id, r.title, len(r.labels), len(found[r.id].rows), found[r.id].left_out, means[r.id]) for r in raters
    ]


def _spread(rater: Rater) -> np.ndarray:
    """The probabilities over all `EMOTIONS`, 0 for those that the rater does not know; bare labels become certain."""
    if rater.probabilities is None:
        return np.eye(len(EMOTIONS))[rater.answered]
    spread = np.zeros((len(rater.answered), len(EMOTIONS)))
    spread[:, [EMOTIONS.index(label) for label in rater.labels]] = rater.probabilities
    return spread


def _known_votes(votes: np.ndarray, rater: Rater) -> np.ndarray:
    """The votes with those for labels that the rater does not know counted as "unknown", so as none of the seven."""
    foreign = [crowd.EMOTION_COLUMNS[i] for i, label in enumerate(EMOTIONS) if label not in rater.labels]
    kept = votes.copy()
    kept[:, UNKNOWN] += votes[:, foreign].sum(axis=1, dtype=votes.dtype)
    kept[:, foreign] = 0
    return kept
