"""What both trainers share: the learning rate, the order, class weights, when to stop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.training_cases import (
    recipe_of,
)
from trainers import fitting
from trainers.fitting import CurveRow, Fitted, TrainingError
from trainers.recipe import Recipe

pytestmark = pytest.mark.usefixtures("tiny")


def schedule(**options: Any) -> Recipe:
    return recipe_of("torch", optimizer={"learning_rate": 0.1}, schedule={"epochs": 10} | options)


def test_cosine_by_hand() -> None:
    recipe = schedule()
    assert [fitting.learning_rate(recipe, e) for e in (0, 5, 10, 12)] == pytest.approx([0.1, 0.05, 0, 0])
    assert fitting.learning_rate(recipe, 2.5) == pytest.approx(0.1 * (1 + math.sqrt(0.5)) / 2)


def test_warm_up_by_hand() -> None:
    recipe = schedule(warmup_epochs=2.0)
    assert 0 < fitting.learning_rate(recipe, 0) < 1e-3
    assert fitting.learning_rate(recipe, 1) == pytest.approx(0.05, rel=2e-3)
    assert [fitting.learning_rate(recipe, e) for e in (2, 6, 10)] == pytest.approx([0.1, 0.05, 0])


def test_constant_is_constant_after_its_warm_up() -> None:
    recipe = schedule(shape="constant", warmup_epochs=1.0)
    assert fitting.learning_rate(recipe, 0.5) == pytest.approx(0.05, rel=3e-3)
    assert [fitting.learning_rate(recipe, e) for e in (1, 5, 10)] == [0.1] * 3


def test_a_warm_up_as_long_as_the_run_divides_by_nothing() -> None:
    recipe = schedule(epochs=2, warmup_epochs=2.0)
    assert all(0 < fitting.learning_rate(recipe, e) <= 0.1 for e in (0, 1, 1.99, 2))


def test_an_epochs_order_is_a_permutation_of_its_own() -> None:
    order = fitting.epoch_order(100, seed=1, epoch=2)
    np.testing.assert_array_equal(np.sort(order), np.arange(100))
    np.testing.assert_array_equal(order, fitting.epoch_order(100, 1, 2))
    others = [fitting.epoch_order(100, seed, epoch) for seed, epoch in ((1, 3), (2, 2), (2, 1))]
    assert not any(np.array_equal(order, other) for other in others)


def test_class_weights_by_hand() -> None:
    y = np.array([0, 0, 0, 1])
    np.testing.assert_allclose(fitting.class_weights(y, 2, "inverse"), [4 / 6, 4 / 2])
    assert fitting.class_weights(y, 2, "inverse")[y].mean() == pytest.approx(1)
    np.testing.assert_array_equal(fitting.class_weights(y, 3, "none"), np.ones(3))
    assert np.isfinite(fitting.class_weights(y, 3, "inverse")).all(), "a class without images"


def curves(*accuracy: float) -> list[CurveRow]:
    return [{"epoch": n, "public_accuracy": value} for n, value in enumerate(accuracy, start=1)]


@pytest.mark.parametrize(
    ("accuracy", "patience", "stops"),
    [
        ((), 2, False),
        ((0.5,), 1, False),
        ((0.5, 0.5), 1, True),
        ((0.5, 0.4), 2, False),
        ((0.5, 0.4, 0.5), 2, True),
        ((0.5, 0.4, 0.51), 2, False),
        ((0.4, 0.5, 0.3, 0.45), 2, True),
        ((0.5, 0.4, 0.3, 0.2), 0, False),
    ],
)
def test_it_stops_when_patience_ends(accuracy: tuple[float, ...], patience: int, stops: bool) -> None:
    assert fitting.should_stop(curves(*accuracy), patience) is stops


def test_the_best_epoch_is_the_first_of_the_best() -> None:
    assert Fitted({}, curves(0.3, 0.5, 0.4, 0.5), 1.0, "cpu").best_epoch == 2


@pytest.mark.parametrize("name", ["train_loss", "public_loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_check_loss_names_loss_epoch_and_remedy(name: str, value: float) -> None:
    row: CurveRow = {"epoch": 4, "train_loss": 1.0, "public_loss": 1.0}
    fitting.check_loss(row)
    with pytest.raises(TrainingError, match=rf"{name} became {value} in epoch 4\. Lower optimizer\.learning_rate"):
        fitting.check_loss(row | {name: value})
