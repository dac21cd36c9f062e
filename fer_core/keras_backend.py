"""The predictor's three steps in Keras 3 on TensorFlow.

`keras.Model.predict` costs some 50 ms a call and is not thread-safe, so the network is called inside one `tf.function`
with an open batch axis, traced once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow loads: that no GPU is here is no error

import keras
import numpy as np
import tensorflow as tf

from fer_core.predictor import BasePredictor, check_weights
from fer_core.types import Float32, ModelSpec


class KerasPredictor(BasePredictor):
    """A `keras.Model` behind the predictor interface."""

    _network: keras.Model

    def __init__(
        self, spec: ModelSpec, labels: tuple[str, ...], network: keras.Model, temperature: float | None = None
    ) -> None:
        if keras.config.backend() != "tensorflow":
            raise RuntimeError(
                f"Predictions through Keras need its TensorFlow backend, this process runs {keras.config.backend()!r}. "
                "Unset KERAS_BACKEND, or set it to tensorflow, and start again."
            )
        super().__init__(spec, labels, network, temperature)
        side, channels = spec.input.size, spec.input.channels
        signature = [tf.TensorSpec((None, side, side, channels), tf.float32)]
        self._forward = tf.function(lambda x: network(x, training=False), input_signature=signature)
        target = [*signature, tf.TensorSpec((), tf.int32)]
        self._backward = tf.function(self._input_gradient, input_signature=target)
        self._at_layer = tf.function(self._layer_gradient, input_signature=target)

    def parameters(self) -> int:
        """How many parameters the network has, BatchNorm's running statistics included, as Keras counts."""
        return int(self._network.count_params())

    def weights(self) -> dict[str, np.ndarray]:
        """Every variable of the network by its Keras path."""
        return {v.path: np.asarray(v.numpy()) for v in self._network.weights}

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Nothing comes back; the network has these weights. ValueError where they are another network's."""
        check_weights(weights, {v.path: tuple(v.shape) for v in self._network.weights})
        with self._lock:
            for variable in self._network.weights:
                variable.assign(np.asarray(weights[variable.path], np.float32))

    def _logits(self, x: Float32) -> Float32:
        return np.asarray(self._forward(x))

    def _gradient(self, x: Float32, index: int) -> Float32:
        return np.asarray(self._backward(x, index))

    def _activations(self, x: Float32, index: int) -> tuple[Float32, Float32]:
        activations, gradients = self._at_layer(x, index)
        return np.asarray(activations), np.asarray(gradients)

    def _input_gradient(self, x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            logit = tf.gather(self._network(x, training=False), index, axis=1)
        return tape.gradient(logit, x)

    def _layer_gradient(self, x: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        layer = self._network.get_layer(self.spec.grad_cam_layer)
        both = keras.Model(self._network.inputs, [layer.output, self._network.outputs[0]])
        with tf.GradientTape() as tape:
            tape.watch(x)
            activations, logits = both(x, training=False)
            logit = tf.gather(logits, index, axis=1)
        return activations, tape.gradient(logit, activations)


def make(spec: ModelSpec, labels: tuple[str, ...], network: keras.Model, temperature: float | None) -> BasePredictor:
    """The predictor of a built network."""
    return KerasPredictor(spec, labels, network, temperature)


def seed(value: int) -> None:
    """Nothing comes back; networks built from now on are those of this seed."""
    keras.utils.set_random_seed(value)
