"""Every metric against paper and against scikit-learn, and what must hold of any report."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics as sklearn_metrics

from fer_core import scores
from fer_core.answers import check_answers
from fer_core.bootstrap import interval, resamples
from fer_core.comparison import compare
from fer_core.metrics import METRICS, evaluate
from fer_core.types import EMOTIONS

LABELS = ("a", "b", "c")
Y = np.array([0, 0, 1, 2])
P = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.5, 0.4, 0.1]])
# answers: a (right), b (wrong), b (right), a (wrong); so truth and answer meet as follows
#   a: 1 as a, 1 as b    b: 1 as b    c: 1 as a

BY_HAND = {
    "accuracy": 2 / 4,
    # recall: a 1/2, b 1/1, c 0/1
    "balanced_accuracy": (1 / 2 + 1 + 0) / 3,
    # F1 = 2 right / (present + answered): a 2 / (2 + 2), b 2 / (1 + 2), c 0 / (1 + 0)
    "macro_f1": (1 / 2 + 2 / 3 + 0) / 3,
    "weighted_f1": (2 * 1 / 2 + 1 * 2 / 3 + 1 * 0) / 4,
    # chance: (a 2 x 2 + b 1 x 2 + c 1 x 0) / 4^2 = 3/8; (1/2 - 3/8) / (1 - 3/8)
    "cohen_kappa": 1 / 5,
    # the truth is first, second, first, third
    "top2_accuracy": 3 / 4,
    # a: .7 beats .2 and .5, .3 beats .2: 3/4. b: .5 beats .2 and .4 of three: 2/3. c: .1 ties twice of three: 1/3
    "roc_auc_macro": (3 / 4 + 2 / 3 + 1 / 3) / 3,
    # true .7 .3 .5 .1 against other .1 .1 .2 .2 .3 .4 .5 .6:
    # .7 wins 8, .3 wins 4 and ties 1, .5 wins 6 and ties 1, .1 ties 2
    "roc_auc_micro": (8 + 4.5 + 6.5 + 1) / (4 * 8),
    "log_loss": -(math.log(0.7) + math.log(0.3) + math.log(0.5) + math.log(0.1)) / 4,
    # .3^2 + .2^2 + .1^2 = .14; .49 + .36 + .01 = .86; .04 + .25 + .09 = .38; .25 + .16 + .81 = 1.22
    "brier": (0.14 + 0.86 + 0.38 + 1.22) / 4,
    # alone in their bins: .7 right, gap .3; .6 wrong, gap .6. together: .5 right and .5 wrong, gap 0
    "ece": (0.3 + 0.6 + 2 * 0.0) / 4,
}


def simulated(seed: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities of a model that knows something; some probabilities are equal, and some labels absent."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    z = np.round(rng.normal(size=(n, k)) + 1.5 * np.eye(k)[y], 1)
    return y, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def names(k: int) -> tuple[str, ...]:
    """Names for k labels."""
    return tuple(f"label {i}" for i in range(k))


cases = st.builds(simulated, st.integers(0, 10**6), st.integers(2, 60), st.integers(2, 7))


@pytest.mark.parametrize("name", METRICS)
def test_metric_is_what_paper_says(name: str) -> None:
    assert METRICS[name](Y, P) == pytest.approx(BY_HAND[name], abs=1e-12)
    assert evaluate(Y, P, LABELS, bootstrap=0).metrics[name].value == pytest.approx(BY_HAND[name], abs=1e-12)


def test_per_class_figures_are_what_paper_says() -> None:
    report = evaluate(Y, P, LABELS, bootstrap=0)
    np.testing.assert_array_equal(report.confusion, [[1, 1, 0], [0, 1, 0], [1, 0, 0]])
    np.testing.assert_allclose(report.per_class.precision, [1 / 2, 1 / 2, np.nan])
    np.testing.assert_allclose(report.per_class.recall, [1 / 2, 1, 0])
    np.testing.assert_allclose(report.per_class.f1, [1 / 2, 2 / 3, 0])
    np.testing.assert_allclose(report.per_class.auc, [3 / 4, 2 / 3, 1 / 3])
    np.testing.assert_array_equal(report.per_class.support, [2, 1, 1])


@given(cases)
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore")  # scikit-learn warns of absent labels, which are meant here
def test_agrees_with_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = case
    k, answer = p.shape[1], p.argmax(axis=1)
    options = {"labels": range(k), "zero_division": np.nan}
    theirs = {
        "accuracy": sklearn_metrics.accuracy_score(y, answer),
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(y, answer),
        "macro_f1": sklearn_metrics.f1_score(y, answer, average="macro", **options),
        "weighted_f1": sklearn_metrics.f1_score(y, answer, average="weighted", **options),
        "cohen_kappa": sklearn_metrics.cohen_kappa_score(y, answer, labels=range(k)),
        "log_loss": sklearn_metrics.log_loss(y, p, labels=range(k)),
        "brier": sklearn_metrics.brier_score_loss(np.eye(k)[y], p, scale_by_half=False),
        "roc_auc_micro": sklearn_metrics.roc_auc_score(np.eye(k)[y].ravel(), p.ravel()),
    }
    report = evaluate(y, p, names(k), bootstrap=0)
    for name, value in theirs.items():
        assert report.metrics[name].value == pytest.approx(value, nan_ok=True), name
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(y, answer, **options)
    for ours, value in zip(
        (report.per_class.precision, report.per_class.recall, report.per_class.f1, report.per_class.support),
        (precision, recall, f1, support),
        strict=True,
    ):
        np.testing.assert_allclose(ours, value)
    np.testing.assert_array_equal(report.confusion, sklearn_metrics.confusion_matrix(y, answer, labels=range(k)))


@given(cases)
@settings(max_examples=25, deadline=None)
def test_auc_agrees_with_scikit_learn_and_is_blank_without_both_kinds(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = case
    report = evaluate(y, p, names(p.shape[1]), bootstrap=0)
    for k, ours in enumerate(report.per_class.auc):
        both = 0 < (y == k).sum() < len(y)
        assert ours == pytest.approx(sklearn_metrics.roc_auc_score(y == k, p[:, k])) if both else math.isnan(ours)
    defined = report.per_class.auc[~np.isnan(report.per_class.auc)]
    expected = defined.mean() if len(defined) else math.nan
    assert report.metrics["roc_auc_macro"].value == pytest.approx(expected, nan_ok=True)


def test_top2_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(5), 300), rng.integers(0, 5, 300)
    theirs = sklearn_metrics.top_k_accuracy_score(y, p, k=2, labels=range(5))
    assert METRICS["top2_accuracy"](y, p) == pytest.approx(theirs)


@given(cases, st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_resample_scores_as_its_images_written_out_do(case: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    y, p = case
    counts = np.random.default_rng(seed).multinomial(len(y), np.full(len(y), 1 / len(y)), size=2)
    answers = check_answers(y, p, p.shape[1])
    for name, metric in METRICS.items():
        drawn = metric.resampled(answers, counts.T.astype(float))
        for value, times in zip(drawn, counts, strict=True):
            written_out = metric(np.repeat(y, times), np.repeat(p, times, axis=0))
            assert value == pytest.approx(written_out, nan_ok=True), name


def test_resamples_draw_as_many_images_as_there_are_each_as_often_as_another() -> None:
    counts = np.hstack(list(resamples(7000, 100, seed=1)))  # more than one block
    assert counts.shape == (7000, 100)
    assert (counts.sum(axis=0) == 7000).all()
    # a count is nearly Poisson(1): mean 1, variance 1, and 700,000 of them
    assert counts.var() == pytest.approx(1, abs=0.01)
    assert counts.mean(axis=1).std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(counts, np.hstack(list(resamples(7000, 100, seed=1))))
    assert not (counts == np.hstack(list(resamples(7000, 100, seed=2)))).all()


@given(cases, st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_images_changes_nothing(case: tuple[np.ndarray, np.ndarray], random: Any) -> None:
    y, p = case
    order = np.arange(len(y))
    random.shuffle(order)
    k = names(p.shape[1])
    assert evaluate(y, p, k, bootstrap=50).to_json() == evaluate(y[order], p[order], k, bootstrap=50).to_json()


@given(cases)
@settings(max_examples=25, deadline=None)
def test_an_interval_holds_its_value(case: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = case
    for name, found in evaluate(y, p, names(p.shape[1]), bootstrap=50).metrics.items():
        assert math.isnan(found.low) == math.isnan(found.high) == math.isnan(found.value), name
        assert math.isnan(found.value) or found.low <= found.value <= found.high, name


def test_a_perfect_model_is_perfect() -> None:
    y = np.arange(70) % 7
    report = evaluate(y, np.eye(7)[y], EMOTIONS, bootstrap=100)
    for name, metric in METRICS.items():
        best = 1.0 if metric.higher_is_better else 0.0
        found = report.metrics[name]
        assert (found.value, found.low, found.high) == (best, best, best), name


def test_an_even_answer_gives_the_known_values() -> None:
    y = np.arange(70) % 7
    found = {name: metric(y, np.full((70, 7), 1 / 7)) for name, metric in METRICS.items()}
    assert found["accuracy"] == pytest.approx(1 / 7)  # the first of equals is the answer, and one in seven is that
    assert found["balanced_accuracy"] == pytest.approx(1 / 7)
    assert found["macro_f1"] == pytest.approx((2 * 10 / (10 + 70)) / 7)
    assert found["cohen_kappa"] == pytest.approx(0)
    assert found["top2_accuracy"] == pytest.approx(2 / 7)
    assert found["roc_auc_macro"] == found["roc_auc_micro"] == pytest.approx(0.5)
    assert found["log_loss"] == pytest.approx(math.log(7))
    assert found["brier"] == pytest.approx(36 / 49 + 6 / 49)
    assert found["ece"] == pytest.approx(0, abs=1e-12)


def test_a_certain_mistake_costs_the_most_and_stays_finite() -> None:
    y, p = np.array([0, 1]), np.array([[0.0, 1.0], [1.0, 0.0]])
    assert METRICS["brier"](y, p) == 2
    assert METRICS["log_loss"](y, p) == pytest.approx(-math.log(scores.SMALLEST))
    assert METRICS["ece"](y, p) == 1


@given(st.integers(2, 7), st.data())
@settings(max_examples=40, deadline=None)
def test_one_certain_answer_to_everything_gives_the_known_values(k: int, data: Any) -> None:
    y = np.array(data.draw(st.lists(st.integers(0, k - 1), min_size=1, max_size=60)))
    answer = data.draw(st.integers(0, k - 1))
    found = {name: metric(y, np.eye(k)[np.full(len(y), answer)]) for name, metric in METRICS.items()}
    wrong = float((y != answer).mean())
    assert found["log_loss"] == pytest.approx(-wrong * math.log(scores.SMALLEST))  # what is right costs -log 1 = 0
    assert found["brier"] == pytest.approx(2 * wrong)  # 1 for the answer, 1 for the truth
    assert found["accuracy"] == pytest.approx(1 - wrong)
    assert found["ece"] == pytest.approx(wrong)
    if 0 < wrong < 1:
        assert found["cohen_kappa"] == pytest.approx(0)
        assert found["roc_auc_macro"] == pytest.approx(0.5)


def test_calibration_error_is_over_fifteen_bins() -> None:
    # .62 and .69 are in bins 10 and 11 of fifteen; in one bin of ten their gaps would mostly cancel
    p = np.array([[0.62, 0.38], [0.69, 0.31]])
    assert METRICS["ece"]([0, 1], p) == pytest.approx((0.38 + 0.69) / 2)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    np.testing.assert_array_equal(scores.confidence_bins(np.array([0.25, 0.26, 0.5, 0.75, 1.0]), 4), [0, 1, 1, 2, 3])


def test_the_interval_covers_the_true_accuracy_95_times_in_100() -> None:
    rng, covered = np.random.default_rng(0), 0
    for trial in range(300):
        y = rng.integers(0, 3, 200)
        answer = np.where(rng.random(200) < 0.7, y, (y + 1) % 3)
        found = evaluate(y, answer, LABELS, bootstrap=200, seed=trial).metrics["accuracy"]
        covered += found.low <= 0.7 <= found.high
    assert 0.90 <= covered / 300 <= 0.99


def test_a_calibrated_models_interval_reaches_down_to_no_calibration_error() -> None:
    rng, reached = np.random.default_rng(0), 0
    for trial in range(40):
        p = rng.dirichlet(np.ones(4), 400)
        y = np.array([rng.choice(4, p=row) for row in p])
        answers = check_answers(y, p, 4)
        drawn = np.concatenate([scores.ece(answers, counts) for counts in resamples(400, 100, trial)])
        assert np.percentile(drawn, 2.5) > 0.02  # the plain percentile interval never does: this is why it is pivotal
        reached += interval(METRICS["ece"](y, p), drawn, pivotal=METRICS["ece"].pivotal).low < 0.01
    assert reached >= 20


def test_interval_by_hand() -> None:
    drawn = np.append(np.linspace(0, 1, 41), np.nan)  # steps of 2.5 %; what is undefined is not drawn
    assert interval(0.6, drawn).low == pytest.approx(0.025)
    assert interval(0.6, drawn).high == pytest.approx(0.975)
    assert interval(0.6, drawn, pivotal=True).high == pytest.approx(2 * 0.6 - 0.025)
    assert interval(0.6, drawn, pivotal=True).low == pytest.approx(2 * 0.6 - 0.975)
    assert interval(0.4, drawn, pivotal=True).low == 0
    assert interval(1.5, drawn).high == 1.5
    assert math.isnan(interval(0.6, np.empty(0)).low)


def test_float16_probabilities_are_close_enough_and_the_input_is_left_alone() -> None:
    y, p = simulated(0, 200, 7)
    half = p.astype(np.float16)
    kept = half.copy()
    assert METRICS["log_loss"](y, half) == pytest.approx(METRICS["log_loss"](y, p), abs=1e-3)
    np.testing.assert_array_equal(half, kept)


@pytest.mark.parametrize(
    ("y", "p", "name"),
    [
        (["happy", "sad"], ["happy", "sad"], "y"),
        ([0, 1], ["happy", "sad"], "p"),
        ([0.0, math.nan], [0, 1], "y"),
        (["happy", "sad"], np.eye(2), "y"),
    ],
)
def test_labels_that_are_no_integers_are_refused_with_the_remedy(y: Any, p: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: expected integer labels, got dtype .*label_index"):
        METRICS["accuracy"](y, p)
    with pytest.raises(ValueError, match=rf"^{name}: expected integer labels"):
        compare(y, p, p)


def test_every_metric_says_what_it_is() -> None:
    for name, metric in METRICS.items():
        assert metric.description.startswith("The ") and metric.description.endswith("."), name
        assert format(0.5, metric.format) in {"50.0%", "0.500"}
