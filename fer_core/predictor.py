"""The one interface that every model stands behind, and all that does not depend on a framework.

A backend (`keras_backend`, `torch_backend`) adds three small steps: logits, the gradient of a sum of them at the input,
and activations with gradients at a layer. Everything else, once, here.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from PIL import Image

from fer_core.preprocess import check_faces, network_input
from fer_core.types import Float32, ModelSpec, SaliencyMap, Target, Uint8, label_index

BATCH = 64
"""Faces a forward pass: large enough to keep two cores busy, small enough for a laptop's memory."""

Faces = Uint8 | Sequence[Uint8]


class Predictor(Protocol):
    """What a page, a command or a test may ask of any model; see `BasePredictor` for what each member means."""

    spec: ModelSpec
    labels: tuple[str, ...]

    def predict_proba(self, faces: Faces) -> Float32:
        """Probabilities: float32 (N, K)."""

    def input_gradient(self, faces: Faces, target: Target) -> Float32:
        """D logit / d network input: float32 (N, s, s, c)."""

    def grad_cam(self, faces: Faces, target: Target) -> SaliencyMap:
        """Grad-CAM maps of the target."""


class BasePredictor(ABC):
    """A network with its preprocessing, label order, lock and calibration.

    Safe to call from several threads at once; never changes what it is given; answers the same, up to float32 rounding,
    whatever the batch. Faces are uint8 RGB (N, H, W, 3) or a list of (H, W, 3) of any sizes, N >= 0; anything else is a
    ValueError that says what was expected and what came.
    """

    batch = BATCH
    """Faces that go through the network at once."""

    def __init__(
        self, spec: ModelSpec, labels: tuple[str, ...], network: Any, temperature: float | None = None
    ) -> None:
        self.spec = spec
        self.labels = labels
        self.temperature = temperature
        self._network = network
        self._lock = threading.Lock()

    def predict_logits(self, faces: Faces) -> Float32:
        """The network's raw answers: float32 (N, K), columns in `labels` order, before temperature and softmax."""
        return self._batched(self._logits, faces, (len(self.labels),))

    def predict_proba(self, faces: Faces) -> Float32:
        """Probabilities: float32 (N, K), rows sum to 1, columns in `labels` order; calibrated where the model is."""
        return softmax(self.predict_logits(faces) / np.float32(self.temperature or 1.0))

    @property
    def parts(self) -> tuple[BasePredictor, ...]:
        """The predictors whose networks answer gradients for this one: itself, unless it is made of others."""
        return (self,)

    def to(self, device: str) -> None:  # noqa: B027 what all but PyTorch do
        """Nothing comes back; a PyTorch network computes on that device from now, named as PyTorch does.

        All others keep the one that their framework found when it was loaded.
        """

    @property
    def guided(self) -> bool:
        """Whether guided backpropagation can be had of it."""
        return self.spec.rectified

    def input_gradient(self, faces: Faces, target: Target) -> Float32:
        """D logit / d network input for `target`: float32 (N, s, s, c), logits a unit of input."""
        weights, shape = self.target_weights(target), self.spec.input
        return self._batched(lambda x: self._gradient(x, weights), faces, (shape.size, shape.size, shape.channels))

    def gradient_at(self, x: Float32, target: Target, guided: bool = False) -> Float32:
        """D logit / d x at network input x, float32 (N, s, s, c) as x; guided as Springenberg et al. 2015, if asked."""
        weights = self.target_weights(target)
        if guided and not self.guided:
            raise ValueError(
                f"{self.spec.id!r} does not allow guided backpropagation, which is defined for ReLU alone."
            )
        step = self._guided_gradient if guided else self._gradient
        results = [np.empty((0, *x.shape[1:]), np.float32)]
        for start in range(0, len(x), self.batch):
            with self._lock:
                results.append(np.asarray(step(x[start : start + self.batch], weights), np.float32))
        return np.concatenate(results)

    def layer_gradient(self, faces: Faces, target: Target) -> tuple[Float32, Float32]:
        """The Grad-CAM layer's output and d logit / d that output for `target`, both float32 (N, h, w, C)."""
        weights, checked = self.target_weights(target), check_faces(faces)
        if not len(checked):
            return np.empty((0, 1, 1, 1), np.float32), np.empty((0, 1, 1, 1), np.float32)
        found = []
        for start in range(0, len(checked), self.batch):
            x = network_input(checked[start : start + self.batch], self.spec.input)
            with self._lock:
                found.append(self._activations(x, weights))
        activations, gradients = zip(*found, strict=True)
        return np.concatenate(activations), np.concatenate(gradients)

    def grad_cam(self, faces: Faces, target: Target) -> SaliencyMap:
        """Grad-CAM of `target` at the specification's layer (Selvaraju et al. 2017, arXiv:1610.02391).

        Maps have the faces' own height and width where these came as one array, the network's size where as a list.
        """
        weights = self.target_weights(target)
        size = faces.shape[1:3] if isinstance(faces, np.ndarray) else (self.spec.input.size,) * 2
        raw = self._batched(lambda x: self._weighted(*self._activations(x, weights), size), faces, size)
        return scaled(raw)

    def _weighted(self, activations: Float32, gradients: Float32, size: tuple[int, int]) -> Float32:
        importance = gradients.mean(axis=(1, 2), keepdims=True)
        maps = np.maximum((activations * importance).sum(axis=-1), 0)
        return np.stack([placed(m, self.spec.grad_cam_border, size) for m in maps])

    def _batched(self, step: Callable[[Float32], Float32], faces: Faces, shape: tuple[int, ...]) -> Float32:
        checked = check_faces(faces)
        results = [np.empty((0, *shape), np.float32)]
        for start in range(0, len(checked), self.batch):
            x = network_input(checked[start : start + self.batch], self.spec.input)
            with self._lock:
                results.append(np.asarray(step(x), np.float32))
        return np.concatenate(results)

    def layer_outputs(self, face: Uint8) -> dict[str, Float32]:
        """What every layer that keeps places makes of a face uint8 (H, W, 3): float32 (h, w, C) by its name, in order.

        TypeError where several networks answer.
        """
        part, *others = self.parts
        if others:
            raise TypeError(f"{self.spec.id!r} is made of several networks; ask one of them.")
        if part is not self:
            return part.layer_outputs(face)
        x = network_input(check_faces([face]), self.spec.input)
        with self._lock:
            return self._layer_outputs(x)

    def target_weights(self, target: Target) -> Float32:
        """What each logit counts in the target, float32 (K,): 1 for an emotion, for a pair 1 and -1, otherwise 0."""
        emotions = (target,) if isinstance(target, str) else tuple(target)
        if not 1 <= len(emotions) <= 2:
            raise ValueError(f"Expected as target an emotion or two of them, got {target!r}.")
        weights = np.zeros(len(self.labels), np.float32)
        for emotion, weight in zip(emotions, (1, -1), strict=False):
            weights[label_index(emotion, self.labels)] += weight
        return weights

    @abstractmethod
    def parameters(self) -> int:
        """How many parameters the network has, non-trainable ones included."""

    @abstractmethod
    def weights(self) -> dict[str, np.ndarray]:
        """Every weight and running statistic by name, as in the artifact's safetensors file."""

    @abstractmethod
    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing comes back; the network has these weights. ValueError naming the first that does not fit."""

    @abstractmethod
    def _logits(self, x: Float32) -> Float32:
        """Logits (N, K) of network input (N, s, s, c)."""

    @abstractmethod
    def _gradient(self, x: Float32, weights: Float32) -> Float32:
        """D (logits @ weights) / d x, of x's shape."""

    def _layer_outputs(self, x: Float32) -> dict[str, Float32]:
        """Every layer's output of one network input that has places, (h, w, C) by name."""
        raise TypeError(f"{type(self).__name__} has no layers.")

    def _guided_gradient(self, x: Float32, weights: Float32) -> Float32:
        """The same with guided backpropagation: what a ReLU hands back is held at 0 or above."""
        raise TypeError(f"{type(self).__name__} has no guided backpropagation.")

    @abstractmethod
    def _activations(self, x: Float32, weights: Float32) -> tuple[Float32, Float32]:
        """The Grad-CAM layer's output and d (logits @ weights) / d that output, both (N, h, w, C)."""


