"""Training a Keras network by a recipe, with Keras 3's own fit, layers and optimizers; on any of its backends."""

from __future__ import annotations

import json
import time
import zipfile
import zlib
from typing import Any

import keras
import numpy as np
from keras import layers

from fer_core import catalog
from fer_core.preprocess import normalise
from fer_core.types import InputSpec, ModelSpec
from trainers.fitting import (
    CurveRow,
    Fitted,
    Images,
    Run,
    TrainingError,
    check_loss,
    class_weights,
    damaged_checkpoint,
    epoch_order,
    should_stop,
)
from trainers.fitting import learning_rate as rate_after
from trainers.recipe import Augment, Recipe

CHECKPOINT, BEST, PROGRESS = "last.npz", "best/", "progress"


def fit(spec: ModelSpec, recipe: Recipe, train: Images, val: Images, run: Run) -> Fitted:
    """The weights of the epoch that reads PublicTest best; goes on from a checkpoint in `run.folder`.

    A resumed run ends with the same weights as one that was never stopped. Raises fitting.TrainingError where the loss
    is no number, the checkpoint is damaged, or the recipe names what only the PyTorch trainer can do.
    """
    if recipe.regularise.ema:
        raise TrainingError("regularise.ema: the Keras trainer keeps no moving average yet. Set it to 0.")
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.precision == "bf16" else "float32")
    try:
        network = catalog.network(spec.id, len(recipe.emotions))
        model = _training_model(network, spec.input, recipe)
        batches = Batches(train, recipe)
        keeper = _Keeper(network, batches, recipe, run)
        keeper.resume(model)
        if keeper.epochs_left:
            _fit(model, batches, val, keeper, recipe)
    finally:
        keras.config.set_dtype_policy("float32")
    return Fitted(keeper.best, keeper.curves, keeper.seconds, _device())


def _fit(model: keras.Model, batches: Batches, val: Images, keeper: _Keeper, recipe: Recipe) -> None:
    weight = class_weights(batches.images.y, len(recipe.emotions), recipe.regularise.class_weights)
    model.fit(
        batches,
        validation_data=(val.pixels.astype(np.float32), _one_hot(val.y, len(recipe.emotions))),
        validation_batch_size=256,
        initial_epoch=len(keeper.curves),
        epochs=recipe.schedule.epochs,
        callbacks=[keeper],
        class_weight=dict(enumerate(weight.tolist())),
        shuffle=False,  # Batches shuffles, so that a resumed epoch sees its own order
        verbose=0,
    )


def _training_model(network: keras.Model, spec: InputSpec, recipe: Recipe) -> keras.Model:
    """Pixels 0..255 to logits: augmentation, the value range, the network; compiled."""
    pixels = keras.Input((spec.size, spec.size, spec.channels))
    x: Any = pixels
    for layer in augmentation(recipe.augment):
        x = layer(x)
    model = keras.Model(pixels, network(Normalise(spec)(x)))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.regularise.label_smoothing)
    model.compile(optimizer=_optimizer(recipe), loss=loss, metrics=["accuracy"], jit_compile=False)
    return model


@keras.saving.register_keras_serializable("seven_faces")
class Normalise(layers.Layer):
    """Pixels in 0..255 brought to the network's value range, as predictors do it."""

    def __init__(self, spec: InputSpec, **options: Any) -> None:
        super().__init__(**options)
        self.spec = spec

    def call(self, x: Any) -> Any:
        """The normalised tensor, of x's shape."""
        return normalise(x, self.spec)


def augmentation(options: Augment) -> list[layers.Layer]:
    """Keras's layers for a recipe's [augment], active in training only."""
    low, high = options.scale
    light = {"value_range": (0, 255)}
    contrast, erase = options.contrast, options.erase  # given twice, as Keras would halve a single number's range
    candidates: list[tuple[Any, Any]] = [
        (options.flip, lambda: layers.RandomFlip("horizontal")),
        (options.rotate_degrees, lambda: layers.RandomRotation(options.rotate_degrees / 360, fill_mode="nearest")),
        # Keras zooms out for positive factors; a recipe's scale is the face's, so its reciprocal less one
        (options.scale != (1.0, 1.0), lambda: layers.RandomZoom((1 / high - 1, 1 / low - 1), fill_mode="nearest")),
        (options.shift, lambda: layers.RandomTranslation(options.shift, options.shift, fill_mode="nearest")),
        (options.brightness, lambda: layers.RandomBrightness(options.brightness, **light)),
        (contrast, lambda: layers.RandomContrast((contrast, contrast), **light)),
        (erase, lambda: layers.RandomErasing((erase, erase), scale=(0.02, 0.2), fill_value=127.0, **light)),
    ]
    return [make() for wanted, make in candidates if wanted]


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    options = recipe.optimizer
    if options.name == "adamw":
        return keras.optimizers.AdamW(options.learning_rate, weight_decay=options.weight_decay)
    if options.weight_decay:
        raise TrainingError("optimizer.weight_decay: Keras's SGD has no L2 in the gradient. Use adamw, or set it to 0.")
    return keras.optimizers.SGD(options.learning_rate, momentum=options.momentum, nesterov=options.nesterov)


