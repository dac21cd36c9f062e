"""A Keras network's logits and gradients on JAX, compiled once for each size of batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import keras

from fer_core.types import Float32, ModelSpec


class Steps:
    """What a predictor asks of the network."""

    def __init__(self, network: keras.Model, spec: ModelSpec) -> None:
        layer = network.get_layer(spec.grad_cam_layer)
        self._network, self._tail = network, keras.Model(layer.output, network.outputs[0])
        self._front = keras.Model(network.inputs, layer.output)
        self._forward, self._until = (jax.jit(_call(model)) for model in (network, self._front))
        self._backward, self._from_layer = (
            jax.jit(jax.grad(_one_logit(model), argnums=1)) for model in (network, self._tail)
        )

    def logits(self, x: Float32) -> Any:
        """The network's answers, (N, K)."""
        return self._forward(_state(self._network), x)

    def gradient(self, x: Float32, index: int) -> Any:
        """D logit[index] / d x, of x's shape."""
        return self._backward(_state(self._network), x, index)

    def activations(self, x: Float32, index: int) -> tuple[Any, Any]:
        """The Grad-CAM layer's output and d logit[index] / d that output; nothing may lead around that layer."""
        activations = self._until(_state(self._front), x)
        return activations, self._from_layer(_state(self._tail), activations, index)


def _state(model: keras.Model) -> tuple[list[Any], list[Any]]:
    return [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]


def _call(model: keras.Model) -> Callable[..., Any]:
    return lambda state, x: model.stateless_call(*state, x, training=False)[0]


def _one_logit(model: keras.Model) -> Callable[..., Any]:
    return lambda state, x, index: _call(model)(state, x)[:, index].sum()
