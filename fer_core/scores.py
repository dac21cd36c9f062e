"""The arithmetic of every metric, on many resamples of the images at once.

scikit-learn gives a metric once; here each is needed a thousand times, for its bootstrap interval. So each is written
over `counts` float64 (N, B): how often each of N images is drawn in each of B resamples. The plain value is the one
resample that draws every image once. A metric that is undefined on a resample is NaN there. The tests hold each against
scikit-learn. Only NumPy is imported, so that a page which shows a stored report waits for nothing.
"""

from __future__ import annotations

import numpy as np

from fer_core.answers import Answers, Bool, Float64, Int64

SMALLEST = float(np.finfo(np.float32).eps)
"""Probabilities are held at least this far from 0 under a logarithm: the precision that predictions are stored in."""

ECE_BINS = 15
"""Equal-width bins of confidence, as in Guo et al. 2017 (arXiv:1706.04599)."""


def probabilities(answers: Answers) -> Float64:
    """The probabilities of the answers; ValueError where there are only labels."""
    if answers.p is None:
        raise ValueError(
            "expected probabilities (N, K), got bare labels; leave out the metrics that need probabilities."
        )
    return answers.p


def _mean(rows: Float64, counts: Float64) -> Float64:
    """The mean of a value an image (N,) in each resample (B,)."""
    return rows @ counts / counts.sum(axis=0)


def ratio(a: Float64, b: Float64) -> Float64:
    """The quotient a / b, NaN where b is 0."""
    return np.divide(a, b, out=np.full(np.broadcast_shapes(a.shape, b.shape), np.nan), where=b > 0)


def _nanmean(values: Float64) -> Float64:
    """The mean over the first axis of what is defined, NaN where nothing is."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))


def confusions(answers: Answers, counts: Float64) -> Float64:
    """The confusion matrix of each resample, (K, K, B): truth, answer, resample."""
    by_truth = [answers.y == k for k in range(answers.classes)]
    return np.stack([answers.decided[rows].T @ counts[rows] for rows in by_truth])


def supports(answers: Answers, counts: Float64) -> Float64:
    """The number of images of each class in each resample, (K, B)."""
    return np.eye(answers.classes)[answers.y].T @ counts


def _diagonal(matrices: Float64) -> Float64:
    """The diagonal of each (K, K, B) matrix, (K, B)."""
    return np.einsum("kkb->kb", matrices)


def accuracy(answers: Answers, counts: Float64) -> Float64:
    """The share of images whose answer is the truth."""
    return _mean(answers.decided[np.arange(len(answers.y)), answers.y], counts)


def recalls(answers: Answers, counts: Float64) -> Float64:
    """The share of each class's images that was recognised, (K, B)."""
    return ratio(_diagonal(confusions(answers, counts)), supports(answers, counts))


def precisions(answers: Answers, counts: Float64) -> Float64:
    """The share of each answer's uses that was right, (K, B)."""
    matrices = confusions(answers, counts)
    return ratio(_diagonal(matrices), matrices.sum(axis=0))


def f1_scores(answers: Answers, counts: Float64) -> Float64:
    """The harmonic mean of precision and recall, (K, B); NaN for a class neither present nor answered."""
    matrices = confusions(answers, counts)
    return ratio(2 * _diagonal(matrices), supports(answers, counts) + matrices.sum(axis=0))


def balanced_accuracy(answers: Answers, counts: Float64) -> Float64:
    """The mean recall of the classes that are present (Brodersen et al. 2010, ICPR)."""
    return _nanmean(recalls(answers, counts))


def macro_f1(answers: Answers, counts: Float64) -> Float64:
    """The mean F1 of the classes present or answered, each class counting the same (Yang and Liu 1999, SIGIR)."""
    return _nanmean(f1_scores(answers, counts))


def weighted_f1(answers: Answers, counts: Float64) -> Float64:
    """The mean F1, each class counting by its number of images."""
    support = supports(answers, counts)
    return np.nansum(f1_scores(answers, counts) * support, axis=0) / support.sum(axis=0)