class Batches(keras.utils.PyDataset):
    """The training images in the order of `fitting.epoch_order`, as (pixels float32 0..255, labels one-hot) batches."""

    def __init__(self, images: Images, recipe: Recipe) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.images, self.recipe = images, recipe
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Nothing comes back; the batches are now those of this epoch."""
        self.epoch = epoch
        self.order = epoch_order(len(self.images), self.recipe.seed, epoch)

    def __len__(self) -> int:
        return -(-len(self.images) // self.recipe.schedule.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        size, alpha = self.recipe.schedule.batch_size, self.recipe.regularise.mixup
        rows = self.order[number * size : (number + 1) * size]
        x = self.images.pixels[rows].astype(np.float32)
        y = _one_hot(self.images.y[rows], len(self.recipe.emotions))
        if not alpha:
            return x, y
        chance = np.random.default_rng([self.recipe.seed, self.epoch, number])
        share, other = np.float32(chance.beta(alpha, alpha)), chance.permutation(len(rows))
        return share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]


class _Keeper(keras.callbacks.Callback):
    """Sets the learning rate, keeps curves, checkpoint and best weights, tells the run's listeners."""

    def __init__(self, network: keras.Model, batches: Batches, recipe: Recipe, run: Run) -> None:
        super().__init__()
        self._network, self._batches, self._recipe, self._run = network, batches, recipe, run
        self.curves: list[CurveRow] = []
        self.best: dict[str, np.ndarray] = {}
        self.seconds, self._began = 0.0, time.monotonic()

    @property
    def epochs_left(self) -> bool:
        """Whether there is anything left to train."""
        schedule = self._recipe.schedule
        return len(self.curves) < schedule.epochs and not should_stop(self.curves, schedule.early_stopping)

    def resume(self, model: keras.Model) -> None:
        """Nothing comes back; model, optimizer and curves are as the checkpoint left them, if there is one."""
        path = self._run.folder / CHECKPOINT
        if not path.is_file():
            return
        model.optimizer.build(model.trainable_variables)
        try:
            with np.load(path, allow_pickle=False) as content:
                for name, variable in _state(model).items():
                    variable.assign(content[name])
                self.best = {v.path: content[BEST + v.path] for v in self._network.weights}
                progress = json.loads(str(content[PROGRESS]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise damaged_checkpoint(path, error) from error
        self.curves, self.seconds = progress["curves"], progress["seconds"]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Draws this epoch's order, augmentation and dropout from the seed and the epoch's number alone."""
        self._began = time.monotonic()
        self._batches.begin(epoch)
        states = (v for v in self.model.variables if v.name == "seed_generator_state")
        for number, state in enumerate(states):  # one seed for all would tie each rotation to its zoom and flip
            drawn = np.random.default_rng([self._recipe.seed, epoch, number]).integers(2**31)
            state.assign(np.array([drawn, 0]))

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Sets the learning rate of this step."""
        epochs_done = len(self.curves) + batch / len(self._batches)
        self.model.optimizer.learning_rate = rate_after(self._recipe, epochs_done)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tells the listener."""
        self._run.step(batch + 1, len(self._batches))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the curve's row, the best weights and the checkpoint."""
        self.seconds += time.monotonic() - self._began
        best = max((row["public_accuracy"] for row in self.curves), default=-1.0)
        self.curves.append(
            {
                "epoch": epoch + 1,
                "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
                "train_loss": float(logs["loss"]),
                "train_accuracy": float(logs["accuracy"]),
                "public_loss": float(logs["val_loss"]),
                "public_accuracy": float(logs["val_accuracy"]),
                "seconds": round(self.seconds, 2),
            }
        )
        check_loss(self.curves[-1])
        if self.curves[-1]["public_accuracy"] > best:
            self.best = {v.path: np.array(keras.ops.convert_to_numpy(v)) for v in self._network.weights}
        self._save()
        self._run.epoch(self.curves[-1])
        self.model.stop_training = not self.epochs_left

    def _save(self) -> None:
        """Writes the checkpoint beside its place, then renames it, so that a kill harms nothing.

        As npz and not as Keras's h5: on a full disk HDF5 ends the process with a segmentation fault.
        """
        content: dict[str, Any] = {name: keras.ops.convert_to_numpy(v) for name, v in _state(self.model).items()}
        content |= {BEST + name: array for name, array in self.best.items()}
        content[PROGRESS] = np.array(json.dumps({"curves": self.curves, "seconds": self.seconds}))
        self._run.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._run.folder / f"unfinished-{CHECKPOINT}"
        np.savez(unfinished, **content)
        unfinished.replace(self._run.folder / CHECKPOINT)


def _state(model: keras.Model) -> dict[str, Any]:
    """What a resumed run needs of the model and its built optimizer: every variable by a name of its own."""
    return {f"state/{number}": v for number, v in enumerate([*model.weights, *model.optimizer.variables])}


def _one_hot(y: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[y]


def _device() -> str:
    return next((d for d in keras.distribution.list_devices() if "gpu" in d.lower() or "cuda" in d.lower()), "cpu")
