"""People among the models: what FER+'s ten taggers an image say about a person, a majority and a crowd.

Votes are an integer array (N, 10), a row an image and its columns `VOTES`, as in fer2013new.csv (Barsoum et al. 2016,
arXiv:1608.01041). A tagger is compared with the label that FER2013 gives the image; contempt, "unknown" and "not a
face" are votes for none of the seven labels, and so never agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_core.answers import NONE, Answers, Float64, Int64, check_labels, check_probabilities
from fer_core.bootstrap import bootstrap_interval, interval, resamples
from fer_core.ferplus import VOTE_COLUMNS
from fer_core.metrics import EvaluationReport, evaluate, report
from fer_core.scores import SMALLEST, ratio
from fer_core.types import EMOTIONS, Interval

VOTES = VOTE_COLUMNS
"""FER+'s columns in the order of its file."""

_FERPLUS_NAME = {"angry": "anger", "happy": "happiness", "sad": "sadness"}
EMOTION_COLUMNS = tuple(VOTES.index(_FERPLUS_NAME.get(emotion, emotion)) for emotion in EMOTIONS)
"""The column of `VOTES` for each of `EMOTIONS`."""


@dataclass(frozen=True)
class TaggerAgreement:
    """How often two taggers of an image give the same of the ten answers.

    `share` of pairs of taggers, and `kappa` beyond chance (Fleiss 1971), with 95 % intervals over the `n` images that
    have two votes or more.
    """

    n: int
    share: Interval
    kappa: Interval


@dataclass(frozen=True, eq=False)
class Divergence:
    """How far a model's probabilities are from people's votes for the seven, an image (n,) and on average.

    `jensen_shannon` in bits, 0..1 (Lin 1991); `kullback_leibler` of the model from the votes, and `cross_entropy` of
    the model's probabilities under the votes, both in nats. `rows` int64 (n,) are the images that had a vote for one of
    the seven, `left_out` how many had none; `means` has the mean of each by name, with its 95 % interval over images.
    """

    rows: Int64
    left_out: int
    jensen_shannon: Float64
    kullback_leibler: Float64
    cross_entropy: Float64
    means: dict[str, Interval]


def check_votes(votes: ArrayLike) -> Float64:
    """The votes as float64 (N, 10); ValueError where they are not counts, or an image has none."""
    array = np.asarray(votes)
    if array.ndim != 2 or array.shape[1] != len(VOTES) or len(array) < 1:
        raise ValueError(f"votes: expected shape (N, {len(VOTES)}), N >= 1, columns {VOTES}, got shape {array.shape}.")
    if not np.issubdtype(array.dtype, np.integer) or array.min() < 0:
        raise ValueError(f"votes: expected integer counts >= 0, got {array.dtype} with lowest {array.min()}.")
    empty = np.flatnonzero(array.sum(axis=1) == 0)
    if len(empty):
        raise ValueError(f"votes: expected at least one vote an image, got none in row {empty[0]}; leave it out.")
    return array.astype(np.float64)


def emotion_votes(votes: ArrayLike) -> Float64:
    """The votes for each of `EMOTIONS`, float64 (N, 7); a row may be all 0."""
    return check_votes(votes)[:, EMOTION_COLUMNS]


def vote_distribution(votes: ArrayLike, *, pseudo_votes: float = 0.0) -> Float64:
    """The share of the votes for the seven that each emotion has, float64 (N, 7); NaN where an image has no such vote.

    `pseudo_votes` is added to each image, spread evenly over the seven (a Dirichlet prior; Gelman et al. 2013, section
    3.4), for where zero of ten votes must not mean impossible; then no row is NaN.
    """
    if not pseudo_votes >= 0:
        raise ValueError(f"pseudo_votes: expected a number >= 0, got {pseudo_votes}.")
    counted = emotion_votes(votes) + pseudo_votes / len(EMOTIONS)
    return ratio(counted, counted.sum(axis=1, keepdims=True))


def majority(votes: ArrayLike) -> Int64:
    """The answer with most votes as an index of `EMOTIONS`, int64 (N,); `NONE` for contempt, unknown and not a face.

    Of equal counts the first in FER+'s column order wins.
    """
    emotion = np.full(len(VOTES), NONE)
    emotion[list(EMOTION_COLUMNS)] = np.arange(len(EMOTIONS))
    return emotion[check_votes(votes).argmax(axis=1)]


def one_person(
    votes: ArrayLike, y: ArrayLike, *, among_seven: bool = False, bootstrap: int = 1000, seed: int = 0
) -> EvaluationReport:
    """The report of one person: the expected figures of one tagger an image, drawn at random, against the labels `y`.

    Exact from the counts; only the interval comes from resampling, and it is over images. With `among_seven` a tagger
    is drawn from those who voted for one of the seven, and images where nobody did are left out (see the report's `n`).
    """
    counted = emotion_votes(votes)
    truth = _check_truth(y, len(counted))
    total = counted.sum(axis=1) if among_seven else check_votes(votes).sum(axis=1)
    rows = np.flatnonzero(total)
    answers = Answers(truth[rows], counted[rows] / total[rows, None], None)
    return report(answers, EMOTIONS, bootstrap=bootstrap, seed=seed)


