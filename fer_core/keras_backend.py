"""The predictor's three steps in Keras 3, on whichever of its backends this process runs.

`keras.Model.predict` costs some 50 ms a call and is not thread-safe, so each backend calls the network in its own
compiled form: `keras_tensorflow_backend`, `keras_jax_backend`, `keras_torch_backend`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow loads: that no GPU is here is no error

import keras
import numpy as np

from fer_core.keras_weights import named_weights
from fer_core.predictor import BasePredictor, check_weights
from fer_core.tapped_keras_backend import leaves, tapped
from fer_core.types import Float32, ModelSpec

BACKENDS = ("tensorflow", "jax", "torch")


class KerasPredictor(BasePredictor):
    """A `keras.Model` behind the predictor interface."""

    _network: keras.Model

    def __init__(
        self, spec: ModelSpec, labels: tuple[str, ...], network: keras.Model, temperature: float | None = None
    ) -> None:
        super().__init__(spec, labels, network, temperature)
        self._steps = _backend().Steps(network, spec)

    def parameters(self) -> int:
        """How many parameters the network has, BatchNorm's running statistics included, as Keras counts."""
        return int(self._network.count_params())

    def weights(self) -> dict[str, np.ndarray]:
        """Every variable of the network by network, layer and variable."""
        return {name: keras.ops.convert_to_numpy(v) for name, v in named_weights(self._network).items()}

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing comes back; the network has these weights. ValueError where they are another network's."""
        variables = named_weights(self._network)
        check_weights(weights, {name: tuple(v.shape) for name, v in variables.items()})
        with self._lock:
            for name, variable in variables.items():
                variable.assign(np.asarray(weights[name], np.float32))

    def _logits(self, x: Float32) -> Float32:
        return np.asarray(self._steps.logits(x))

    @property
    def guided(self) -> bool:
        """Whether network and Keras's backend allow guided backpropagation."""
        return self.spec.rectified and hasattr(self._steps, "guided")

    def _gradient(self, x: Float32, weights: Float32) -> Float32:
        return np.asarray(self._steps.gradient(x, weights))

    def _guided_gradient(self, x: Float32, weights: Float32) -> Float32:
        return np.asarray(self._steps.guided(x, weights))

    def _activations(self, x: Float32, weights: Float32) -> tuple[Float32, Float32]:
        activations, gradients = self._steps.activations(x, weights)
        return np.asarray(activations), np.asarray(gradients)

    def _layer_outputs(self, x: Float32) -> dict[str, Float32]:
        with ExitStack() as taps:
            heard = {name: taps.enter_context(tapped(layer)) for name, layer in leaves(self._network)}
            self._network(x, training=False)
        placed = {name: outputs[-1] for name, outputs in heard.items() if outputs and len(outputs[-1].shape) == 4}
        return {name: np.asarray(keras.ops.convert_to_numpy(out)[0], np.float32) for name, out in placed.items()}


def make(spec: ModelSpec, labels: tuple[str, ...], network: keras.Model, temperature: float | None) -> BasePredictor:
    """The predictor of a built network."""
    return KerasPredictor(spec, labels, network, temperature)


def seed(value: int) -> None:
    """Nothing comes back; networks built from now on are those of this seed."""
    keras.utils.set_random_seed(value)


def _backend() -> Any:
    name = keras.config.backend()
    if name not in BACKENDS:
        raise RuntimeError(f"KERAS_BACKEND: expected one of {', '.join(BACKENDS)}, this process runs {name!r}.")
    return importlib.import_module(f"fer_core.keras_{name}_backend")
