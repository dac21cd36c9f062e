"""The MoodMirror project's two networks: a plain one, and one of residual separable convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def basic(classes: int = 7) -> keras.Model:
    """The network: float32 (N, 48, 48, 1) in [0, 1] to logits (N, classes); 3,710,087 parameters with seven classes."""
    stack: list[layers.Layer] = [keras.Input((48, 48, 1))]
    for number, (filters, dropout) in enumerate(((32, 0.1), (64, 0.1), (256, 0.1), (512, 0.2)), 1):
        stack += [
            layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{number}_conv"),
            layers.MaxPooling2D(name=f"block{number}_pool"),
            layers.Dropout(dropout, name=f"block{number}_dropout"),
        ]
    stack += [
        layers.Flatten(name="flatten"),
        layers.Dense(512, activation="relu", name="hidden"),
        layers.Dense(classes, dtype="float32", name="logits"),
    ]
    return keras.Sequential(stack, name="moodmirror_basic")


def _separable(x: Any, filters: int, name: str) -> Any:
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    return layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)


def advanced(classes: int = 7, dropout: float = 0.5) -> keras.Model:
    """The network: float32 (N, s, s, 1) in [0, 1] to logits (N, classes).

    Chollet's small Xception (Deep Learning with Python, 2nd edition, 2021, pp. 283-285), which the project names as its
    model; the augmentation that stands before it there is the recipe's here.
    """
    inputs = keras.Input((None, None, 1))
    x = layers.Conv2D(32, 5, use_bias=False, name="stem_conv")(inputs)
    for number, filters in enumerate((32, 64, 128, 256, 512), 1):
        name = f"block{number}"
        shortcut = layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False, name=f"{name}_shortcut")(x)
        x = _separable(_separable(x, filters, f"{name}_1"), filters, f"{name}_2")
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    x = layers.Identity(name="features")(x)
    x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    x = layers.Dropout(dropout, name="head_dropout")(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x), name="moodmirror_advanced")
