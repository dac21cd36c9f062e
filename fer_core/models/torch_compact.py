"""A network of our own for two CPU cores: 38 million multiply-adds a face at 48 x 48, and of any size besides.

Made so that a training step on a CPU is spent in matrix products, not in moving memory: one thin layer at full
resolution, plain 3 x 3 convolutions, shortcuts where the shape stays, squeeze-excitation once at the end.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def _unit(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """A convolution with a shortcut around it (He et al. 2016, arXiv:1603.05027)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.unit = _unit(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """The sum, of x's shape."""
        return x + self.unit(x)


class SqueezeExcitation(nn.Module):
    """Channels weighted by what the whole picture holds (Hu et al. 2018, arXiv:1709.01507)."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.narrow, self.wide = nn.Linear(channels, channels // reduction), nn.Linear(channels // reduction, channels)

    def forward(self, x: Tensor) -> Tensor:
        """The weighted feature maps, of x's shape."""
        weight = torch.sigmoid(self.wide(functional.relu(self.narrow(x.mean(dim=(2, 3))))))
        return x * weight[:, :, None, None]


def build(classes: int = 7, dropout: float = 0.2) -> nn.Module:
    """The network: float32 (N, 1, s, s), s >= 24, to logits (N, classes); 512,515 parameters with seven classes."""
    pool = nn.MaxPool2d(2, ceil_mode=True)
    features = nn.Sequential(
        _unit(1, 24), pool,
        _unit(24, 48), pool,
        _unit(48, 96), Residual(96), pool,
        _unit(96, 160), Residual(160), SqueezeExcitation(160),
    )  # fmt: skip
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(160, classes))
