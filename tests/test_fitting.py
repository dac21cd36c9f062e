"""What both trainers share: the learning rate, the order, class weights, when to stop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fer_core.catalog import CATALOG
from tests.training_cases import (
    recipe_of,
)
from trainers import fitting, recipe as recipes
from trainers.fitting import CurveRow, TrainingError
from trainers.recipe import Augment, Recipe

pytestmark = pytest.mark.usefixtures("tiny")


def schedule(**options: Any) -> Recipe:
    return recipe_of("torch", optimizer={"learning_rate": 0.1}, schedule={"epochs": 10} | options)


def rate(recipe: Recipe, epochs_done: float, losses: tuple[float, ...] = ()) -> float:
    """The learning rate after so many epochs of the first stage; `losses` are PublicTest's so far."""
    rows = [{"epoch": n + 1, "public_loss": losses[n] if losses else 1.0} for n in range(int(epochs_done))]
    at = fitting.Position(0, recipe.course[0], rows)
    return fitting.learning_rate(recipe, at, epochs_done - int(epochs_done))


def test_cosine_by_hand() -> None:
    recipe = schedule()
    assert [rate(recipe, e) for e in (0, 5, 10, 12)] == pytest.approx([0.1, 0.05, 0, 0])
    assert rate(recipe, 2.5) == pytest.approx(0.1 * (1 + math.sqrt(0.5)) / 2)


def test_warm_up_by_hand() -> None:
    recipe = schedule(warmup_epochs=2.0)
    assert 0 < rate(recipe, 0) < 1e-3
    assert rate(recipe, 1) == pytest.approx(0.05, rel=2e-3)
    assert [rate(recipe, e) for e in (2, 6, 10)] == pytest.approx([0.1, 0.05, 0])


def test_constant_is_constant_after_its_warm_up() -> None:
    recipe = schedule(shape="constant", warmup_epochs=1.0)
    assert rate(recipe, 0.5) == pytest.approx(0.05, rel=3e-3)
    assert [rate(recipe, e) for e in (1, 5, 10)] == [0.1] * 3


def test_a_warm_up_as_long_as_the_run_divides_by_nothing() -> None:
    recipe = schedule(epochs=2, warmup_epochs=2.0)
    assert all(0 < rate(recipe, e) <= 0.1 for e in (0, 1, 1.99, 2))


def test_a_plateau_lowers_the_rate_each_time_patience_ends() -> None:
    recipe = schedule(shape="plateau", plateau_patience=2, plateau_factor=0.5)
    falls = (1.0, 0.9, 0.8, 0.7)
    assert rate(recipe, 4, falls) == 0.1
    assert rate(recipe, 3, (1.0, 1.0, 1.1)) == pytest.approx(0.05)
    assert rate(recipe, 4, (1.0, 1.0, 0.5, 0.6)) == 0.1, "one epoch without a better loss is borne"
    assert rate(recipe, 5, (1.0,) * 5) == pytest.approx(0.025)


def staged(**options: Any) -> Recipe:
    stages = [{"epochs": 2, "train": "head", "learning_rate": 0.5}, {"epochs": 3}]
    return recipe_of("torch", optimizer={"learning_rate": 0.1}, schedule={"epochs": 5} | options, stages=stages)


def rows(*accuracy: float, stage: int = 1) -> list[CurveRow]:
    return [{"epoch": n, "stage": stage, "public_accuracy": a, "public_loss": 1.0} for n, a in enumerate(accuracy, 1)]


def test_stages_follow_one_another() -> None:
    recipe = staged()
    numbers = []
    curves: list[CurveRow] = []
    while (at := fitting.position(recipe, curves)) is not None:
        numbers.append((at.number, len(at.rows), at.stage.train))
        curves += [{"epoch": len(curves) + 1, "stage": at.number + 1, "public_accuracy": 0.1 * len(curves)}]
    assert numbers == [(0, 0, "head"), (0, 1, "head"), (1, 0, "all"), (1, 1, "all"), (1, 2, "all")]


