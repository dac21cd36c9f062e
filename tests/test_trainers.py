"""What both trainers promise: they learn, end clearly, and a stopped run ends as one that nobody stopped."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_core import artifacts, catalog
from tests.training_cases import (
    FRAMEWORKS,
    STEPS,
    Killed,
    Straight,
    assert_same,
    differ,
    everything,
    fit,
    killer,
    recipe_of,
)
from trainers import fitting, precision
from trainers.fitting import CurveRow, Fitted, Images, TrainingError
from trainers.recipe import Recipe

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module", params=FRAMEWORKS)
def straight(request: pytest.FixtureRequest, tiny: object, lessons, tmp_path_factory) -> Straight:
    recipe, folder = everything(request.param), tmp_path_factory.mktemp("straight")
    steps: list[tuple[int, int]] = []
    rows: list[CurveRow] = []
    fitted = fit(recipe, lessons, folder, step=lambda done, of: steps.append((done, of)), epoch=rows.append)
    return Straight(recipe, fitted, folder, steps, rows)


@pytest.fixture(scope="module")
def after_one_epoch(straight: Straight, lessons, tmp_path_factory) -> Path:
    """The folder that the same run leaves when it is killed after its first epoch."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.raises(Killed):
        fit(straight.recipe, lessons, folder, epoch=killer(1))
    return folder


