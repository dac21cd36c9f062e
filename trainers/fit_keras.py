"""Training a Keras network by a recipe, with Keras 3's own fit, layers and optimizers; on any of its backends."""

from __future__ import annotations

import keras
import numpy as np

from fer_core import catalog
from fer_core.types import ModelSpec
from trainers.fitting import (
    Fitted,
    Images,
    Position,
    Run,
    check_sides,
    class_weights,
    kept_epoch,
    picture_size,
    planned_epoch,
    position,
)
from trainers.keras_batches import Batches
from trainers.keras_checkpoint import CHECKPOINT, Progress, read, restore
from trainers.keras_keeper import Keeper, device
from trainers.keras_preprocess import adapt
from trainers.keras_step import (
    Models,
    Normalise,
    SoftCrossEntropy,
    accuracy,
    freeze,
    learning_model,
    optimizer,
    show_side,
)
from trainers.precision import possible
from trainers.recipe import Recipe


def fit(spec: ModelSpec, recipe: Recipe, train: Images, val: Images, run: Run) -> Fitted:
    """The weights of the epoch that the recipe keeps; goes on from a checkpoint in `run.folder`.

    A resumed run ends with the same weights as one that was never stopped: order, augmentation and dropout of an epoch
    are drawn from the recipe's seed and the epoch's number. Raises fitting.TrainingError where the loss is no number,
    the checkpoint is damaged, or the recipe asks of the network what it cannot do.
    """
    recipe = possible(recipe, run, lambda: None if device() == "cpu" else True)
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.precision == "bf16" else "float32")
    try:
        models = _models(spec, recipe, train, run)
        progress, stored = read(run.folder / CHECKPOINT)
        _learn(models, spec, recipe, Batches(train, recipe), val, run, progress, stored)
    finally:
        keras.config.set_dtype_policy("float32")
    kept = kept_epoch(recipe, progress.curves)
    return Fitted(progress.best, progress.curves, progress.seconds, device(), kept, recipe.precision)


def _models(spec: ModelSpec, recipe: Recipe, train: Images, run: Run) -> Models:
    network = catalog.network(spec.id, len(recipe.emotions))
    check_sides(spec, recipe, lambda _side: network.input_shape[1] is None)
    run.begin(network)
    adapt(network, recipe.preprocess, train.pixels)
    average = None
    if recipe.regularise.ema:
        average = catalog.network(spec.id, len(recipe.emotions))
        average.set_weights(network.get_weights())
    pixels = keras.Input((spec.input.size, spec.input.size, spec.input.channels), dtype="uint8")
    judge = keras.Model(pixels, (average or network)(Normalise(spec.input)(pixels)))
    judge.compile(jit_compile=_jit())
    return Models(network, average, learning_model(network, spec.input, recipe), judge)


def _learn(
    models: Models, spec: ModelSpec, recipe: Recipe, batches: Batches, val: Images, run: Run, progress: Progress,
    stored: dict[str, np.ndarray],
) -> None:  # fmt: skip
    """Nothing comes back; `progress` is the finished run's. Each stage and each side of pictures has its own fit."""
    weight = class_weights(batches.images.y, recipe)
    loss = SoftCrossEntropy(weight, recipe.regularise.label_smoothing)
    keeper, stage = Keeper(models, recipe, batches, val, run, progress), -1
    while (at := position(recipe, progress.curves)) is not None:
        if at.number != stage:
            stage = at.number
            freeze(models.network, at.stage)
            models.learning.compile(optimizer(recipe.optimizer), loss=loss, metrics=[accuracy], jit_compile=_jit())
            if stored:
                restore(models, stored, run.folder / CHECKPOINT, within_stage=bool(at.rows))
                stored = {}
        begin, planned = len(progress.curves), planned_epoch(recipe, at)
        if show_side(models.learning, picture_size(recipe, spec.input.size, planned)):
            models.learning.make_train_function(force=True)
        end = begin + _alike(recipe, spec, at, planned)
        # Batches shuffles, so that a resumed epoch sees its own order
        models.learning.fit(batches, initial_epoch=begin, epochs=end, callbacks=[keeper], shuffle=False, verbose=0)


def _alike(recipe: Recipe, spec: ModelSpec, at: Position, planned: int) -> int:
    """How many epochs from the one that is `planned` belong to this stage and learn from pictures of one side."""
    left = at.stage.epochs - len(at.rows)
    sides = [picture_size(recipe, spec.input.size, planned + number) for number in range(left)]
    return next((number for number, side in enumerate(sides) if side != sides[0]), left)


def _jit() -> bool:
    """Whether Keras compiles the step: JAX needs it; TensorFlow's XLA is slower than its graphs on a CPU."""
    return bool(keras.config.backend() == "jax")