def test_each_stage_has_its_own_rate_and_course() -> None:
    recipe = staged()
    first, second = fitting.position(recipe, []), fitting.position(recipe, rows(0.1, 0.2))
    assert first is not None and second is not None
    assert fitting.learning_rate(recipe, first) == 0.5, "the stage's own"
    assert fitting.learning_rate(recipe, first, 0.9999999 * 2) == pytest.approx(0, abs=1e-6), "falls over the stage"
    assert fitting.learning_rate(recipe, second) == 0.1, "the optimizer's, from its beginning"


def test_early_stopping_ends_a_stage_and_the_last_one_the_run() -> None:
    recipe = staged(early_stopping=1)
    at = fitting.position(recipe, rows(0.5, 0.4))
    assert at is not None and at.number == 1
    assert fitting.position(recipe, rows(0.5, 0.4) + rows(0.6, 0.5, stage=2)) is None


def test_stages_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="the sum of the stages' epochs"):
        staged(epochs=7)


def test_pictures_grow_to_their_crop_and_stay() -> None:
    recipe = schedule().model_copy(update={"augment": Augment(crop=44, start_size=28)})
    sizes = [fitting.picture_size(recipe, 48, epoch) for epoch in range(10)]
    assert sizes[0] == 28 and sizes[6:] == [44] * 4
    assert sizes == sorted(sizes) and all(size % 4 == 0 for size in sizes)
    assert {fitting.picture_size(schedule(), 48, epoch) for epoch in range(10)} == {48}


def test_pictures_whose_sides_are_no_fours_grow_to_their_full_side_too() -> None:
    def sizes(crop: int, start: int) -> list[int]:
        recipe = schedule().model_copy(update={"augment": Augment(crop=crop, start_size=start)})
        return [fitting.picture_size(recipe, 48, epoch) for epoch in range(10)]

    grown = sizes(42, 28)
    assert grown[0] == 28 and grown[6:] == [42] * 4 and grown == sorted(grown)
    assert sizes(42, 42) == [42] * 10
    assert min(sizes(45, 30)) >= 30 and sizes(45, 30)[-1] == 45


def test_the_shipped_recipes_grow_by_fours() -> None:
    for id in recipes.available():
        recipe = recipes.load(id)[1]
        if isinstance(recipe, Recipe) and (first := recipe.augment.start_size):
            full, n = CATALOG[recipe.architecture].input.size, recipe.schedule.epochs
            last = recipe.augment.crop or full
            share = [min(epoch / (0.6 * n), 1) for epoch in range(n)]
            by_fours = [round((first + one * (last - first)) / 4) * 4 for one in share]
            assert [fitting.picture_size(recipe, full, epoch) for epoch in range(n)] == by_fours, id


def test_mixup_ends_before_the_last_epochs() -> None:
    recipe = recipe_of("torch", schedule={"epochs": 4}, regularise={"mixup": 0.4, "mixup_off": 1})
    assert [fitting.mixup_alpha(recipe, epoch) for epoch in range(4)] == [0.4, 0.4, 0.4, 0]
    always = recipe_of("torch", schedule={"epochs": 4}, regularise={"mixup": 0.4})
    assert [fitting.mixup_alpha(always, epoch) for epoch in range(4)] == [0.4] * 4


def test_an_epochs_order_is_a_permutation_of_its_own() -> None:
    y, recipe = np.zeros(100, int), schedule()
    order = fitting.epoch_rows(y, recipe, 2)
    np.testing.assert_array_equal(np.sort(order), np.arange(100))
    np.testing.assert_array_equal(order, fitting.epoch_rows(y, recipe, 2))
    other_seed = recipe.model_copy(update={"seed": 1})
    others = [fitting.epoch_rows(y, *which) for which in ((recipe, 3), (other_seed, 2), (other_seed, 1))]
    assert not any(np.array_equal(order, other) for other in others)


