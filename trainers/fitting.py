"""What both trainers share: the words they report in, the learning rate's course, the order of the images."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.types import EMOTIONS, ModelSpec
from trainers.recipe import Recipe, Schedule, Stage

CurveRow = dict[str, float]


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to change. No artifact was made or touched."""


NONE = 255
"""The true label is none of the model's."""


@dataclass(frozen=True)
class Images:
    """What is learnt from or judged on: `pixels` uint8 (N, s, s, c) at the network's size, `y` int64 (N,) in 0..K-1.

    `soft` float32 (N, K), rows summing to 1: a teacher's probabilities where there is one.
    """

    pixels: np.ndarray
    y: np.ndarray
    soft: np.ndarray | None = None

    def targets(self, recipe: Recipe) -> np.ndarray:
        """What the network is to answer: float32 (N, K), one-hot labels, blended with the teacher's by its share."""
        one_hot = np.eye(len(recipe.emotions), dtype=np.float32)[self.y]
        if self.soft is None or recipe.distil is None:
            return one_hot
        share = np.float32(recipe.distil.share)
        return share * self.soft + (1 - share) * one_hot

    def __len__(self) -> int:
        return len(self.y)


def _unheard(*_news: object) -> None:
    """In place of a listener; a function by name, so that a `Run` can be sent to another process."""


@dataclass(frozen=True)
class Run:
    """Where a run keeps its checkpoint and its curves so far, and whom it tells.

    `step(done, of)` after a batch, of those of all epochs; `epoch(row)` after an epoch; `asked(done, of)` after some
    faces that a teacher answered; `said(what)` where the run is not quite the recipe's. `begin` puts initial weights
    into a freshly built network; `compile` asks for torch.compile.
    """

    folder: Path
    step: Callable[[int, int], None] = _unheard
    epoch: Callable[[CurveRow], None] = _unheard
    device: str = "auto"
    begin: Callable[[Any], None] = _unheard
    compile: bool = False
    asked: Callable[[int, int], None] = _unheard
    said: Callable[[str], None] = _unheard


@dataclass
class Pace:
    """How often a checkpoint is written: after every epoch, unless writing would take a tenth of the time or more.

    On a GPU an epoch of a large network can be over sooner than its checkpoint is written.
    """

    took: float = 0.0
    at: float = -math.inf

    def write(self, save: Callable[[], None], last: bool) -> None:
        """Nothing comes back; saved, where it is time to or the run has no more epochs."""
        began = time.monotonic()
        if not last and self.took > 0.05 and began - self.at < 10 * self.took:
            return
        save()
        self.at = time.monotonic()
        self.took = self.at - began


@dataclass(frozen=True)
class Fitted:
    """What came out: the kept epoch's weights by name, one row an epoch, wall seconds over all resumed runs.

    `best_epoch` is the epoch, from 1, that the weights are of: `kept_epoch` of the curves. `precision`, "float32"
    or "bf16", is what the run computed in, or of a resumed one its last part.
    """

    weights: Mapping[str, np.ndarray]
    curves: list[CurveRow]
    seconds: float
    device: str
    best_epoch: int
    precision: str


def kept_epoch(recipe: Recipe, rows: Sequence[CurveRow]) -> int:
    """The last of these epochs, or the first with their highest PublicTest accuracy, as the recipe's `keep` says."""
    best = max(rows, key=lambda row: (row["public_accuracy"], -row["epoch"]))
    return int((rows[-1] if recipe.schedule.keep == "last" else best)["epoch"])


@dataclass(frozen=True)
class Position:
    """Where a run stands: in which stage, counted from 0, and the curves' rows of that stage so far."""

    number: int
    stage: Stage
    rows: list[CurveRow]


def position(recipe: Recipe, curves: list[CurveRow]) -> Position | None:
    """Where the next epoch belongs; None where the run is at its end, by its epochs or by early stopping."""
    number = int(curves[-1].get("stage", 1)) - 1 if curves else 0
    rows = [row for row in curves if row.get("stage", 1) == number + 1]
    if len(rows) >= recipe.course[number].epochs or should_stop(rows, recipe.schedule.early_stopping):
        number, rows = number + 1, []
    return Position(number, recipe.course[number], rows) if number < len(recipe.course) else None


def planned_epoch(recipe: Recipe, at: Position) -> int:
    """The next epoch of the recipe's plan, from 0: what early stopping cut from stages before counts as done."""
    return sum(stage.epochs for stage in recipe.course[: at.number]) + len(at.rows)


def learning_rate(recipe: Recipe, at: Position, share_of_epoch: float = 0.0) -> float:
    """The learning rate at a position, that share of its epoch done."""
    schedule, done = recipe.schedule, len(at.rows) + share_of_epoch
    peak = at.stage.learning_rate or recipe.optimizer.learning_rate
    if done < schedule.warmup_epochs:
        return peak * (done + 1e-3) / schedule.warmup_epochs
    if schedule.shape == "constant":
        return peak
    if schedule.shape == "plateau":
        return peak * schedule.plateau_factor ** _plateaus([row["public_loss"] for row in at.rows], schedule)
    share = (done - schedule.warmup_epochs) / max(at.stage.epochs - schedule.warmup_epochs, 1e-9)
    return peak * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def _plateaus(losses: list[float], schedule: Schedule) -> int:
    """How often so many epochs in a row brought no lower loss (by 1e-4, as Keras's ReduceLROnPlateau counts)."""
    best, waited, count = math.inf, 0, 0
    for loss in losses:
        best, waited = (loss, 0) if loss < best - 1e-4 else (best, waited + 1)
        if waited >= schedule.plateau_patience:
            count, waited = count + 1, 0
    return count


