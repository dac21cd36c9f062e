"""The Copenhagen project's native Keras network: four convolutions whose first kernels begin as edge detectors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

EDGE_KERNELS = np.array(
    [
        [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],  # horizontal
        [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],  # vertical
        [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],  # one diagonal
        [[2, 1, 0], [1, 0, -1], [0, -1, -2]],  # the other
    ],
    np.float32,
)
"""(4, 3, 3): the kernels that the first convolution starts from; they train on like all others."""


@keras.saving.register_keras_serializable("seven_faces")
class EdgeKernels(keras.initializers.Initializer):
    """The edge detectors for the first filters, Glorot uniform for the rest."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """A kernel (3, 3, 1, filters) with the edge detectors first."""
        edges = np.moveaxis(EDGE_KERNELS, 0, -1)[:, :, None, :]
        rest_shape = (*shape[:3], shape[3] - edges.shape[3])
        rest = keras.initializers.GlorotUniform(seed=self.seed)(rest_shape, dtype=dtype)
        return keras.ops.concatenate([keras.ops.convert_to_tensor(edges, dtype=dtype), rest], axis=-1)

    def get_config(self) -> dict[str, int | None]:
        """The arguments that make an equal initializer."""
        return {"seed": self.seed}


def build(classes: int = 7) -> keras.Model:
    """The network: float32 (N, 48, 48, 1) in [0, 1] to logits (N, classes); 232,803 parameters with seven classes."""
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Conv2D(6, 3, activation="relu", kernel_initializer=EdgeKernels(), name="conv_1"),
            layers.Conv2D(128, 3, activation="relu", name="conv_2"),
            layers.MaxPooling2D(name="pool_2"),
            layers.Conv2D(64, 3, activation="relu", name="conv_3"),
            layers.MaxPooling2D(name="pool_3"),
            layers.Conv2D(32, 3, activation="relu", name="conv_4"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="dense_1"),
            layers.Dense(32, activation="relu", name="dense_2"),
            layers.Dense(classes, dtype="float32", name="logits"),
        ],
        name="keras_native",
    )
