"""Temperature and reliability against paper, and what must hold of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fer_core.calibration import TEMPERATURES, apply_temperature, fit_temperature, reliability
from fer_core.metrics import METRICS


def softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities from logits (N, K)."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def calibrated(seed: int, n: int, k: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Truth drawn from the softmax of the logits, and these logits: a calibrated model."""
    rng = np.random.default_rng(seed)
    z = 2 * rng.normal(size=(n, k))
    y = (rng.random((n, 1)) > softmax(z).cumsum(axis=1)).sum(axis=1).clip(max=k - 1)
    return y, z


def test_temperature_on_paper() -> None:
    # every image has logits (2, 0) and three of four are the first label: the best probability is 3/4, and
    # sigmoid(2 / T) = 3/4 where 2 / T = log(3/4 / 1/4) = log 3
    assert fit_temperature([0, 0, 0, 1], np.tile([2.0, 0.0], (4, 1))) == pytest.approx(2 / math.log(3), rel=1e-4)


@pytest.mark.parametrize("wanted", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found_again(wanted: float) -> None:
    y, z = calibrated(0, 20_000)
    assert fit_temperature(y, wanted * z) == pytest.approx(wanted, rel=0.03)


def test_log_probabilities_do_as_well_as_logits() -> None:
    y, z = calibrated(1, 500)
    assert fit_temperature(y, np.log(softmax(3 * z))) == pytest.approx(fit_temperature(y, 3 * z), rel=1e-4)


@given(st.integers(0, 10**6), st.floats(0.2, 5))
@settings(max_examples=20, deadline=None)
def test_the_fitted_temperature_is_better_than_its_neighbours(seed: int, scale: float) -> None:
    y, z = calibrated(seed, 100)
    p = softmax(scale * z)
    fitted = fit_temperature(y, scale * z)
    best = METRICS["log_loss"](y, apply_temperature(p, fitted))
    for other in (1.0, fitted * 0.9, fitted * 1.1):
        assert best <= METRICS["log_loss"](y, apply_temperature(p, other)) + 1e-6


def test_the_error_by_chance_is_what_calibrated_models_read() -> None:
    found = [reliability(y, softmax(z)) for y, z in (calibrated(seed, 2000) for seed in range(40))]
    assert np.mean([one.ece for one in found]) == pytest.approx(np.mean([one.by_chance for one in found]), rel=0.06)
    assert found[0].by_chance > 0.01


def test_calibrating_mends_the_calibration_error_and_leaves_the_accuracy() -> None:
    y, z = calibrated(2, 5000)
    before = softmax(3 * z)
    after = apply_temperature(before, fit_temperature(y, 3 * z))
    assert METRICS["ece"](y, before) > 0.1
    assert METRICS["ece"](y, after) < 0.02
    assert METRICS["accuracy"](y, after) == METRICS["accuracy"](y, before)


def test_a_set_without_an_optimum_gives_an_end_of_the_range() -> None:
    right = np.tile([[0.1, 0.0], [0.0, 0.1]], (5, 1))
    y = np.arange(10) % 2
    assert fit_temperature(y, right) == pytest.approx(TEMPERATURES[0], rel=1e-3)
    assert fit_temperature(1 - y, right) == pytest.approx(TEMPERATURES[1], rel=1e-3)


def test_applying_a_temperature_on_paper() -> None:
    # T = 2 takes roots: .8 and .2 are as 4 to 1, their roots as 2 to 1; T = 1/2 squares: as 16 to 1
    np.testing.assert_allclose(apply_temperature([[0.8, 0.2]], 2.0), [[2 / 3, 1 / 3]])
    np.testing.assert_allclose(apply_temperature([[0.8, 0.2]], 0.5), [[16 / 17, 1 / 17]])
    np.testing.assert_array_equal(apply_temperature([[1.0, 0.0]], 3.0), [[1.0, 0.0]])


@given(st.integers(0, 10**6), st.floats(0.1, 10))
@settings(max_examples=40, deadline=None)
def test_temperature_keeps_the_order_and_is_what_softmax_does(seed: int, temperature: float) -> None:
    z = 3 * np.random.default_rng(seed).normal(size=(20, 7))
    p = softmax(z)
    scaled = apply_temperature(p, temperature)
    np.testing.assert_allclose(scaled, softmax(z / temperature), atol=1e-9)
    np.testing.assert_array_equal(scaled.argmax(axis=1), p.argmax(axis=1))


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature: expected a finite number above 0"):
        apply_temperature([[0.5, 0.5]], temperature)


@pytest.mark.parametrize(
    ("y", "logits", "message"),
    [
        ([0, 1], [[0.0, -np.inf], [0.0, 1.0]], "logits: expected finite values .* clip probabilities above 0"),
        ([0, 1], [0.0, 1.0], r"got shape \(2,\)"),
        ([0, 1], np.zeros((3, 2)), "expected 2 rows, one for each label in y, got 3"),
        ([0, 2], np.zeros((2, 2)), r"labels in 0\.\.1, got 0\.\.2"),
    ],
)
def test_bad_logits_are_refused(y: list[int], logits: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_temperature(y, logits)


def test_reliability_on_paper() -> None:
    y = [0, 0, 1, 1]
    p = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.55, 0.45]]
    found = reliability(y, p, bins=4)
    # bins (.25, .5] empty, (.5, .75] has .6 right and .55 wrong, (.75, 1] has .9 and .8, both right
    np.testing.assert_allclose(found.edges, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(found.counts, [0, 0, 2, 2])
    np.testing.assert_allclose(found.confidence, [np.nan, np.nan, 0.575, 0.85])
    np.testing.assert_allclose(found.accuracy, [np.nan, np.nan, 0.5, 1.0])
    assert found.ece == pytest.approx((2 * 0.075 + 2 * 0.15) / 4)


@given(st.integers(0, 10**6), st.integers(1, 200))
@settings(max_examples=30, deadline=None)
def test_the_diagram_and_the_metric_tell_the_same_error(seed: int, n: int) -> None:
    y, z = calibrated(seed, n)
    p = softmax(2 * z)
    found = reliability(y, p)
    assert found.counts.sum() == n
    assert found.ece == pytest.approx(METRICS["ece"](y, p))


def test_a_calibrated_model_lies_on_the_diagonal() -> None:
    y, z = calibrated(3, 50_000)
    found = reliability(y, softmax(z))
    filled = found.counts > 500
    assert filled.sum() >= 10
    np.testing.assert_allclose(found.accuracy[filled], found.confidence[filled], atol=0.06)


def test_no_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="bins: expected a number of bins >= 1, got 0"):
        reliability([0, 1], [[0.5, 0.5], [0.5, 0.5]], bins=0)