def picture_size(recipe: Recipe, full: int, epoch: int) -> int:
    """The side in pixels that planned epoch `epoch`, from 0, learns from; `full` is the network's own."""
    last, first = recipe.augment.crop or full, recipe.augment.start_size
    if not first:
        return last
    grown = min(epoch / max(0.6 * recipe.schedule.epochs, 1e-9), 1.0)
    side = round((first + grown * (last - first)) / 4) * 4
    return last if grown == 1 else min(last, max(first, side))


def check_sides(spec: ModelSpec, recipe: Recipe, takes: Callable[[int], bool]) -> None:
    """Raises TrainingError where the recipe would show a network pictures of a side that it cannot take.

    `takes` tells for a side in pixels other than the spec's.
    """
    full, crop = spec.input.size, recipe.augment.crop
    if crop > full:
        raise TrainingError(f"augment.crop: expected at most {full}, the side of {spec.id}'s pictures, got {crop}.")
    sides = {picture_size(recipe, full, epoch) for epoch in range(recipe.schedule.epochs)} - {full}
    if wrong := [side for side in sorted(sides) if not takes(side)]:
        raise TrainingError(
            f"augment.crop and augment.start_size: {spec.id} takes pictures of {full} px, the recipe would show it "
            f"{wrong[0]} px, which it cannot take. Leave both out, or choose an architecture that takes any size."
        )


def mixup_alpha(recipe: Recipe, epoch: int) -> float:
    """The mixup of planned epoch `epoch`, from 0; none in the last `mixup_off` epochs."""
    off = epoch >= recipe.schedule.epochs - recipe.regularise.mixup_off
    return 0.0 if off and recipe.regularise.mixup_off else recipe.regularise.mixup


def epoch_rows(y: np.ndarray, recipe: Recipe, epoch: int) -> np.ndarray:
    """The rows that an epoch sees, in order: int64, the same on every machine and after every resume.

    Each row once; emotions that `recipe.sampling` brings to a number have more, whole rounds and then a random rest.
    """
    chance, wanted = np.random.default_rng([recipe.seed, epoch]), recipe.sampling
    rows = [np.arange(len(y))]
    for index in [recipe.emotions.index(e) for e in wanted.emotions or recipe.emotions if e in recipe.emotions]:
        own = np.flatnonzero(y == index)
        if 0 < len(own) < wanted.at_least:
            rounds, rest = divmod(wanted.at_least - len(own), len(own))
            rows += [*[own] * rounds, chance.choice(own, rest, replace=False)]
    return chance.permutation(np.concatenate(rows))


def class_weights(y: np.ndarray, recipe: Recipe) -> np.ndarray:
    """One loss weight a class, float32 (K,): ones, or N / (K N_class) so that their mean over the images is 1.

    Of the images that an epoch sees: one that repeats rare emotions would else correct for them twice.
    """
    classes = len(recipe.emotions)
    if recipe.regularise.class_weights == "none":
        return np.ones(classes, np.float32)
    counts = np.bincount(y[epoch_rows(y, recipe, 0)], minlength=classes)  # the same in every epoch
    return np.asarray(counts.sum() / (classes * np.maximum(counts, 1)), np.float32)


def should_stop(curves: list[CurveRow], patience: int) -> bool:
    """Whether the last `patience` epochs brought no better PublicTest accuracy; never where patience is 0."""
    accuracy = [row["public_accuracy"] for row in curves]
    return 0 < patience < len(accuracy) and max(accuracy[-patience:]) <= max(accuracy[:-patience])


def check_loss(row: CurveRow) -> None:
    """Nothing, where an epoch's losses are numbers; TrainingError where one is NaN or infinite."""
    for name in ("train_loss", "public_loss"):
        if not math.isfinite(row[name]):
            raise TrainingError(
                f"The {name} became {row[name]} in epoch {row['epoch']:.0f}. Lower optimizer.learning_rate or raise "
                "schedule.warmup_epochs; then start again with --restart. The previous artifact, if any, is untouched."
            )


def damaged_checkpoint(path: Path, error: Exception) -> TrainingError:
    """The error to raise where the checkpoint at `path` cannot be gone on from."""
    return TrainingError(
        f"The checkpoint {path} is damaged or another network's: {error}. Begin anew with --restart; the previous "
        "artifact, if any, is untouched."
    )


def class_indices(labels: np.ndarray, emotions: tuple[str, ...]) -> np.ndarray:
    """FER2013 labels as indices into `emotions`: uint8 (N,), `NONE` where a label is none of them."""
    table = np.array([emotions.index(e) if e in emotions else NONE for e in EMOTIONS], np.uint8)
    return table[labels]
