"""Small networks whose maps are known: one worked out by hand, one that reads a patch and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from fer_core import keras_backend, torch_backend
from fer_core.predictor import BasePredictor
from fer_core.types import EMOTIONS, InputSpec, ModelSpec

FRAMEWORKS = ("torch", "keras")
PATCH = (slice(24, 36), slice(12, 24))
"""Rows and columns of 48 x 48: whole cells of Shapley values, so that these can be exact."""
HAND = np.array([[1, 2], [3, 0]], np.uint8)
"""The face of the network worked out by hand."""


def by_hand(framework: str) -> BasePredictor:
    """Two features a pixel x, ReLU(x) and ReLU(3 - 2 x), and one linear layer: to happy and to sad.

    Of `HAND` the features are [[1, 2], [3, 0]] and [[1, 0], [0, 3]]. Happy weighs them by [[1, 0], [0, 1]] and
    [[-1, 1], [0, 2]], sad by 2 everywhere and by 0.
    """
    happy = np.array([[[1, -1], [0, 1]], [[0, 0], [1, 2]]], np.float32)  # rows, columns, features
    sad = np.array([[[2, 0], [2, 0]], [[2, 0], [2, 0]]], np.float32)
    spec = ModelSpec(
        "hand", "By hand", "torch", "", InputSpec(2, 1, std=(1.0,)), 22, "1" if framework == "torch" else "relu", ""
    )
    labels, first, bias = ("happy", "sad"), np.array([1, -2], np.float32), np.array([0, 3], np.float32)
    if framework == "torch":
        from torch import nn

        network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
        rows = np.stack([w.transpose(2, 0, 1).ravel() for w in (happy, sad)])
        values = {"0.weight": first.reshape(2, 1, 1, 1), "0.bias": bias, "3.weight": rows, "3.bias": np.zeros(2)}
        predictor = torch_backend.make(spec, labels, network, None)
        predictor.load_weights({name: np.asarray(value, np.float32) for name, value in values.items()})
        return predictor
    from keras import Input, Sequential, layers

    keras_network = Sequential(
        [
            Input((2, 2, 1)),
            layers.Conv2D(2, 1, name="conv"),
            layers.ReLU(name="relu"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    keras_network.set_weights([first.reshape(1, 1, 1, 2), bias, np.stack([happy.ravel(), sad.ravel()], 1), np.zeros(2)])
    return keras_backend.make(spec, labels, keras_network, None)


def hand_face() -> np.ndarray:
    return np.repeat(HAND[None, ..., None], 3, axis=-1)


def patch_reader(framework: str) -> BasePredictor:
    """Happy's logit rises with the brightness of `PATCH` alone; all else of the picture meets a 0 before any weight."""
    mask = np.zeros((48, 48), np.float32)
    mask[PATCH] = 1
    spec = ModelSpec("patch", "A patch", "torch", "", InputSpec(48, 1), 0, "2" if framework == "torch" else "relu", "")
    if framework == "torch":
        return torch_backend.make(spec, EMOTIONS, _patch_torch(mask), None)
    return keras_backend.make(spec, EMOTIONS, _patch_keras(mask), None)


def _head() -> np.ndarray:
    weights = np.zeros((7, 1), np.float32)
    weights[EMOTIONS.index("happy")], weights[EMOTIONS.index("sad")] = 10, -5
    return weights


def _patch_torch(mask: np.ndarray) -> Any:
    import torch
    from torch import nn

    class Mask(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * torch.from_numpy(mask)

    head = nn.Linear(1, 7, bias=False)
    conv = nn.Conv2d(1, 1, 1, bias=False)
    with torch.no_grad():
        conv.weight.fill_(1.0)
        head.weight.copy_(torch.from_numpy(_head()))
    return nn.Sequential(Mask(), conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def _patch_keras(mask: np.ndarray) -> Any:
    from keras import Input, Model, layers

    inputs = Input((48, 48, 1))
    x = layers.Lambda(lambda x: x * mask[..., None])(inputs)
    x = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    network = Model(inputs, layers.Dense(7, use_bias=False, name="logits")(x))
    network.get_layer("logits").set_weights([_head().T])
    return network


def unpadded(framework: str, border: int = 2) -> BasePredictor:
    """Convolutions that do not pad, as in keras-native: each cell is the mean of its field, happy's logit their sum.

    48 pixels become 8 cells, the first one's field in the middle of pixel 9.5: two cells of 4 pixels from the edge.
    """
    kernels = [np.ones((3, 3, 1, 1), np.float32) / 9] * 4
    head = np.zeros((64, 7), np.float32)
    head[:, EMOTIONS.index("happy")] = 1
    layer = "5" if framework == "torch" else "last"
    spec = ModelSpec("bare", "Bare", "torch", "", InputSpec(48, 1), 0, layer, "", grad_cam_border=border)
    if framework == "torch":
        import torch
        from torch import nn

        convolutions = [nn.Conv2d(1, 1, 3, bias=False) for _ in kernels]
        linear = nn.Linear(64, 7, bias=False)
        with torch.no_grad():
            for conv, kernel in zip(convolutions, kernels, strict=True):
                conv.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1)))
            linear.weight.copy_(torch.from_numpy(head.T))
        first, second, third, last = convolutions
        halved = [first, second, nn.AvgPool2d(2), third, nn.AvgPool2d(2), last]
        return torch_backend.make(spec, EMOTIONS, nn.Sequential(*halved, nn.Flatten(), linear), None)
    from keras import Input, Sequential, layers

    network = Sequential([
        Input((48, 48, 1)), layers.Conv2D(1, 3, use_bias=False), layers.Conv2D(1, 3, use_bias=False),
        layers.AveragePooling2D(2), layers.Conv2D(1, 3, use_bias=False), layers.AveragePooling2D(2),
        layers.Conv2D(1, 3, use_bias=False, name="last"), layers.Flatten(), layers.Dense(7, use_bias=False),
    ])  # fmt: skip
    network.set_weights([*kernels, head])
    return keras_backend.make(spec, EMOTIONS, network, None)


def scrambled() -> BasePredictor:
    """A network whose layer is the face in cells of 8 pixels, turned upside down: the wrong place for each."""
    import torch
    from torch import nn

    class Turned(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.flip(2)

    head = nn.Linear(36, 7, bias=False)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[EMOTIONS.index("happy")] = 1
    spec = ModelSpec("turned", "Turned", "torch", "", InputSpec(48, 1), 0, "1", "")
    return torch_backend.make(spec, EMOTIONS, nn.Sequential(nn.AvgPool2d(8), Turned(), nn.Flatten(), head), None)


def patchy_face(seed: int = 0) -> np.ndarray:
    """A grey face uint8 (48, 48, 3) of noise, its patch brighter than its mean."""
    grey = np.random.default_rng(seed).integers(40, 120, (48, 48))
    grey[PATCH] += 120
    return np.repeat(grey[..., None], 3, axis=-1).astype(np.uint8)


def linear(weights: np.ndarray, side: int = 16) -> BasePredictor:
    """Happy's logit is the sum of pixels in 0..1 by weights (side, side), the others' are 0."""
    import torch
    from torch import nn

    layer = nn.Linear(side * side, 7, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[EMOTIONS.index("happy")] = torch.from_numpy(weights.ravel().astype(np.float32))
    spec = ModelSpec("linear", "Linear", "torch", "", InputSpec(side, 1), 7 * side * side, "0", "")
    return torch_backend.make(spec, EMOTIONS, nn.Sequential(nn.Identity(), nn.Flatten(), layer), None)
