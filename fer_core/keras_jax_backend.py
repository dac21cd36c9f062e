"""A Keras network's logits and gradients on JAX, compiled once for each size of batch.

Guided backpropagation is not to be had here: JAX has no place to put another gradient under a function in use.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras

from fer_core.tapped_keras_backend import layer, tapped
from fer_core.types import Float32, ModelSpec


class Steps:
    """What a predictor asks of the network."""

    def __init__(self, network: keras.Model, spec: ModelSpec) -> None:
        self._network, self._layer = network, layer(network, spec.grad_cam_layer)
        self._forward, self._backward = jax.jit(self._call), jax.jit(jax.grad(self._score, argnums=1))
        self._from_layer = jax.jit(jax.grad(self._tapped_score, argnums=3, has_aux=True))

    def logits(self, x: Float32) -> Any:
        """The network's answers, (N, K)."""
        return self._forward(self._state(), x)

    def gradient(self, x: Float32, weights: Float32) -> Any:
        """D (logits @ weights) / d x, of x's shape."""
        return self._backward(self._state(), x, weights)

    def activations(self, x: Float32, weights: Float32) -> tuple[Any, Any]:
        """The Grad-CAM layer's output and d (logits @ weights) / d that output: that of a nothing added to it."""
        state = self._state()
        shape = jax.eval_shape(partial(self._tapped_score, added=None), state, x, weights)[1]
        gradients, activations = self._from_layer(state, x, weights, jnp.zeros(shape.shape, shape.dtype))
        return activations, gradients

    def _state(self) -> tuple[list[Any], list[Any]]:
        trained, other = self._network.trainable_variables, self._network.non_trainable_variables
        return [v.value for v in trained], [v.value for v in other]

    def _call(self, state: Any, x: Any) -> Any:
        return self._network.stateless_call(*state, x, training=False)[0]

    def _score(self, state: Any, x: Any, weights: Any) -> Any:
        return (self._call(state, x) @ weights).sum()

    def _tapped_score(self, state: Any, x: Any, weights: Any, added: Any) -> tuple[Any, Any]:
        with tapped(self._layer, added) as kept:
            return self._score(state, x, weights), kept[-1]
