"""The KAIST project's networks: torchvision's ResNet-50 with either of two heads, and VGG-19.

Mammadov, Asfaw, Bayramli and George, Facial Expression Recognition Milestone Report, KAIST, and its notebooks at
github.com/abbasmammadov/Facial-Expression-Recognition. There as here the pictures keep their 48 pixels, in three
channels, and are divided by 255, nothing else; the ImageNet weights are what PyTorch's `pretrained=True` was then.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor, nn
from torchvision.models import ResNet50_Weights, VGG19_Weights, WeightsEnum, resnet50, vgg19

DROPOUT = 0.5


def build_resnet50(classes: int = 7, hidden: tuple[int, ...] = ()) -> nn.Module:
    """The network: float32 (N, 3, s, s) to logits (N, classes), s of 32 or more.

    23,522,375 parameters with seven classes and no hidden layer; 36,103,239 with the project's `hidden` (4096, 1024),
    each behind a dropout of 0.5.
    """
    published = resnet50()
    features = nn.Sequential(
        nn.Sequential(published.conv1, published.bn1, published.relu, published.maxpool),
        *published.layer1, *published.layer2, *published.layer3, *published.layer4,
    )  # fmt: skip
    widths = (published.fc.in_features, *hidden)
    head: list[nn.Module] = []
    for inside, outside in pairwise(widths):
        head += [nn.Dropout(DROPOUT), nn.Linear(inside, outside), nn.ReLU(inplace=True)]
    head += [nn.Dropout(DROPOUT)] * bool(hidden) + [nn.Linear(widths[-1], classes)]
    return nn.Sequential(features, published.avgpool, nn.Flatten(), *head)


def build_vgg19(classes: int = 7) -> nn.Module:
    """The network: float32 (N, 3, s, s) to logits (N, classes), s of 32 or more.

    139,598,919 parameters with seven classes. VGG-19 whole, its two linear layers of 4096 with their dropouts too; the
    last layer is new.
    """
    published = vgg19(dropout=DROPOUT)
    blocks: list[list[nn.Module]] = [[]]
    for layer in published.features:
        blocks[-1].append(layer)
        if isinstance(layer, nn.MaxPool2d):
            blocks.append([])
    features = nn.Sequential(*(nn.Sequential(*block) for block in blocks if block))
    *linear, last = published.classifier
    return nn.Sequential(features, published.avgpool, nn.Flatten(), *linear, nn.Linear(last.in_features, classes))


def imagenet_resnet50(network: nn.Module) -> None:
    """Nothing comes back; the features have torchvision's ImageNet weights, downloaded once; the head stays random.

    OSError where they are not on this machine and cannot be downloaded whole.
    """
    published = _download(ResNet50_Weights.IMAGENET1K_V1)
    features: nn.Module = network[0]  # type: ignore[index]
    _adopt(features, {name: tensor for name, tensor in published.items() if not name.startswith("fc.")})


def imagenet_vgg19(network: nn.Module) -> None:
    """Nothing comes back; all but the last layer have torchvision's ImageNet weights, downloaded once.

    OSError where they are not on this machine and cannot be downloaded whole.
    """
    published = _download(VGG19_Weights.IMAGENET1K_V1)
    kept = {name: tensor for name, tensor in published.items() if not name.startswith("classifier.6.")}
    _adopt(nn.Sequential(*list(network.children())[:-1]), kept)


def _download(weights: WeightsEnum) -> Mapping[str, Tensor]:
    """The published weights by name, from torch.hub's cache where they are in it."""
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except RuntimeError as error:  # what torch.hub makes of a file whose hash is wrong
        raise OSError(f"{weights.url} came damaged: {error}.") from error


def _adopt(module: nn.Module, published: Mapping[str, Tensor]) -> None:
    """Puts published weights into a module whose layers stand in the same order."""
    own = [name for name in module.state_dict() if not name.endswith("num_batches_tracked")]
    theirs = [tensor for name, tensor in published.items() if not name.endswith("num_batches_tracked")]
    module.load_state_dict(dict(zip(own, theirs, strict=True)), strict=False)
