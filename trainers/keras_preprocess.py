"""The steps of a recipe's `preprocess`, worked out on the training images and put into the network's weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainers.fitting import TrainingError

LAYER = "preprocess"


def adapt(network: Any, steps: Sequence[str], pixels: np.ndarray) -> None:
    """Nothing comes back; the `preprocess` layer does the named steps, learnt from `pixels` uint8 (N, s, s, 1).

    "centre" takes off the mean of all pixels, "scale" divides by their standard deviation, "zca" turns the pictures so
    that their pixels are uncorrelated and of like variance while staying as near the picture as can be (Bell and
    Sejnowski 1997, doi:10.1016/S0042-6989(97)00121-1). TrainingError where the network has no such layer.
    """
    if not steps:
        return
    found = [layer for layer in network.layers if layer.name == LAYER]
    if not found:
        raise TrainingError(f"preprocess: {network.name} has no layer for {', '.join(steps)}. Leave the key out.")
    x = pixels.reshape(len(pixels), -1).astype(np.float32) / 255
    mean = x.mean(dtype=np.float64) if "centre" in steps else 0.0
    scale = x.std(dtype=np.float64) if "scale" in steps else 1.0
    matrix = zca((x - np.float32(mean)) / np.float32(scale)) if "zca" in steps else np.eye(x.shape[1])
    found[0].set_weights([np.float32(mean), np.float32(scale), matrix.astype(np.float32)])


def zca(x: np.ndarray, epsilon: float = 1e-6) -> np.ndarray:
    """The matrix, float64 (D, D), that whitens rows of `x` (N, D); `epsilon` as in Keras's ImageDataGenerator.

    Directions in which the rows do not differ, as all beyond the N-th where N < D, are left out, as there: nothing is
    known of them, and divided by a spread of next to nothing they would be all that is left of an unseen picture.
    """
    covariance = sum(part.T @ part for part in np.array_split(x.astype(np.float64), 1 + len(x) // 4096)) / len(x)
    values, vectors = np.linalg.eigh(covariance)
    known = values > values[-1] * len(values) * np.finfo(np.float64).eps
    vectors, values = vectors[:, known], values[known]
    return (vectors / (np.sqrt(values) + epsilon)) @ vectors.T
