"""The Copenhagen project's native PyTorch network: three VGG-like blocks and three linear layers."""

from __future__ import annotations

from torch import nn


def _block(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(outside, outside, 3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(outside),
        nn.MaxPool2d(2),
    )


def build(classes: int = 7) -> nn.Module:
    """The network: float32 (N, 1, 48, 48) in [0, 1] to logits (N, classes); 599,815 parameters with seven classes."""
    return nn.Sequential(
        _block(1, 128),
        _block(128, 64),
        _block(64, 32),
        nn.Flatten(),
        nn.Linear(1152, 256),
        nn.ReLU(),
        nn.Linear(256, 64),
        nn.ReLU(),
        nn.Linear(64, classes),
    )