def test_rare_emotions_are_repeated_until_there_are_enough() -> None:
    y = np.array([0] * 50 + [1] * 7 + [2] * 3)
    recipe = recipe_of("torch", sampling={"at_least": 20})
    seen = fitting.epoch_rows(y, recipe, 0)
    assert np.bincount(y[seen]).tolist() == [50, 20, 20]
    times = np.bincount(seen, minlength=60)
    assert times[:50].tolist() == [1] * 50 and set(times[50:57]) == {2, 3} and set(times[57:]) == {6, 7}
    only = recipe_of("torch", sampling={"at_least": 20, "emotions": ["disgust"]})
    assert np.bincount(y[fitting.epoch_rows(y, only, 0)]).tolist() == [50, 20, 3]


def test_a_teachers_share_of_the_targets() -> None:
    soft = np.full((2, 7), 1 / 7, np.float32)
    images = fitting.Images(np.zeros((2, 1, 1, 1), np.uint8), np.array([0, 3]), soft)
    plain, taught = recipe_of("torch"), recipe_of("torch", distil={"teacher": "x", "share": 0.25})
    np.testing.assert_array_equal(images.targets(plain), np.eye(7)[[0, 3]])
    np.testing.assert_allclose(images.targets(taught), 0.25 / 7 + 0.75 * np.eye(7)[[0, 3]], rtol=1e-6)


def test_class_weights_by_hand() -> None:
    y, inverse = np.repeat(np.arange(7), [3, 1, 2, 2, 2, 2, 2]), {"class_weights": "inverse"}
    found = fitting.class_weights(y, recipe_of("torch", regularise=inverse))
    np.testing.assert_allclose(found, [14 / 21, 14 / 7, *[14 / 14] * 5])
    assert found[y].mean() == pytest.approx(1)
    np.testing.assert_array_equal(fitting.class_weights(y, recipe_of("torch")), np.ones(7))
    without = fitting.class_weights(y[y != 1], recipe_of("torch", regularise=inverse))
    assert np.isfinite(without).all(), "a class without images"


@pytest.mark.parametrize(("rare", "expected"), [((), np.ones(7)), (("disgust",), [16 / 21, 16 / 21, *[16 / 14] * 5])])
def test_class_weights_count_what_an_epoch_repeats(rare: tuple[str, ...], expected: np.ndarray) -> None:
    y, sampling = np.repeat(np.arange(7), [3, 1, 2, 2, 2, 2, 2]), {"at_least": 3, "emotions": rare}
    recipe = recipe_of("torch", regularise={"class_weights": "inverse"}, sampling=sampling)
    np.testing.assert_allclose(fitting.class_weights(y, recipe), expected, rtol=1e-6)


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


@pytest.mark.parametrize(("keep", "epoch"), [(None, 2), ("last", 4)])
def test_the_kept_epoch_is_the_first_of_the_best_or_the_last(keep: str | None, epoch: int) -> None:
    recipe = recipe_of("torch", schedule={"epochs": 4, "keep": keep})
    assert fitting.kept_epoch(recipe, curves(0.3, 0.5, 0.4, 0.5)) == epoch


@pytest.mark.parametrize("name", ["train_loss", "public_loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_check_loss_names_loss_epoch_and_remedy(name: str, value: float) -> None:
    row: CurveRow = {"epoch": 4, "train_loss": 1.0, "public_loss": 1.0}
    fitting.check_loss(row)
    with pytest.raises(TrainingError, match=rf"{name} became {value} in epoch 4\. Lower optimizer\.learning_rate"):
        fitting.check_loss(row | {name: value})


def test_a_checkpoint_is_left_out_where_writing_would_take_a_tenth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = [0.0], []
    monkeypatch.setattr(fitting.time, "monotonic", lambda: now[0])

    def epoch(pace: fitting.Pace, seconds: float, cost: float, last: bool = False) -> None:
        def save() -> None:
            now[0] += cost
            written.append(now[0])

        now[0] += seconds
        pace.write(save, last)

    dear, cheap = fitting.Pace(), fitting.Pace()
    for _ in range(10):
        epoch(dear, 1.0, 0.5)
    assert written == [1.5, 7.0], "the first epoch, then not before ten times 0.5 s have gone by"
    epoch(dear, 1.0, 0.5, last=True)
    assert len(written) == 3, "and always the last"
    for _ in range(10):
        epoch(cheap, 0.1, 0.04)
    assert len(written) == 13, "a checkpoint of no weight after every epoch"
