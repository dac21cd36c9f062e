"""A VGG of today, trained from scratch: four double convolutions, BatchNorm, squeeze-excitation, one linear layer.

Simonyan and Zisserman 2015, arXiv:1409.1556; 468 million multiply-adds a face at 48 x 48.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torchvision.ops import SqueezeExcitation

WIDTHS = (64, 128, 256, 512)


def _unit(inside: int, outside: int) -> list[nn.Module]:
    return [nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]


def _block(inside: int, outside: int) -> nn.Sequential:
    """Two convolutions, then channels weighted by what the whole picture holds (Hu et al. 2018, arXiv:1709.01507).

    All but the first block halve the picture before.
    """
    pool: list[nn.Module] = [nn.MaxPool2d(2, ceil_mode=True)] * (inside > 1)
    units = [*_unit(inside, outside), *_unit(outside, outside)]
    return nn.Sequential(*pool, *units, SqueezeExcitation(outside, outside // 8))


def build(classes: int = 7, dropout: float = 0.3) -> nn.Module:
    """The network: float32 (N, 1, s, s) to logits (N, classes), s of 8 or more; 4,777,855 parameters with seven."""
    blocks = [_block(inside, outside) for inside, outside in pairwise((1, *WIDTHS))]
    tail = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(WIDTHS[-1], classes))
    return nn.Sequential(nn.Sequential(*blocks), *tail)