def cohen_kappa(answers: Answers, counts: Float64) -> Float64:
    """The agreement with the truth beyond chance, 1 where perfect (Cohen 1960).

    NaN where chance alone always agrees.
    """
    shares = confusions(answers, counts).sum(axis=0) / counts.sum(axis=0)
    chance = (shares * supports(answers, counts)).sum(axis=0) / counts.sum(axis=0)
    return ratio(accuracy(answers, counts) - chance, 1 - chance)


def top2_accuracy(answers: Answers, counts: Float64) -> Float64:
    """The share of images whose truth is among the two most probable labels.

    Of equal probabilities the first label comes first, as in the answer itself.
    """
    p = probabilities(answers)
    order = np.argsort(-p, axis=1, kind="stable")[:, :2]
    return _mean((order == answers.y[:, None]).any(axis=1).astype(np.float64), counts)


def log_loss(answers: Answers, counts: Float64) -> Float64:
    """The mean of -log p(truth) in nats; answering evenly gives log K (Good 1952)."""
    p = probabilities(answers)[np.arange(len(answers.y)), answers.y]
    return _mean(np.log(1 / np.clip(p, SMALLEST, 1)), counts)


def brier(answers: Answers, counts: Float64) -> Float64:
    """The squared distance of the probabilities to the one-hot truth, summed over labels: 0 to 2 (Brier 1950)."""
    p = probabilities(answers)
    return _mean(((p - np.eye(answers.classes)[answers.y]) ** 2).sum(axis=1), counts)


def confidence_bins(confidence: Float64, bins: int) -> Int64:
    """The bin of each confidence (N,): equal widths on 0..1, each open below and closed above as in Guo et al. 2017."""
    return np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1], right=True)


def ece(answers: Answers, counts: Float64) -> Float64:
    """The gap between confidence and accuracy, averaged over 15 bins of the top label (Guo et al. 2017)."""
    p = probabilities(answers)
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == answers.y
    members = np.eye(ECE_BINS)[confidence_bins(confidence, ECE_BINS)]
    gaps = (members * (confidence - correct)[:, None]).T @ counts
    return np.abs(gaps).sum(axis=0) / counts.sum(axis=0)


def _auc(scores: Float64, positive: Bool, images: Int64, counts: Float64) -> Float64:
    """The area under one ROC curve in each resample (B,): Mann and Whitney's share of pairs in the right order.

    `images` (M,) says which image each score belongs to.
    """
    order = np.argsort(scores, kind="stable")
    negatives, positives = order[~positive[order]], order[positive[order]]
    if len(negatives) == 0 or len(positives) == 0:
        return np.full(counts.shape[1], np.nan)
    below = np.concatenate([np.zeros((1, counts.shape[1])), counts[images[negatives]].cumsum(axis=0)])
    first = np.searchsorted(scores[negatives], scores[positives], side="left")
    last = np.searchsorted(scores[negatives], scores[positives], side="right")
    weights = counts[images[positives]]
    wins = np.einsum("mb,mb->b", weights, below[first] + below[last]) / 2
    return ratio(wins, weights.sum(axis=0) * below[-1])


def aucs(answers: Answers, counts: Float64) -> Float64:
    """The area under each class's ROC curve against the rest, (K, B)."""
    p, rows = probabilities(answers), np.arange(len(answers.y))
    return np.stack([_auc(p[:, k], answers.y == k, rows, counts) for k in range(answers.classes)])


def roc_auc_macro(answers: Answers, counts: Float64) -> Float64:
    """The mean area under each class's ROC curve against the rest (Hanley and McNeil 1982)."""
    return _nanmean(aucs(answers, counts))


def roc_auc_micro(answers: Answers, counts: Float64) -> Float64:
    """The area under the ROC curve of all N x K pairs of image and label together."""
    p = probabilities(answers)
    positive = np.eye(answers.classes, dtype=bool)[answers.y]
    return _auc(p.ravel(), positive.ravel(), np.repeat(np.arange(len(p)), answers.classes), counts)
