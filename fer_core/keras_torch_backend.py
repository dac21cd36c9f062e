"""A Keras network's logits and gradients on PyTorch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch

from fer_core.types import Float32, ModelSpec


class Steps:
    """What a predictor asks of the network."""

    def __init__(self, network: keras.Model, spec: ModelSpec) -> None:
        self._network = network
        layer = network.get_layer(spec.grad_cam_layer)
        self._both = keras.Model(network.inputs, [layer.output, network.outputs[0]])

    def logits(self, x: Float32) -> Float32:
        """The network's answers, (N, K)."""
        with torch.no_grad():
            return _array(self._network(keras.ops.convert_to_tensor(x), training=False))

    def gradient(self, x: Float32, index: int) -> Float32:
        """D logit[index] / d x, of x's shape."""
        inputs = keras.ops.convert_to_tensor(x).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self._network(inputs, training=False)[:, index].sum(), inputs)
        return _array(gradient)

    def activations(self, x: Float32, index: int) -> tuple[Float32, Float32]:
        """The Grad-CAM layer's output and d logit[index] / d that output."""
        inputs = keras.ops.convert_to_tensor(x).detach().requires_grad_()
        activations, logits = self._both(inputs, training=False)
        (gradient,) = torch.autograd.grad(logits[:, index].sum(), activations)
        return _array(activations), _array(gradient)


def _array(tensor: Any) -> Float32:
    return np.asarray(tensor.detach().float().cpu().numpy(), np.float32)
