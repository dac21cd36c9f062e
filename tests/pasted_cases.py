"""Faces like FER2013's that detection finds, from the photo that every machine has, and a model without a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import skimage.data
from PIL import Image

from fer_core.datasets import Dataset, content_sha256
from fer_core.predictor import BasePredictor
from fer_core.types import Float32, InputSpec, ModelSpec, Uint8

SPEC = ModelSpec("brightness", "Brightness", "torch", "nowhere:build", InputSpec(48, 1), 0, "none", "a test")


class Brightness(BasePredictor):
    """Says happy of bright faces and sad of dark ones."""

    def __init__(self, labels: tuple[str, ...] = ("happy", "sad")) -> None:
        super().__init__(SPEC, labels, None)

    def _logits(self, x: Float32) -> Float32:
        middle = x[:, 12:36, 12:36].mean(axis=(1, 2, 3)) - 0.5
        return np.stack([middle, -middle], axis=1).astype(np.float32)

    def parameters(self) -> int:
        return 0

    def weights(self) -> dict[str, np.ndarray]:
        return {}

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        raise NotImplementedError

    def _gradient(self, x: Float32, weights: np.ndarray) -> Float32:
        raise NotImplementedError

    def _activations(self, x: Float32, weights: np.ndarray) -> tuple[Float32, Float32]:
        raise NotImplementedError


def astronauts(n: int, seed: int = 0) -> Uint8:
    """The astronaut's face n times, uint8 (n, 48, 48), framed a little differently each time; every other one dark."""
    photo, chance = Image.fromarray(skimage.data.astronaut()).convert("L"), np.random.default_rng(seed)
    faces = []
    for i in range(n):
        x, y, half = 225 + chance.normal(0, 4), 119 + chance.normal(0, 4), 52 + chance.normal(0, 4)
        face = photo.resize((48, 48), Image.Resampling.BILINEAR, (x - half, y - half, x + half, y + half))
        faces.append(np.asarray(face) * (0.45 if i % 2 else 1.0))
    return np.round(faces).astype(np.uint8)


def noise(n: int) -> Uint8:
    """Pictures without a face, uint8 (n, 48, 48)."""
    return np.random.default_rng(1).integers(0, 256, (n, 48, 48), dtype=np.uint8)


def dataset(training: int, public: int) -> Dataset:
    """A FER2013 of astronauts: bright ones happy (3), dark ones sad (4); one PublicTest picture is noise and angry."""
    faces = np.concatenate([astronauts(training), astronauts(public - 1, seed=1), noise(1)])
    labels = np.concatenate([np.tile([3, 4], training)[:training], np.tile([3, 4], public)[: public - 1], [0]])
    splits = np.repeat([0, 1], [training, public]).astype(np.uint8)
    labels = labels.astype(np.uint8)
    ids = np.arange(len(faces), dtype=np.int32)
    return Dataset(faces, labels, splits, ids, None, content_sha256(faces, labels, splits), "astronauts")
