"""ResNet-18 (He et al. 2016, arXiv:1512.03385) for small grey pictures: a 3 x 3 stem of stride 1, no pooling.

The blocks are torchvision's; 1.25 billion multiply-adds a face at 48 x 48.
"""

from __future__ import annotations

from torch import nn
from torchvision.models import resnet18


def build(classes: int = 7) -> nn.Module:
    """The network: float32 (N, 1, s, s) to logits (N, classes), s of 8 or more; 11,171,271 parameters with seven."""
    published = resnet18(num_classes=classes)
    stem = nn.Conv2d(1, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")  # as all others of torchvision's ResNet
    features = nn.Sequential(
        nn.Sequential(stem, published.bn1, published.relu),
        *published.layer1, *published.layer2, *published.layer3, *published.layer4,
    )  # fmt: skip
    return nn.Sequential(features, published.avgpool, nn.Flatten(), published.fc)