def person_answers(votes: ArrayLike, y: ArrayLike, labels: Sequence[str] = EMOTIONS) -> Answers:
    """The expected answers of one tagger an image to the images whose label in `y` is one of `labels`, in their terms.

    `y` (N,) indexes `EMOTIONS`. A vote for anything else is for none of them, so never right, as for a majority that
    `comparison.restrict` left without its label. ValueError where no image has such a label.
    """
    kept = [EMOTIONS.index(label) for label in labels]
    shares = emotion_votes(votes)[:, kept] / check_votes(votes).sum(axis=1, keepdims=True)
    truth = _check_truth(y, len(shares))
    rows = np.flatnonzero(np.isin(truth, kept))
    if not len(rows):
        raise ValueError(f"y: expected some images whose label is one of {list(labels)}, got none of {len(truth)}.")
    places = np.array([kept.index(t) if t in kept else NONE for t in range(len(EMOTIONS))])
    return Answers(places[truth[rows]], shares[rows], None)


def majority_of_ten(votes: ArrayLike, y: ArrayLike, *, bootstrap: int = 1000, seed: int = 0) -> EvaluationReport:
    """The report of each image's `majority` against the labels `y`; an answer that is none of the seven is wrong."""
    answered = majority(votes)
    return evaluate(_check_truth(y, len(answered)), answered, EMOTIONS, bootstrap=bootstrap, seed=seed)


def whole_crowd(votes: ArrayLike, y: ArrayLike, *, bootstrap: int = 1000, seed: int = 0) -> EvaluationReport:
    """The report of the vote distribution taken as a model's probabilities, against the labels `y`.

    One pseudo-vote an image, for else the log loss would rest on how the logarithm of 0 of 10 votes is cut off.
    """
    p = vote_distribution(votes, pseudo_votes=1.0)
    return evaluate(_check_truth(y, len(p)), p, EMOTIONS, bootstrap=bootstrap, seed=seed)


RATERS: dict[str, Callable[..., EvaluationReport]] = {
    "one person": one_person,
    "majority of ten": majority_of_ten,
    "crowd": whole_crowd,
}
"""The human rows of the table of models, by title."""


def _check_truth(y: ArrayLike, images: int) -> Int64:
    """The labels as int64; ValueError where they are not one of seven for each image."""
    truth = check_labels(y, len(EMOTIONS))
    if len(truth) != images:
        raise ValueError(f"y: expected {images} labels, one for each row of votes, got {len(truth)}.")
    return truth


def tagger_agreement(votes: ArrayLike, *, bootstrap: int = 1000, seed: int = 0) -> TaggerAgreement:
    """The agreement between two taggers of the same image over the ten answers; images may differ in their votes.

    statsmodels' `fleiss_kappa` gives the same kappa where every image has equally many votes; FER+ has one with nine.
    ValueError where no image has two votes.
    """
    counted = check_votes(votes)
    counted = counted[counted.sum(axis=1) >= 2]
    if not len(counted):
        raise ValueError("votes: expected images with two votes or more, got none.")
    total = counted.sum(axis=1)
    pairs = (counted * (counted - 1)).sum(axis=1) / (total * (total - 1))

    def share(drawn: Float64) -> Float64:
        return pairs @ drawn / drawn.sum(axis=0)

    def kappa(drawn: Float64) -> Float64:
        chance = ((counted.T @ drawn / (total @ drawn)) ** 2).sum(axis=0)
        return ratio(share(drawn) - chance, 1 - chance)

    (found,) = np.array([f(np.ones((len(counted), 1))) for f in (share, kappa)]).T.tolist()
    blocks = [np.stack([share(drawn), kappa(drawn)]) for drawn in resamples(len(counted), bootstrap, seed)]
    both = np.hstack([np.empty((2, 0)), *blocks])
    return TaggerAgreement(len(counted), interval(found[0], both[0]), interval(found[1], both[1]))


def divergence(votes: ArrayLike, p: ArrayLike, *, bootstrap: int = 1000, seed: int = 0) -> Divergence:
    """How far the probabilities `p` (N, 7), columns `EMOTIONS`, are from the votes for the seven.

    Probabilities are held at least `SMALLEST` from 0. ValueError where they do not fit, or no image has such a vote.
    The first call loads SciPy.
    """
    from scipy.special import rel_entr  # 0.6 s the first time: not at import

    people = vote_distribution(votes)
    model = check_probabilities(p, len(people))
    if model.shape != people.shape:
        raise ValueError(f"p: expected {people.shape[1]} columns, one for each of {EMOTIONS}, got {model.shape[1]}.")
    rows = np.flatnonzero(~np.isnan(people[:, 0]))
    if not len(rows):
        raise ValueError("votes: expected some image with a vote for one of the seven, got none.")
    people, model = people[rows], np.clip(model[rows], SMALLEST, 1)
    middle = (people + model) / 2
    figures = {
        "jensen_shannon": (rel_entr(people, middle) + rel_entr(model, middle)).sum(axis=1) / 2 / np.log(2),
        "kullback_leibler": rel_entr(people, model).sum(axis=1),
        "cross_entropy": -(people * np.log(model)).sum(axis=1),
    }
    means = {name: _mean_interval(values, bootstrap, seed) for name, values in figures.items()}
    return Divergence(rows, len(np.asarray(p)) - len(rows), **figures, means=means)


def _mean_interval(values: Float64, bootstrap: int, seed: int) -> Interval:
    """The mean with its interval over images."""
    return bootstrap_interval(
        lambda drawn: values @ drawn / drawn.sum(axis=0), len(values), bootstrap=bootstrap, seed=seed
    )
