"""Inside a network: its first layer's kernels before and after training, and what each layer makes of a face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fer_core import catalog
from fer_core.predictor import BasePredictor
from fer_core.types import Float32, ModelCard

NAMED = {"keras-native": ("horizontal edges", "vertical edges", "one diagonal", "the other diagonal")}
"""The kernels that an architecture starts from by design, by its id: the first ones, in their order (the Copenhagen
project's custom kernels, `fer_core.models.keras_native.EDGE_KERNELS`)."""


@dataclass(frozen=True, eq=False)
class Kernels:
    """A first layer's K kernels before and after training, float32 (K, h, w, c) each, of an input of c channels.

    `names`: what each began as, "" where it was drawn by chance. `began`: "random" or "imagenet".
    """

    before: Float32
    after: Float32
    names: tuple[str, ...]
    began: str

    @property
    def flat(self) -> tuple[Float32, Float32]:
        """Both as they are drawn: float32 (K, h, w) each, the mean over the input's channels."""
        return self.before.mean(axis=-1), self.after.mean(axis=-1)

    @property
    def change(self) -> Float32:
        """How far each kernel moved, as a share of its length before: float32 (K,)."""
        moved, length = (np.sqrt((k**2).sum(axis=(1, 2, 3))) for k in (self.after - self.before, self.before))
        return np.asarray(moved / np.maximum(length, 1e-12), np.float32)

    @property
    def likeness(self) -> Float32:
        """The cosine between each kernel before and after, -1 to 1: float32 (K,); 0 where one of them is 0."""
        products = (self.before * self.after).sum(axis=(1, 2, 3))
        lengths = np.sqrt((self.before**2).sum(axis=(1, 2, 3)) * (self.after**2).sum(axis=(1, 2, 3)))
        return np.asarray(products / np.maximum(lengths, 1e-12), np.float32)


def kernels(card: ModelCard, trained: BasePredictor) -> Kernels:
    """The first kernels of an artifact; its training's start is made anew from architecture, seed and initial weights.

    ValueError where the network has no convolution; OSError or ImportError where ImageNet weights cannot be had.
    """
    before, after = (_first(one.weights(), one.spec.framework) for one in (catalog.initial(card), trained))
    given = NAMED.get(card.architecture, ())
    names = (*given, *("" for _ in range(len(after) - len(given))))
    return Kernels(before, after, names, "imagenet" if card.initial_weights == "imagenet" else "random")


def _first(weights: Mapping[str, np.ndarray], framework: str) -> Float32:
    """The first convolution's kernels (K, h, w, c) of weights in the network's order."""
    for array in weights.values():
        if array.ndim == 4:
            order = (3, 0, 1, 2) if framework == "keras" else (0, 2, 3, 1)
            return np.asarray(array.transpose(order), np.float32)
    raise ValueError("This network has no convolution, so there are no kernels to show.")
