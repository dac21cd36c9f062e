"""The third engine behind the predictor interface: answers from the compiled export, gradients natively."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import numpy as np

from fer_core.compiled import Network
from fer_core.predictor import BasePredictor, Faces
from fer_core.types import Float32, ModelCard, ModelSpec, SaliencyMap, Target

BATCH = 16
"""Faces a forward pass. OpenVINO keeps the memory of the largest batch and the kernels of every size that it ever met:
thirteen models asked about 64 faces at once held 1.0 GB, 16 at a time 0.5 GB, for about a tenth more time."""


class CompiledPredictor(BasePredictor):
    """A compiled network behind the predictor interface.

    It answers without a deep-learning framework. Gradients and Grad-CAM need one: the native predictor of the same
    weights is loaded by the first that is asked for, and kept.
    """

    batch = BATCH
    _network: Network

    def __init__(self, spec: ModelSpec, card: ModelCard, network: Network, native: Callable[[], BasePredictor]) -> None:
        super().__init__(spec, card.labels, network, card.temperature)
        self._parameters, self._load_native = card.parameters, native
        self._native: BasePredictor | None = None
        self._loading = threading.Lock()  # not the lock of answers, which need not wait for a framework

    @property
    def precision(self) -> str:
        """What it computes in: float32, bfloat16 or int8 (see `compiled.Precision`)."""
        return self._network.precision

    @property
    def native(self) -> BasePredictor:
        """The predictor of the same weights in the network's own framework; loaded when first asked for."""
        with self._loading:
            if self._native is None:
                self._native = self._load_native()
            return self._native

    def input_gradient(self, faces: Faces, target: Target) -> Float32:
        """D logit / d network input by the native engine: float32 (N, s, s, c)."""
        return self.native.input_gradient(faces, target)

    def gradient_at(self, x: Float32, target: Target, guided: bool = False) -> Float32:
        """D logit / d x at network input x by the native engine."""
        return self.native.gradient_at(x, target, guided)

    def layer_gradient(self, faces: Faces, target: Target) -> tuple[Float32, Float32]:
        """The Grad-CAM layer's output and d logit / d that output by the native engine."""
        return self.native.layer_gradient(faces, target)

    def grad_cam(self, faces: Faces, target: Target) -> SaliencyMap:
        """Grad-CAM by the native engine."""
        return self.native.grad_cam(faces, target)

    def parameters(self) -> int:
        """How many parameters the card says that the network has."""
        return self._parameters

    def weights(self) -> dict[str, np.ndarray]:
        """Every weight by name, from the native engine."""
        return self.native.weights()

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing, where these are the weights that were compiled; ValueError for any others."""
        own = self.weights()
        self.native.load_weights(weights)  # names what does not fit
        if any(not np.array_equal(array, weights[name]) for name, array in own.items()):
            self.native.load_weights(own)
            raise ValueError("A compiled network keeps the weights it was compiled with. Load the native engine.")

    def _logits(self, x: Float32) -> Float32:
        return self._network(x)[0]

    def _gradient(self, x: Float32, weights: Float32) -> Float32:
        return self.native._gradient(x, weights)

    def _guided_gradient(self, x: Float32, weights: Float32) -> Float32:
        return self.native._guided_gradient(x, weights)

    def _activations(self, x: Float32, weights: Float32) -> tuple[Float32, Float32]:
        return self.native._activations(x, weights)

    def _layer_outputs(self, x: Float32) -> dict[str, Float32]:
        return self.native._layer_outputs(x)
