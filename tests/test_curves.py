"""ROC and risk-coverage curves against paper and against scikit-learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics as sklearn_metrics

from fer_core.curves import risk_coverage, roc_curves
from fer_core.metrics import evaluate

LABELS = ("a", "b", "c")


def simulated(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities of a model that knows something."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    z = rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[y]
    return y, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def test_a_roc_curve_on_paper() -> None:
    p = np.array([0.9, 0.8, 0.6, 0.3])
    curve = roc_curves([0, 1, 0, 1], np.stack([p, 1 - p], axis=1), ("a", "b"))["a"]
    # the threshold falls past a (up), b (right), a (up), b (right); the area is 1/2 x 1/2 + 1/2 x 1
    np.testing.assert_allclose(curve.false_positive_rate, [0, 0, 0.5, 0.5, 1])
    np.testing.assert_allclose(curve.true_positive_rate, [0, 0.5, 0.5, 1, 1])
    assert curve.area == 0.75


def test_curves_enclose_the_areas_that_the_report_gives() -> None:
    y, p = simulated()
    curves, report = roc_curves(y, p, LABELS), evaluate(y, p, LABELS, bootstrap=0)
    assert tuple(curves) == (*LABELS, "micro", "macro")
    expected = [*report.per_class.auc, report.metrics["roc_auc_micro"].value, report.metrics["roc_auc_macro"].value]
    for (name, curve), area in zip(curves.items(), expected, strict=True):
        assert curve.area == pytest.approx(area), name
        under = sklearn_metrics.auc(curve.false_positive_rate, curve.true_positive_rate)
        assert under == pytest.approx(area, abs=2e-3 if name == "macro" else 1e-9), name  # macro is on a grid
        assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0), name
        assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1), name


def test_an_absent_label_has_an_empty_curve() -> None:
    y, p = simulated(50)
    curves = roc_curves(np.minimum(y, 1), p, LABELS)
    assert len(curves["c"].true_positive_rate) == 0 and math.isnan(curves["c"].area)
    assert curves["macro"].area == pytest.approx((curves["a"].area + curves["b"].area) / 2)
    alone = roc_curves(np.zeros(3, dtype=int), p[:3], LABELS)
    assert math.isnan(alone["macro"].area) and len(alone["macro"].false_positive_rate) == 0
    assert not math.isnan(alone["micro"].area)


def test_risk_and_coverage_on_paper() -> None:
    y = [0, 0, 1, 1]
    p = [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]
    found = risk_coverage(y, p)
    # by confidence: .9 right, .8 wrong, .7 right, .6 wrong
    np.testing.assert_allclose(found.coverage, [1 / 4, 2 / 4, 3 / 4, 1])
    np.testing.assert_allclose(found.risk, [0, 1 / 2, 1 / 3, 2 / 4])
    assert found.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidence_shares_its_error_in_any_order() -> None:
    y, p = np.array([0, 1, 0]), np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4]])
    np.testing.assert_allclose(risk_coverage(y, p).risk, [1 / 2, 1 / 2, 1 / 3])
    np.testing.assert_allclose(risk_coverage(y[::-1], p[::-1]).risk, [1 / 2, 1 / 2, 1 / 3])


def test_risk_of_all_images_is_the_error_and_less_is_risked_by_the_confident() -> None:
    y, p = simulated()
    found = risk_coverage(y, p)
    assert found.risk[-1] == pytest.approx((p.argmax(axis=1) != y).mean())
    assert found.area < found.risk[-1]


def test_curves_refuse_bare_labels() -> None:
    for curve in (lambda: roc_curves([0, 1], [0, 1], ("a", "b")), lambda: risk_coverage([0, 1], [0, 1])):
        with pytest.raises(ValueError, match=r"expected probabilities of shape \(N, K\)"):
            curve()


@given(st.integers(0, 10**6), st.integers(2, 80), st.sampled_from([2, 5, 1000]))
@settings(max_examples=40, deadline=None)
def test_a_roc_curve_is_that_of_scikit_learn(seed: int, n: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.append(rng.integers(0, 2, n), [0, 1])
    p = rng.integers(0, levels + 1, n + 2) / levels  # few levels: many images with equal scores
    curve = roc_curves(y, np.stack([1 - p, p], axis=1), ("no", "yes"))["yes"]
    alarms, found, _ = sklearn_metrics.roc_curve(y, p)
    np.testing.assert_allclose(curve.false_positive_rate, alarms, atol=1e-12)
    np.testing.assert_allclose(curve.true_positive_rate, found, atol=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 80), st.sampled_from([2, 5, 1000]), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_images_changes_no_roc_curve(seed: int, n: int, levels: int, random: Any) -> None:
    rng = np.random.default_rng(seed)
    y, weights = rng.integers(0, 3, n), rng.integers(1, levels + 1, (n, 3))  # few levels: many equal scores
    p = weights / weights.sum(axis=1, keepdims=True)
    order = np.arange(n)
    random.shuffle(order)
    other = roc_curves(y[order], p[order], LABELS)
    for name, curve in roc_curves(y, p, LABELS).items():
        np.testing.assert_array_equal(curve.false_positive_rate, other[name].false_positive_rate, name)
        np.testing.assert_array_equal(curve.true_positive_rate, other[name].true_positive_rate, name)
        assert curve.area == pytest.approx(other[name].area, nan_ok=True), name