@pytest.fixture
def killed(after_one_epoch: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return Path(shutil.copytree(after_one_epoch, tmp_path / "killed"))


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_run_writes_its_curves_as_it_goes(epochs: int, straight, after_one_epoch) -> None:
    folder = after_one_epoch if epochs == 1 else straight.folder
    with (folder / artifacts.CURVES).open(newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == epochs and not list(folder.glob(".staging*"))
    for row, told in zip(rows, straight.rows, strict=False):
        seconds = {"seconds": row["seconds"]}
        assert row == pytest.approx(told | seconds, abs=1e-4)


def test_a_run_killed_between_epochs_ends_as_one_that_nobody_stopped(straight, killed, lessons) -> None:
    rows: list[CurveRow] = []
    assert_same(fit(straight.recipe, lessons, killed, epoch=rows.append), straight.fitted)
    assert [row["epoch"] for row in rows] == [2, 3], "finished epochs are not run again"


def test_a_run_killed_in_mid_epoch_ends_as_one_that_nobody_stopped(straight, killed, lessons) -> None:
    with pytest.raises(Killed):
        fit(straight.recipe, lessons, killed, step=killer(STEPS // 2))
    assert_same(fit(straight.recipe, lessons, killed), straight.fitted)


def test_a_finished_run_is_not_run_again(straight, lessons) -> None:
    again = fit(straight.recipe, lessons, straight.folder, step=killer(1))
    assert_same(again, straight.fitted, tolerance=0)
    assert again.seconds == straight.fitted.seconds > 0


def test_a_full_disk_stops_the_run_and_costs_no_finished_epoch(straight, killed, lessons, full_disk) -> None:
    (checkpoint,) = killed.glob("last.*")
    before = checkpoint.read_bytes()
    with full_disk(len(before) // 3), pytest.raises(OSError, match="File too large"):
        fit(straight.recipe, lessons, killed)
    assert checkpoint.read_bytes() == before


def test_a_damaged_checkpoint_is_named_with_the_remedy(straight, killed, lessons) -> None:
    (checkpoint,) = killed.glob("last.*")
    checkpoint.write_bytes(checkpoint.read_bytes()[:3000])
    with pytest.raises(TrainingError, match=rf"checkpoint {checkpoint} is damaged.*--restart"):
        fit(straight.recipe, lessons, killed)


def test_a_checkpoint_cut_off_anywhere_is_named_with_the_remedy(straight, killed, lessons) -> None:
    (checkpoint,) = killed.glob("last.*")
    whole = checkpoint.read_bytes()
    for size in range(0, len(whole), len(whole) // 12):
        checkpoint.write_bytes(whole[:size])
        with pytest.raises(TrainingError, match="is damaged"):
            fit(straight.recipe, lessons, killed)


def test_another_networks_checkpoint_is_refused(straight, killed, lessons) -> None:
    fewer = straight.recipe.model_copy(update={"labels": "four"})
    train, val = (Images(part.pixels, part.y % 4) for part in lessons)
    with pytest.raises(TrainingError, match="another network's"):
        fit(fewer, (train, val), killed)


def test_another_seed_is_another_run(straight, lessons, tmp_path) -> None:
    other = fit(straight.recipe.model_copy(update={"seed": 8}), lessons, tmp_path)
    assert differ(other, straight.fitted)


def test_steps_and_epochs_are_told(straight) -> None:
    assert straight.steps == [(n, 3 * STEPS) for n in range(1, 3 * STEPS + 1)]
    assert straight.rows == straight.fitted.curves
    assert [row["epoch"] for row in straight.rows] == [1, 2, 3]
    for number, row in enumerate(straight.rows):
        at = fitting.Position(0, straight.recipe.course[0], straight.rows[:number])
        last_step = fitting.learning_rate(straight.recipe, at, 1 - 1 / STEPS)
        assert row["learning_rate"] == pytest.approx(last_step, rel=1e-5)
    seconds = [row["seconds"] for row in straight.rows]
    assert seconds == sorted(seconds) and seconds[-1] == pytest.approx(straight.fitted.seconds, abs=0.01)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_it_learns(framework: str, lessons, tmp_path) -> None:
    fitted = fit(recipe_of(framework, schedule={"epochs": 8}), lessons, tmp_path)
    first, last = fitted.curves[0], fitted.curves[-1]
    assert last["train_loss"] < first["train_loss"] / 2 and last["public_loss"] < first["public_loss"]
    assert last["train_accuracy"] > 0.8 and last["public_accuracy"] > 0.7, "chance is 0.14"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_stage_that_was_stopped_early_does_not_put_off_what_the_last_epochs_do(
    framework: str, lessons, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(fitting, "should_stop", lambda rows, patience: [row["stage"] for row in rows] == [1])
    seen: list[int] = []
    mixup_alpha = fitting.mixup_alpha

    def spy(recipe: Recipe, epoch: int) -> float:
        seen.append(epoch)
        return mixup_alpha(recipe, epoch)

    for module in ("trainers.fit_torch", "trainers.keras_batches"):
        monkeypatch.setattr(f"{module}.mixup_alpha", spy)
    recipe = recipe_of(
        framework,
        schedule={"epochs": 5, "early_stopping": 1},
        regularise={"mixup": 0.2, "mixup_off": 1},
        stages=[{"epochs": 3, "train": "head"}, {"epochs": 2}],
    )
    assert len(fit(recipe, lessons, tmp_path).curves) == 3
    assert [*dict.fromkeys(seen)] == [0, 3, 4], "what early stopping cut from the first stage counts as done"


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("keep", [None, "last"])
def test_early_stopping_keeps_the_epoch_that_the_recipe_asks_for(
    framework: str, keep: str | None, lessons, tmp_path
) -> None:
    train, val = lessons
    schedule = {"epochs": 40, "early_stopping": 3, "keep": keep}
    recipe = recipe_of(framework, optimizer={"learning_rate": 0.002}, schedule=schedule)
    faces = np.repeat(val.pixels, 3, axis=-1)
    ignorant = catalog.untrained(recipe.architecture, seed=recipe.seed).predict_proba(faces)
    misled = Images(val.pixels, ignorant.argmax(axis=1))  # the more it learns, the worse it does on these
    fitted = fit(recipe, (train, misled), tmp_path)
    assert len(fitted.curves) < 40
    assert fitting.should_stop(fitted.curves, 3) and not fitting.should_stop(fitted.curves[:-1], 3)
    accuracy = [row["public_accuracy"] for row in fitted.curves]
    assert 1 + accuracy.index(max(accuracy)) == len(accuracy) - 3
    assert fitted.best_epoch == (len(accuracy) if keep == "last" else len(accuracy) - 3)
    assert accuracy[-1] < max(accuracy), accuracy
    predictor = catalog.untrained(recipe.architecture)
    predictor.load_weights(fitted.weights)
    answers = predictor.predict_proba(faces)
    assert (answers.argmax(axis=1) == misled.y).mean() == pytest.approx(accuracy[fitted.best_epoch - 1]), (
        "the weights are that epoch's"
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(
    "table",
    [
        {"regularise": {"mixup": 0.4}},
        {"regularise": {"label_smoothing": 0.2}},
        {"augment": {"erase": 0.5}},
        {"optimizer": {"name": "adamw", "learning_rate": 0.003, "weight_decay": 0.1}},
        {"optimizer": {"nesterov": True}},
        {"precision": "bf16"},
    ],
    ids=lambda table: next(iter(table.values())) if "precision" in table else "-".join(next(iter(table.values()))),
)
def test_each_word_of_a_recipe_changes_the_outcome(
    framework: str, table, lessons, plain, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    fitted = fit(recipe_of(framework, schedule={"epochs": 1}, **table), lessons, tmp_path)
    assert all(np.isfinite(array).all() for array in fitted.weights.values())
    assert {array.dtype for array in fitted.weights.values()} == {np.dtype(np.float32)}
    assert any(not np.array_equal(array, plain[framework].weights[name]) for name, array in fitted.weights.items())


@pytest.fixture(scope="module")
def plain(tiny: object, lessons, tmp_path_factory) -> dict[str, Fitted]:
    """One epoch of each framework with no options."""
    recipes = {framework: recipe_of(framework, schedule={"epochs": 1}) for framework in FRAMEWORKS}
    return {name: fit(recipe, lessons, tmp_path_factory.mktemp("plain")) for name, recipe in recipes.items()}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_class_weights_help_the_rare_class(framework: str, lessons, tmp_path) -> None:
    train, _ = lessons
    rare = np.flatnonzero((train.y != 1) | (np.cumsum(train.y == 1) == 1))  # one image of disgust, eight of the others
    few = Images(train.pixels[rare], train.y[rare])
    recall = {}
    for rule in ("none", "inverse"):
        recipe = recipe_of(framework, schedule={"epochs": 2}, regularise={"class_weights": rule})
        fitted = fit(recipe, (few, train), tmp_path / rule)
        predictor = catalog.untrained(recipe.architecture)
        predictor.load_weights(fitted.weights)
        recall[rule] = predictor.predict_proba(np.repeat(train.pixels[train.y == 1], 3, axis=-1))[:, 1].mean()
    assert recall["inverse"] > recall["none"] + 0.02


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("batch_size", [16, 56], ids=["within an epoch", "in its last step"])
def test_a_loss_that_is_no_number_ends_the_run(framework: str, batch_size: int, lessons, tmp_path) -> None:
    recipe = recipe_of(framework, optimizer={"learning_rate": 1e30}, schedule={"epochs": 1, "batch_size": batch_size})
    with pytest.raises(TrainingError, match=r"_loss became (nan|inf) in epoch 1\. Lower optimizer\.learning_rate"):
        fit(recipe, lessons, tmp_path)
