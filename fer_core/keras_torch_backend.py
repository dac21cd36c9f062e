"""A Keras network's logits and gradients on PyTorch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch

from fer_core.guided_torch_backend import GuidedRectifiers
from fer_core.tapped_keras_backend import layer, tapped
from fer_core.types import Float32, ModelSpec


class Steps:
    """What a predictor asks of the network."""

    def __init__(self, network: keras.Model, spec: ModelSpec) -> None:
        self._network, self._layer = network, layer(network, spec.grad_cam_layer)

    def logits(self, x: Float32) -> Float32:
        """The network's answers, (N, K)."""
        with torch.no_grad():
            return _array(self._network(keras.ops.convert_to_tensor(x), training=False))

    def gradient(self, x: Float32, weights: Float32) -> Float32:
        """D (logits @ weights) / d x, of x's shape."""
        inputs = keras.ops.convert_to_tensor(x).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self._score(inputs, weights), inputs)
        return _array(gradient)

    def guided(self, x: Float32, weights: Float32) -> Float32:
        """The same with guided backpropagation."""
        with GuidedRectifiers():
            return self.gradient(x, weights)

    def activations(self, x: Float32, weights: Float32) -> tuple[Float32, Float32]:
        """The Grad-CAM layer's output and d (logits @ weights) / d that output."""
        inputs = keras.ops.convert_to_tensor(x).detach().requires_grad_()
        with tapped(self._layer) as kept:
            score = self._score(inputs, weights)
        (gradient,) = torch.autograd.grad(score, kept[0])
        return _array(kept[0]), _array(gradient)

    def _score(self, inputs: Any, weights: Float32) -> Any:
        return (self._network(inputs, training=False) @ keras.ops.convert_to_tensor(weights)).sum()


def _array(tensor: Any) -> Float32:
    return np.asarray(tensor.detach().float().cpu().numpy(), np.float32)
