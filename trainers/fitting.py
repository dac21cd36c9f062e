"""What both trainers share: the words they report in, the learning rate's course, the order of the images."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainers.recipe import Recipe

CurveRow = dict[str, float]


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to change. No artifact was made or touched."""


@dataclass(frozen=True)
class Images:
    """What is learnt from or judged on: `pixels` uint8 (N, s, s, c) at the network's size, `y` int64 (N,) in 0..K-1."""

    pixels: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Run:
    """Where a run keeps its checkpoint; whom it tells: `step(done, of)` after a batch, `epoch(row)` after an epoch."""

    folder: Path
    step: Callable[[int, int], None] = lambda _done, _of: None
    epoch: Callable[[CurveRow], None] = lambda _row: None
    device: str = "auto"


@dataclass(frozen=True)
class Fitted:
    """What came out: the best epoch's weights by name, one row an epoch, wall seconds over all resumed runs."""

    weights: Mapping[str, np.ndarray]
    curves: list[CurveRow]
    seconds: float
    device: str

    @property
    def best_epoch(self) -> int:
        """The first epoch with the highest PublicTest accuracy; its weights are these."""
        return int(max(self.curves, key=lambda row: (row["public_accuracy"], -row["epoch"]))["epoch"])


def learning_rate(recipe: Recipe, epochs_done: float) -> float:
    """The learning rate after so many epochs, fractions included."""
    schedule, peak = recipe.schedule, recipe.optimizer.learning_rate
    if epochs_done < schedule.warmup_epochs:
        return peak * (epochs_done + 1e-3) / schedule.warmup_epochs
    if schedule.shape == "constant":
        return peak
    share = (epochs_done - schedule.warmup_epochs) / max(schedule.epochs - schedule.warmup_epochs, 1e-9)
    return peak * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def epoch_order(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch sees `n` images: int64 (n,), the same on every machine and after every resume."""
    return np.random.default_rng([seed, epoch]).permutation(n)


def class_weights(y: np.ndarray, classes: int, rule: str) -> np.ndarray:
    """One loss weight a class, float32 (K,): ones, or N / (K N_class) so that their mean over the images is 1."""
    if rule == "none":
        return np.ones(classes, np.float32)
    counts = np.bincount(y, minlength=classes)
    return np.asarray(len(y) / (classes * np.maximum(counts, 1)), np.float32)


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
