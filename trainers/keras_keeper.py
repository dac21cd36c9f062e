"""What watches over a Keras fit: learning rate, moving average, judging, curves, checkpoint."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

from fer_core import artifacts
from fer_core.keras_weights import named_weights
from trainers.fitting import (
    CurveRow,
    Images,
    Pace,
    Run,
    check_loss,
    kept_epoch,
    learning_rate,
    planned_epoch,
    position,
)
from trainers.keras_average import follow, started
from trainers.keras_batches import Batches
from trainers.keras_checkpoint import CHECKPOINT, Progress, save
from trainers.keras_step import Models
from trainers.recipe import Recipe
from trainers.run_notes import DEVICES, PRECISIONS, note


class Keeper(keras.callbacks.Callback):
    """Sets learning rates, moves the average, keeps curves, checkpoint and best weights, tells the run's listeners."""

    def __init__(
        self, models: Models, recipe: Recipe, batches: Batches, val: Images, run: Run, progress: Progress
    ) -> None:
        super().__init__()
        self._models, self._recipe, self._batches, self._val = models, recipe, batches, val
        self._run, self._progress, self._began = run, progress, time.monotonic()
        self._average: list[Any] = []
        self._pace = Pace()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Draws this epoch's order, augmentation and dropout from the seed and the epoch's number alone."""
        self._began = time.monotonic()
        at = position(self._recipe, self._progress.curves)
        if at is None:
            raise RuntimeError("Expected an epoch that belongs to a stage; the run was at its end.")
        self._at = at
        self._batches.begin(planned_epoch(self._recipe, at))
        average = self._models.average
        self._average = [] if average is None else started(average)
        states = (v for v in self.model.variables if v.name == "seed_generator_state")
        for number, state in enumerate(states):  # one seed for all would tie each rotation to its zoom and flip
            drawn = np.random.default_rng([self._recipe.seed, epoch, number]).integers(2**31)
            state.assign(np.array([drawn, 0]))

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Sets the learning rate of this step."""
        _synchronise(self.model)
        self.model.optimizer.learning_rate = learning_rate(self._recipe, self._at, batch / len(self._batches))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Moves the average and tells the listener."""
        self._progress.steps += 1
        if self._models.average is not None:
            _synchronise(self.model)
            steps = self._progress.steps
            decay = min(self._recipe.regularise.ema, (1 + steps) / (10 + steps))
            self._average = follow(self._average, self._models.network, decay)
        before, of = len(self._progress.curves) * len(self._batches), self._recipe.schedule.epochs * len(self._batches)
        self._run.step(before + batch + 1, of)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the curve's row, the weights to keep and the checkpoint."""
        _synchronise(self.model)
        if self._models.average is not None:
            self._models.average.set_weights([np.asarray(array) for array in self._average])
        curves, progress = self._progress.curves, self._progress
        row: CurveRow = {
            "epoch": epoch + 1,
            "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            "train_loss": float(logs["loss"]),
            "train_accuracy": float(logs["accuracy"]),
        }
        row |= {"stage": self._at.number + 1} if self._recipe.stages else {}
        row |= judge(self._models.judge, self._val)
        progress.seconds += time.monotonic() - self._began
        check_loss(row)
        curves.append(row | {"seconds": round(progress.seconds, 2)})
        if kept_epoch(self._recipe, curves) == row["epoch"]:
            named = named_weights(self._models.kept)
            progress.best = {name: np.array(keras.ops.convert_to_numpy(v), np.float32) for name, v in named.items()}
        after, file = position(self._recipe, curves), self._run.folder / CHECKPOINT
        self._pace.write(lambda: save(self._models, progress, file), last=after is None)
        note(self._run.folder / DEVICES, device())
        note(self._run.folder / PRECISIONS, self._recipe.precision)
        artifacts.save_curves(self._run.folder, curves)
        self._run.epoch(curves[-1])
        self.model.stop_training = after is None or after.number != self._at.number


def judge(model: keras.Model, val: Images) -> CurveRow:
    """PublicTest's loss in nats and accuracy, 0..1."""
    logits = np.asarray(model.predict(val.pixels, batch_size=256, verbose=0), np.float64)
    highest = logits.max(axis=1)
    losses = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest - logits[np.arange(len(val)), val.y]
    return {"public_loss": float(losses.mean()), "public_accuracy": float((logits.argmax(axis=1) == val.y).mean())}


def device() -> str:
    """What the network was trained on: "cpu", or the chip by the name that the backend knows it by."""
    here = getattr(keras.ops.convert_to_tensor(0.0), "device", "cpu")
    place = str(here)
    if "cpu" in place.lower():
        return "cpu"
    if keras.config.backend() != "torch" or not place.startswith("cuda"):
        # JAX's devices know it, TensorFlow's are strings, and Apple's GPU has no name in PyTorch
        return str(getattr(here, "device_kind", place))
    import torch  # loaded already; it alone can tell the chip's name

    return torch.cuda.get_device_name()


def _synchronise(model: keras.Model) -> None:
    """Nothing comes back; under JAX, where a fit's state lives outside the model, the model has it."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
