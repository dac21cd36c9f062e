"""One optimizer step in Keras, on any backend: what the model that learns is made of, and which weights learn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from fer_core.preprocess import normalise
from fer_core.types import InputSpec
from trainers.fitting import TrainingError
from trainers.keras_augment import Affine, augmentation
from trainers.recipe import Optimizer, Recipe, Stage

BOUNDARY = "features"
"""The layer whose output the head reads; a network without it has its last layer with weights for a head."""


@dataclass(frozen=True)
class Models:
    """One network's uses: it learns inside `learning`, `average` follows it, `judge` asks the one that is kept."""

    network: keras.Model
    average: keras.Model | None
    learning: keras.Model
    judge: keras.Model

    @property
    def kept(self) -> keras.Model:
        """The network whose weights are judged and kept."""
        return self.network if self.average is None else self.average


class Normalise(layers.Layer):
    """Pixels in 0..255 brought to the network's value range, as predictors do it."""

    def __init__(self, spec: InputSpec, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.spec = spec

    def call(self, x: Any) -> Any:
        """The normalised tensor, of x's shape."""
        return normalise(ops.cast(x, "float32"), self.spec)


class Blend(layers.Layer):
    """Mixup's pictures: each blended with its partner of the batch (Zhang et al. 2018, arXiv:1710.09412)."""

    def call(self, inputs: list[Any]) -> Any:
        """`share` x + (1 - `share`) x[`partner`], of x's shape; inputs x, partner int32 (N,), share float32 (N,)."""
        x, partner, share = inputs
        share = ops.cast(ops.reshape(share, (-1, 1, 1, 1)), x.dtype)
        return share * x + (1 - share) * ops.take(x, partner, axis=0)


class SoftCrossEntropy(keras.losses.Loss):
    """Cross entropy in nats with targets that are probabilities, one weight a class, and label smoothing.

    Keras's own takes a sample's weight from its likeliest class, which is wrong for mixed or taught targets. `y_true`
    is float32 (N, K + 1): the targets and, last, the label itself, of mixed images that of the larger
    share, which the loss leaves alone.
    """

    def __init__(self, weight: Any, smoothing: float) -> None:
        super().__init__(name="loss")
        self.weight, self.smoothing = weight, smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each image, (N,)."""
        classes = y_pred.shape[-1]
        targets = (1 - self.smoothing) * y_true[:, :classes] + self.smoothing / classes
        return -ops.sum(ops.convert_to_tensor(self.weight) * targets * ops.log_softmax(y_pred, axis=-1), axis=-1)


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the likeliest class is the label, float32 (N,)."""
    return ops.cast(ops.equal(ops.argmax(y_pred, axis=-1), ops.cast(y_true[:, -1], "int64")), "float32")


def learning_model(network: keras.Model, spec: InputSpec, recipe: Recipe) -> keras.Model:
    """Pixels 0..255, partners and shares to logits: augmentation, mixup, the value range, the network; not compiled."""
    pixels = keras.Input((spec.size, spec.size, spec.channels), dtype="uint8", name="pixels")
    partner = keras.Input((), dtype="int32", name="partner")
    share = keras.Input((), dtype="float32", name="share")
    x: Any = layers.Rescaling(1.0, dtype="float32")(pixels)
    for layer in augmentation(recipe.augment, spec.size):
        x = layer(x)
    x = Blend(dtype="float32")([x, partner, share]) if recipe.regularise.mixup else x
    inputs = {"pixels": pixels, "partner": partner, "share": share}
    return keras.Model(inputs, network(Normalise(spec)(x)))


def show_side(model: keras.Model, side: int) -> bool:
    """Whether the side of the pictures that the model learns from had to be changed, so that it must be traced anew."""
    changed = [layer for layer in model.layers if isinstance(layer, Affine) and layer.side != side]
    for layer in changed:
        layer.side = side
    return bool(changed)


def optimizer(options: Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer that a recipe names; learning rates are set step by step."""
    momentum = {"momentum": options.momentum}
    kinds: dict[str, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
        "sgd": (keras.optimizers.SGD, momentum | {"nesterov": options.nesterov}),
        "adam": (keras.optimizers.Adam, {"epsilon": 1e-8}),
        "adamw": (keras.optimizers.AdamW, {"epsilon": 1e-8, "weight_decay": options.weight_decay}),
        "nadam": (keras.optimizers.Nadam, {"epsilon": 1e-8}),
        "rmsprop": (keras.optimizers.RMSprop, momentum | {"rho": 0.9, "epsilon": 1e-8}),
    }
    kind, extra = kinds[options.name]
    if options.weight_decay and options.name != "adamw":
        kind = _with_l2(kind, options.weight_decay)
    return kind(learning_rate=options.learning_rate, **extra)


def _with_l2(kind: type[keras.optimizers.Optimizer], decay: float) -> type[keras.optimizers.Optimizer]:
    """That optimizer with L2 in the gradient, as PyTorch's; Keras's `weight_decay` is decoupled for all of them."""

    class WithL2(kind):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient + decay * ops.cast(variable, gradient.dtype), variable, learning_rate)

    return WithL2


def freeze(network: keras.Model, stage: Stage) -> None:
    """Nothing comes back; only the layers that a stage trains are trainable, and frozen BatchNorms infer.

    The backbone ends at layer `BOUNDARY`; layers are all of its layers, with weights or not, as Keras counts them;
    blocks are told by the layers' names. TrainingError where these name none.
    """
    names = [layer.name for layer in network.layers]
    with_weights = [number for number, layer in enumerate(network.layers) if layer.weights]
    end = names.index(BOUNDARY) if BOUNDARY in names else with_weights[-1]
    first = {"all": 0, "head": end, "layers": max(end - stage.count, 0)}.get(stage.train)
    if first is None:
        first = _first_of_blocks(names[:end], stage.count)
    for number, layer in enumerate(network.layers):
        layer.trainable = number >= first


def _first_of_blocks(names: list[str], count: int) -> int:
    """Where the last `count` blocks begin; what stands between two named blocks is the former's."""
    found = [re.match(r"(block|conv)_?\d+(?![\dd])", name) for name in names]
    blocks = list(dict.fromkeys(match.group() for match in found if match))
    if not blocks:
        raise TrainingError("stages: this network's layers name no blocks. Expected train = 'layers', 'head' or 'all'.")
    if not count:
        return len(names)
    first = blocks[max(len(blocks) - count, 0)]
    return next(number for number, match in enumerate(found) if match and match.group() == first)
