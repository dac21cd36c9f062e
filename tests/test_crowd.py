"""People from votes, against paper, a published example, statsmodels and simulated taggers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.inter_rater import fleiss_kappa

from fer_core import evidence
from fer_core.answers import NONE
from fer_core.artifacts import Reference
from fer_core.comparison import restrict
from fer_core.crowd import (
    EMOTION_COLUMNS,
    RATERS,
    VOTES,
    divergence,
    emotion_votes,
    majority,
    majority_of_ten,
    one_person,
    person_answers,
    tagger_agreement,
    vote_distribution,
    whole_crowd,
)
from fer_core.metrics import METRICS, EvaluationReport, evaluate
from fer_core.scores import SMALLEST
from fer_core.types import EMOTIONS


def ballots(*images: dict[str, int]) -> np.ndarray:
    """Votes (N, 10) from names and counts."""
    return np.array([[image.get(name, 0) for name in VOTES] for image in images], dtype=np.uint8)


THREE = ballots(
    {"happiness": 8, "neutral": 2}, {"anger": 4, "neutral": 4, "NF": 2}, {"unknown": 6, "sadness": 3, "fear": 1}
)
TRUTH = np.array([EMOTIONS.index(name) for name in ("happy", "angry", "sad")])


def simulated(seed: int, n: int) -> np.ndarray:
    """Ten votes an image, each image with its own shares."""
    rng = np.random.default_rng(seed)
    return np.array([rng.multinomial(10, rng.dirichlet(np.full(10, 0.4))) for _ in range(n)])


def test_columns_are_translated_to_emotions() -> None:
    names = [VOTES[column] for column in EMOTION_COLUMNS]
    assert names == ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
    np.testing.assert_array_equal(emotion_votes(THREE)[1], [4, 0, 0, 0, 0, 0, 4])


def test_one_person_on_paper() -> None:
    found = one_person(THREE, TRUTH, bootstrap=50)
    assert found.metrics["accuracy"].value == pytest.approx((0.8 + 0.4 + 0.3) / 3)
    happy, angry, sad, fear, neutral = (EMOTIONS.index(e) for e in ("happy", "angry", "sad", "fear", "neutral"))
    expected = np.zeros((7, 7))
    expected[happy, happy], expected[happy, neutral] = 0.8, 0.2
    expected[angry, angry], expected[angry, neutral] = 0.4, 0.4
    expected[sad, sad], expected[sad, fear] = 0.3, 0.1
    np.testing.assert_allclose(found.confusion, expected)
    np.testing.assert_allclose(found.outside[[happy, angry, sad]], [0, 0.2, 0.6], atol=1e-12)
    # F1 = 2 right / (present + answered), of all present or answered: happy 1.6 / 1.8, angry .8 / 1.4, sad .6 / 1.3
    assert found.metrics["macro_f1"].value == pytest.approx((1.6 / 1.8 + 0.8 / 1.4 + 0.6 / 1.3 + 0 + 0) / 5)


def test_one_person_among_the_seven_on_paper() -> None:
    found = one_person(THREE, TRUTH, among_seven=True, bootstrap=0)
    assert found.metrics["accuracy"].value == pytest.approx((8 / 10 + 4 / 8 + 3 / 4) / 3)
    blank = np.vstack([THREE, ballots({"NF": 10})])
    left = one_person(blank, [*TRUTH, 0], among_seven=True, bootstrap=0)
    assert (left.n, left.metrics["accuracy"].value) == (3, found.metrics["accuracy"].value)
    assert one_person(blank, [*TRUTH, 0], bootstrap=0).metrics["accuracy"].value == pytest.approx(1.5 / 4)


def test_one_persons_answers_among_fewer_labels_on_paper() -> None:
    found = person_answers(THREE, TRUTH, ("sad", "happy"))
    assert found.y.tolist() == [1, 0]  # in the order of the labels, the angry image left out
    np.testing.assert_allclose(found.decided, [[0, 0.8], [0.3, 0]])  # all other votes are for neither
    with pytest.raises(ValueError, match=r"whose label is one of \['fear'\], got none of 3"):
        person_answers(THREE, TRUTH, ("fear",))


def small_reference(n: int = 400) -> Reference:
    """Images of PublicTest with simulated votes, one in five with a copy in Training."""
    y = np.random.default_rng(5).integers(0, 7, n)
    copied = np.arange(n) % 5 == 0
    return Reference(np.arange(n), y.astype(np.uint8), np.ones(n, np.uint8), simulated(3, n).astype(np.uint8), copied)


LABELS = (EMOTIONS, ("happy", "sad", "surprise", "neutral"))


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", ["PublicTest", "PublicTest without copies"])
def test_a_report_on_some_labels_is_that_of_the_restricted_answers(labels: tuple[str, ...], name: str) -> None:
    reference = small_reference()
    rows = np.flatnonzero(evidence.mask(reference, name))
    for rater in evidence.people(reference):
        found = evidence.report_on(labels, rater, reference, name)
        assert found is not None
        given = rater.answered if rater.probabilities is None else rater.probabilities
        on = restrict(reference.truth[rows], given[rows], EMOTIONS, labels)
        expected = evaluate(on.y, on.p if on.p.ndim == 1 else on.p.argmax(axis=1), labels)
        same_report(found, expected)


def test_one_persons_report_on_seven_labels_is_one_persons() -> None:
    reference = small_reference()
    found = evidence.report_on(EMOTIONS, None, reference, "PublicTest")
    assert found is not None
    same_report(found, one_person(reference.votes, reference.truth))


def same_report(found: EvaluationReport, expected: EvaluationReport) -> None:
    """Equal values; intervals of other draws, so about as wide."""
    assert (found.n, found.labels) == (expected.n, expected.labels)
    np.testing.assert_allclose(found.confusion, expected.confusion)
    for part, values in vars(expected.per_class).items():
        np.testing.assert_allclose(getattr(found.per_class, part), values)
    assert set(found.metrics) == {key for key, metric in METRICS.items() if not metric.needs_probabilities}
    for key, interval in found.metrics.items():
        theirs = expected.metrics[key]
        assert interval.value == pytest.approx(theirs.value)
        assert interval.low < interval.value < interval.high
        assert interval.high - interval.low == pytest.approx(theirs.high - theirs.low, rel=0.15)


def test_a_set_without_such_an_image_has_no_report() -> None:
    reference = small_reference()
    assert evidence.report_on(("happy", "sad"), None, reference, "PrivateTest") is None
    assert evidence.report_on(("happy", "sad"), evidence.truth(reference), reference, "PrivateTest") is None


def test_every_set_has_its_twin() -> None:
    for name, (split, without) in evidence.SETS.items():
        assert evidence.twins(name) == (split, f"{split} without copies")
        assert evidence.SETS[evidence.other_of_split(name)] == (split, not without)


def test_one_person_is_the_mean_of_taggers_drawn() -> None:
    votes, rng = simulated(0, 300), np.random.default_rng(1)
    y = rng.integers(0, 7, 300)
    expected = one_person(votes, y, bootstrap=0)
    ballot = np.array([np.repeat(np.arange(10), row) for row in votes])
    emotion = np.array([EMOTION_COLUMNS.index(c) if c in EMOTION_COLUMNS else NONE for c in range(10)])
    drawn = emotion[ballot[np.arange(300), rng.integers(0, 10, (2000, 300))]]
    accuracies = (drawn == y).mean(axis=1)
    assert expected.metrics["accuracy"].value == pytest.approx(accuracies.mean(), abs=4 * accuracies.std() / 2000**0.5)
    confused = np.array([[((y == t) & (drawn == a)).sum() / 2000 for a in range(7)] for t in range(7)])
    np.testing.assert_allclose(expected.confusion, confused, atol=0.3)


def test_the_majority_on_paper() -> None:
    assert majority(THREE).tolist() == [EMOTIONS.index("happy"), EMOTIONS.index("neutral"), NONE]
    tied = ballots({"contempt": 5, "fear": 5}, {"contempt": 6, "fear": 4}, {"anger": 5, "sadness": 5})
    assert majority(tied).tolist() == [EMOTIONS.index("fear"), NONE, EMOTIONS.index("sad")]  # the file's order decides
    found = majority_of_ten(THREE, TRUTH, bootstrap=50)
    assert found.metrics["accuracy"].value == pytest.approx(1 / 3)
    assert found.confusion.sum() == 2
    assert found.outside[EMOTIONS.index("sad")] == 1


def test_the_vote_distribution_on_paper() -> None:
    votes = np.vstack([THREE, ballots({"NF": 9, "contempt": 1})])
    found = vote_distribution(votes)
    np.testing.assert_allclose(found[1], [0.5, 0, 0, 0, 0, 0, 0.5])
    np.testing.assert_allclose(found[2], [0, 0, 1 / 4, 0, 3 / 4, 0, 0])
    assert np.isnan(found[3]).all()
    smoothed = vote_distribution(votes, pseudo_votes=1.0)
    np.testing.assert_allclose(smoothed[2], np.array([1, 1, 8, 1, 22, 1, 1]) / 35)  # (votes + 1/7) / 5
    np.testing.assert_allclose(smoothed[3], np.full(7, 1 / 7))
    with pytest.raises(ValueError, match="pseudo_votes: expected a number >= 0"):
        vote_distribution(votes, pseudo_votes=-1.0)


def test_the_crowd_stands_in_the_table_of_models() -> None:
    votes = simulated(2, 100)
    y = np.random.default_rng(0).integers(0, 7, 100)
    found = whole_crowd(votes, y, bootstrap=30)
    assert found.metrics["accuracy"].value == pytest.approx((emotion_votes(votes).argmax(axis=1) == y).mean())
    truth = (emotion_votes(votes)[np.arange(100), y] + 1 / 7) / (emotion_votes(votes).sum(axis=1) + 1)
    assert found.metrics["log_loss"].value == pytest.approx(-np.log(truth).mean())
    for title, rater in RATERS.items():
        report = rater(votes, y, bootstrap=30)
        assert report.labels == EMOTIONS and report.n == 100, title
        assert all(i.low <= i.value <= i.high for i in report.metrics.values() if not math.isnan(i.value)), title


def test_agreement_of_two_taggers_on_paper() -> None:
    found = tagger_agreement(THREE, bootstrap=50)
    # ordered pairs of 90 that agree: 8 x 7 + 2 x 1, 4 x 3 + 4 x 3 + 2 x 1, 6 x 5 + 3 x 2
    assert found.share.value == pytest.approx((58 + 26 + 36) / 270)
    # of 30 votes 8 6 4 2 6 3 1 for one answer: chance (64 + 36 + 16 + 4 + 36 + 9 + 1) / 900
    assert found.kappa.value == pytest.approx((400 - 166) / (900 - 166))
    assert found.n == 3
    for one in (found.share, found.kappa):
        assert one.low < one.value < one.high


def test_fleiss_kappa_as_published() -> None:
    # ten subjects, fourteen raters, five answers, kappa .210: the worked example of
    # https://en.wikipedia.org/wiki/Fleiss%27_kappa
    table = """0 0 0 0 14/0 2 6 4 2/0 0 3 5 6/0 3 9 2 0/2 2 8 1 1/7 7 0 0 0/3 2 6 3 0/2 5 3 2 2/6 5 2 1 0/0 2 2 3 7"""
    votes = np.array([[int(v) for v in row.split()] + [0] * 5 for row in table.split("/")])
    found = tagger_agreement(votes, bootstrap=0)
    assert round(found.kappa.value, 3) == 0.210
    assert round(found.share.value, 3) == 0.378


@given(st.integers(0, 10**6), st.integers(2, 40))
@settings(max_examples=25, deadline=None)
def test_fleiss_kappa_agrees_with_statsmodels(seed: int, n: int) -> None:
    votes = simulated(seed, n)
    assert tagger_agreement(votes, bootstrap=0).kappa.value == pytest.approx(fleiss_kappa(votes))


def test_images_with_fewer_votes_count_as_images() -> None:
    votes = ballots({"fear": 3}, {"fear": 1, "anger": 1}, {"happiness": 1})
    found = tagger_agreement(votes, bootstrap=0)
    assert found.n == 2  # one vote makes no pair
    assert found.share.value == pytest.approx((1 + 0) / 2)
    # fear 4 of 5, anger 1 of 5: chance 17/25
    assert found.kappa.value == pytest.approx((1 / 2 - 17 / 25) / (1 - 17 / 25))
    with pytest.raises(ValueError, match="expected images with two votes or more"):
        tagger_agreement(votes[2:])


def test_divergence_on_paper() -> None:
    votes = ballots({"happiness": 5, "neutral": 5}, {"NF": 10})
    happy, sad = EMOTIONS.index("happy"), EMOTIONS.index("sad")
    p = np.zeros((2, 7))
    p[:, happy], p[:, sad] = 0.5, 0.5
    found = divergence(votes, p, bootstrap=20)
    assert (found.rows.tolist(), found.left_out) == ([0], 1)
    # the middle is happy 1/2, sad 1/4, neutral 1/4; either side: 1/2 log2 1 + 1/2 log2 2 = 1/2 bit
    assert found.jensen_shannon == pytest.approx([0.5], abs=1e-5)
    # 1/2 log(1) + 1/2 log(.5 / smallest): the model gave neutral nothing
    assert found.kullback_leibler == pytest.approx([0.5 * math.log(0.5 / SMALLEST)])
    assert found.cross_entropy == pytest.approx([-0.5 * math.log(0.5) - 0.5 * math.log(SMALLEST)])
    assert found.means["cross_entropy"].value == pytest.approx(found.cross_entropy[0])
    p[0] = vote_distribution(votes)[0]
    same = divergence(votes, p, bootstrap=0)
    assert same.jensen_shannon == pytest.approx([0], abs=1e-6)
    assert same.kullback_leibler == pytest.approx([0], abs=1e-6)
    assert same.cross_entropy == pytest.approx([math.log(2)])


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_divergence_agrees_with_scipy_and_its_own_identities(seed: int) -> None:
    votes = simulated(seed, 30)
    p = np.random.default_rng(seed).dirichlet(np.ones(7), 30)
    found = divergence(votes, p, bootstrap=20)
    people = vote_distribution(votes)[found.rows]
    theirs = jensenshannon(people, p[found.rows], axis=1, base=2) ** 2
    np.testing.assert_allclose(found.jensen_shannon, theirs, atol=1e-5)
    entropy = -(people * np.log(np.where(people > 0, people, 1))).sum(axis=1)
    np.testing.assert_allclose(found.cross_entropy, entropy + found.kullback_leibler, atol=1e-9)
    for name, mean in found.means.items():
        assert mean.value == pytest.approx(getattr(found, name).mean())
        assert mean.low <= mean.value <= mean.high


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (np.zeros((0, 10), dtype=int), r"expected shape \(N, 10\), N >= 1"),
        (np.ones((2, 7), dtype=int), r"got shape \(2, 7\)"),
        (np.ones((2, 10)), "expected integer counts >= 0, got float64"),
        (np.full((2, 10), -1), "expected integer counts >= 0, got int64 with lowest -1"),
        (np.vstack([THREE[:1], np.zeros((1, 10), dtype=np.uint8)]), "at least one vote an image, got none in row 1"),
    ],
)
def test_bad_votes_are_refused(votes: np.ndarray, message: str) -> None:
    y = np.zeros(len(votes), dtype=int)
    for rater in RATERS.values():
        with pytest.raises(ValueError, match=message):
            rater(votes, y)
    for function in (tagger_agreement, majority, vote_distribution):
        with pytest.raises(ValueError, match=message):
            function(votes)


def test_what_does_not_fit_the_votes_is_refused() -> None:
    for rater in RATERS.values():
        with pytest.raises(ValueError, match="expected 3 labels, one for each row of votes, got 2"):
            rater(THREE, TRUTH[:2])
    with pytest.raises(ValueError, match="expected 7 columns"):
        divergence(THREE, np.full((3, 4), 1 / 4))
    with pytest.raises(ValueError, match="expected 3 rows"):
        divergence(THREE, np.full((2, 7), 1 / 7))
    with pytest.raises(ValueError, match="expected some image with a vote for one of the seven"):
        divergence(ballots({"NF": 10}), np.full((1, 7), 1 / 7))
