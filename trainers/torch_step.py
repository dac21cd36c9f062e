"""One optimizer step in PyTorch: mixup, loss, moving average; and which weights learn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributed import is_available, is_initialized
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional

from trainers.fitting import TrainingError
from trainers.recipe import Optimizer, Stage

PLACES = ("auto", "cpu", "cuda")
"""What `--device` takes."""
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def optimizer(parameters: Iterable[nn.Parameter], options: Optimizer) -> torch.optim.Optimizer:
    """The optimizer that a recipe names, over these parameters; learning rates are set step by step."""
    rate, decay = options.learning_rate, options.weight_decay
    kinds: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
        "sgd": (torch.optim.SGD, {"momentum": options.momentum, "nesterov": options.nesterov}),
        "adam": (torch.optim.Adam, {}),
        "adamw": (torch.optim.AdamW, {}),
        "nadam": (torch.optim.NAdam, {}),
        "rmsprop": (torch.optim.RMSprop, {"alpha": 0.9, "momentum": options.momentum}),
    }
    make, extra = kinds[options.name]
    return make(list(parameters), lr=rate, weight_decay=decay, **extra)  # type: ignore[call-arg]


def freeze(network: nn.Module, stage: Stage) -> None:
    """Nothing comes back; only the weights that a stage trains have `requires_grad`.

    The backbone is the network's first child, the head all others; layers are the backbone's modules with weights,
    blocks its children.
    """
    backbone, *head = network.children()
    network.requires_grad_(stage.train == "all")
    if stage.train == "all":
        return
    layers = [m for m in backbone.modules() if next(m.parameters(recurse=False), None) is not None]
    last: list[nn.Module] = {"layers": layers, "blocks": list(backbone.children())}.get(stage.train, [])
    for module in [*head, *last[len(last) - min(stage.count, len(last)) :]]:
        module.requires_grad_(True)


def learn(network: nn.Module) -> None:
    """Nothing comes back; the network is in training mode, frozen BatchNorms in inference mode, as Keras has it."""
    network.train()
    for module in network.modules():
        if isinstance(module, NORMS) and not module.weight.requires_grad:
            module.eval()


def mixup(
    x: Tensor, targets: Tensor, y: Tensor, alpha: float, generator: torch.Generator, chance: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Images and targets, each blended with another of the batch by one share (Zhang et al. 2018, arXiv:1710.09412).

    And for each the label, of `y` (N,), of the larger share, which an answer is to be compared with. The share is drawn
    by `chance`, on the host: a number read off a GPU's generator would hold it up in every step.
    """
    if not alpha:
        return x, targets, y
    share = float(chance.beta(alpha, alpha))
    other = torch.randperm(len(x), generator=generator, device=generator.device)
    label = y if share >= 0.5 else y[other]
    return torch.lerp(x[other], x, share), torch.lerp(targets[other], targets, share), label


def loss_sum(logits: Tensor, targets: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """The cross entropy summed over the batch, in nats; targets are probabilities (N, K), `weight` one a class."""
    return functional.cross_entropy(logits, targets, weight, label_smoothing=smoothing, reduction="sum")


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the average a step towards the network: its exponential moving average."""
    slow, fast = list(average.state_dict().values()), list(network.state_dict().values())
    floats = [n for n, tensor in enumerate(slow) if tensor.is_floating_point()]
    torch._foreach_lerp_([slow[n] for n in floats], [fast[n] for n in floats], 1 - decay)
    for n in set(range(len(slow))) - set(floats):
        slow[n].copy_(fast[n])


class SyncedBatchNorm(nn.BatchNorm2d):
    """BatchNorm whose batch is that of all processes, on any device: PyTorch's own SyncBatchNorm needs a GPU."""

    def forward(self, x: Tensor) -> Tensor:
        """The normalised feature maps."""
        if not self.training:
            return super().forward(x)
        wide = x.float()
        total = all_reduce(torch.cat([wide.sum((0, 2, 3)), wide.new_tensor([wide[:, 0].numel()])]))
        n, mean = total[-1], total[:-1] / total[-1]
        centred = wide - mean[:, None, None]  # squares of what is centred: a difference of large sums would lose digits
        variance = all_reduce((centred * centred).sum((0, 2, 3))) / n
        with torch.no_grad():
            self._remember(mean, variance * n / (n - 1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        momentum = self.momentum or 0.1
        for kept, new in ((self.running_mean, mean), (self.running_var, variance)):
            if kept is not None:
                kept.lerp_(new.to(kept.dtype), momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)


def synchronise(network: nn.Module) -> None:
    """Nothing comes back; under torchrun, BatchNorms count the images of all processes as one batch."""
    if not (is_available() and is_initialized()):
        return
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SyncedBatchNorm


def place_of(device: str) -> str:
    """The device to train on: for "auto" a CUDA GPU where there is one, else the processor; TrainingError for others.

    Fabric's own "auto" takes Apple's GPU, on which PyTorch 2.11 cannot augment (pytorch issue 125098) nor find the
    gradient of a BatchNorm with channels last (pull request 188371).
    """
    if device not in PLACES:
        apple = " PyTorch cannot augment on Apple's GPU yet." if device == "mps" else ""
        raise TrainingError(f"--device {device}: expected {', '.join(PLACES[:-1])} or {PLACES[-1]}.{apple}")
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def chip_has_bfloat16(place: str) -> bool | None:
    """Whether the GPU at that place multiplies bfloat16; None where it is the processor."""
    if place == "cpu":
        return None
    return not torch.cuda.is_available() or torch.cuda.is_bf16_supported(including_emulation=False)