def scaled(raw: Float32) -> SaliencyMap:
    """Maps (N, H, W) each divided by its maximum, what is below 0 left out; all 0 where a map has no number above 0.

    A map with a NaN or an infinity in it is all 0 too, its maximum NaN.
    """
    unsound = ~np.isfinite(raw).all(axis=(1, 2), keepdims=True)
    known = np.where(unsound, 0, raw)
    maxima = known.max(axis=(1, 2), initial=0.0, keepdims=True)
    values = np.clip(known / np.where(maxima > 0, maxima, 1), 0, 1)
    maxima = np.where(unsound, np.nan, maxima)[:, 0, 0]
    return SaliencyMap(np.asarray(values, np.float32), np.asarray(maxima, np.float32), np.asarray(raw, np.float32))


def softmax(logits: Float32) -> Float32:
    """Rows of probabilities: float32 (N, K), each summing to 1; computed in float64 against rounding."""
    shifted = logits.astype(np.float64)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)


def check_weights(weights: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Nothing, where names and shapes are the network's; ValueError naming what is missing, surplus or misshapen."""
    if missing := sorted(shapes.keys() - weights.keys()):
        raise ValueError(
            f"The weights lack {missing[0]!r} ({len(missing)} missing in all): made for another architecture?"
        )
    if surplus := sorted(weights.keys() - shapes.keys()):
        raise ValueError(f"The weights have {surplus[0]!r}, unknown to the network ({len(surplus)} surplus in all).")
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            raise ValueError(f"Weight {name!r}: the network expects shape {shape}, the file has {weights[name].shape}.")


def placed(cells: Float32, border: int, size: tuple[int, int]) -> Float32:
    """A layer's cells float32 (h, w) where in the face they look, brought to `size`: a border of so many is empty.

    Convolutions that do not pad lose cells at the edges; drawn from edge to edge the rest would stand too far out.
    Cells that are all alike stay so.
    """
    alike = float(np.ptp(cells)) == 0
    return resized(np.pad(cells, border, mode="edge" if alike else "constant"), size)


def resized(values: Float32, size: tuple[int, int], how: Image.Resampling = Image.Resampling.BILINEAR) -> Float32:
    """A map float32 (h, w) brought to `size`, height and width: bilinear, antialiased where it shrinks."""
    height, width = size
    return np.asarray(Image.fromarray(np.asarray(values, np.float32)).resize((width, height), how))
