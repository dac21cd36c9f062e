"""Training a PyTorch network by a recipe: images stay on the device, Fabric sees to device and precision."""

from __future__ import annotations

import io
import pickle
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from fer_core import catalog
from fer_core.preprocess import normalise
from fer_core.types import ModelSpec
from trainers.augment import augment
from trainers.fitting import (
    CurveRow,
    Fitted,
    Images,
    Run,
    TrainingError,
    check_loss,
    class_weights,
    damaged_checkpoint,
    epoch_order,
    learning_rate,
    should_stop,
)
from trainers.recipe import Recipe

CHECKPOINT = "last.pt"


@dataclass
class _State:
    """Everything that a resumed run needs; `best` holds the best epoch's weights."""

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    curves: list[CurveRow] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0
    steps: int = 0


def fit(spec: ModelSpec, recipe: Recipe, train: Images, val: Images, run: Run) -> Fitted:
    """The weights of the epoch that reads PublicTest best; goes on from a checkpoint in `run.folder`.

    A resumed run ends with the same weights as one that was never stopped: order, augmentation and dropout of an epoch
    are drawn from the recipe's seed and the epoch's number. Raises fitting.TrainingError where the loss is no number or
    the checkpoint is damaged.
    """
    fabric = _fabric(recipe, run.device)
    state = _start(fabric, spec, recipe)
    _resume(state, run.folder / CHECKPOINT, fabric)
    pixels, y = fabric.to_device(torch.from_numpy(train.pixels)), fabric.to_device(torch.from_numpy(train.y))
    while len(state.curves) < recipe.schedule.epochs and not should_stop(state.curves, recipe.schedule.early_stopping):
        began = time.monotonic()
        row = _epoch(fabric, state, spec, recipe, pixels, y, run)
        row |= _judge(fabric, state.average if recipe.regularise.ema else state.network, spec, val)
        check_loss(row)
        state.seconds += time.monotonic() - began
        state.curves.append(row | {"seconds": round(state.seconds, 2)})
        _keep_best(state, recipe)
        _save(state, run.folder / CHECKPOINT)
        run.epoch(state.curves[-1])
    weights = {name: tensor.cpu().float().numpy() for name, tensor in state.best.items()}
    device = torch.cuda.get_device_name(fabric.device) if fabric.device.type == "cuda" else fabric.device.type
    return Fitted(weights, state.curves, state.seconds, device)


def _fabric(recipe: Recipe, device: str) -> Fabric:
    try:
        return Fabric(
            accelerator=device, devices=1, precision="bf16-mixed" if recipe.precision == "bf16" else "32-true"
        )
    except (RuntimeError, ValueError) as error:
        raise TrainingError(f"--device {device}: {error}") from error


def _start(fabric: Fabric, spec: ModelSpec, recipe: Recipe) -> _State:
    torch.manual_seed(recipe.seed)
    network = catalog.network(spec.id, len(recipe.emotions)).to(memory_format=torch.channels_last)
    average = catalog.network(spec.id, len(recipe.emotions)).to(memory_format=torch.channels_last)
    average.load_state_dict(network.state_dict())
    wrapped, optimizer = fabric.setup(network, _optimizer(network, recipe))
    return _State(wrapped, fabric.to_device(average), optimizer)


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    options = recipe.optimizer
    if options.name == "adamw":
        return torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    return torch.optim.SGD(
        network.parameters(),
        lr=options.learning_rate,
        momentum=options.momentum,
        nesterov=options.nesterov,
        weight_decay=options.weight_decay,
    )


def _epoch(
    fabric: Fabric, state: _State, spec: ModelSpec, recipe: Recipe, pixels: Tensor, y: Tensor, run: Run
) -> CurveRow:
    epoch, size = len(state.curves), recipe.schedule.batch_size
    generator = torch.Generator(fabric.device).manual_seed(recipe.seed * 100_003 + epoch)
    torch.manual_seed(recipe.seed * 100_003 + epoch)  # for dropout
    weight = torch.from_numpy(class_weights(y.cpu().numpy(), len(recipe.emotions), recipe.regularise.class_weights))
    batches = torch.from_numpy(epoch_order(len(y), recipe.seed, epoch)).to(fabric.device).split(size)
    loss_sum, correct, rate = torch.zeros((), device=fabric.device), torch.zeros((), device=fabric.device), 0.0
    state.network.train()
    for number, batch in enumerate(batches):
        rate = learning_rate(recipe, epoch + number / len(batches))
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        x = augment(pixels[batch].permute(0, 3, 1, 2).float(), recipe.augment, generator)
        loss, right = _step(fabric, state, spec, recipe, x, y[batch], weight.to(fabric.device), generator)
        loss_sum += loss * len(batch)
        correct += right
        run.step(number + 1, len(batches))
    means = {"train_loss": float(loss_sum) / len(y), "train_accuracy": float(correct) / len(y)}
    return {"epoch": epoch + 1, "learning_rate": rate} | means


def _step(
    fabric: Fabric,
    state: _State,
    spec: ModelSpec,
    recipe: Recipe,
    x: Tensor,
    y: Tensor,
    weight: Tensor,
    g: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """One batch's mean loss and number of right answers (against the unmixed labels), after the optimizer's step."""
    options = recipe.regularise
    x, y_other, share = _mixup(x, y, options.mixup, g)
    logits = state.network(_ready(x, spec)).float()
    losses = [
        functional.cross_entropy(logits, t, weight, label_smoothing=options.label_smoothing) for t in (y, y_other)
    ]
    loss = share * losses[0] + (1 - share) * losses[1]
    state.optimizer.zero_grad()
    fabric.backward(loss)
    state.optimizer.step()
    state.steps += 1
    if options.ema:
        _follow(state.average, state.network, min(options.ema, (1 + state.steps) / (10 + state.steps)))
    return loss.detach(), (logits.argmax(1) == y).sum()


def _mixup(x: Tensor, y: Tensor, alpha: float, generator: torch.Generator) -> tuple[Tensor, Tensor, float]:
    """Images blended with others of the batch, those others' labels, the share of the first (arXiv:1710.09412)."""
    if not alpha:
        return x, y, 1.0
    seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    other = torch.randperm(len(x), generator=generator, device=generator.device)
    return share * x + (1 - share) * x[other], y[other], share


def _ready(x: Tensor, spec: ModelSpec) -> Tensor:
    """Pixels (N, c, s, s) in 0..255 as the network's input, channels last in memory."""
    mean, std = (torch.tensor(v, device=x.device).view(1, -1, 1, 1) for v in (spec.input.mean, spec.input.std))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the average a step towards the network (an exponential moving average with warm-up)."""
    for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if slow.is_floating_point():
            slow.lerp_(fast.to(slow.dtype), 1 - decay)
        else:
            slow.copy_(fast)


@torch.no_grad()
def _judge(fabric: Fabric, network: nn.Module, spec: ModelSpec, images: Images, size: int = 256) -> CurveRow:
    network.eval()
    y = fabric.to_device(torch.from_numpy(images.y))
    logits = []
    for start in range(0, len(images), size):
        pixels = fabric.to_device(torch.from_numpy(images.pixels[start : start + size]))
        with fabric.autocast():
            logits.append(network(normalise(pixels.float(), spec.input).permute(0, 3, 1, 2)).float())
    scores = torch.cat(logits)
    accuracy = float((scores.argmax(1) == y).float().mean())
    return {"public_loss": float(functional.cross_entropy(scores, y)), "public_accuracy": accuracy}


def _keep_best(state: _State, recipe: Recipe) -> None:
    accuracy = [row["public_accuracy"] for row in state.curves]
    if accuracy[-1] > max(accuracy[:-1], default=-1.0):
        source = state.average if recipe.regularise.ema else state.network
        state.best = {
            k: v.detach().clone() for k, v in source.state_dict().items() if not k.endswith("num_batches_tracked")
        }


def _save(state: _State, path: Path) -> None:
    content: dict[str, Any] = {
        "network": state.network.state_dict(), "average": state.average.state_dict(),
        "optimizer": state.optimizer.state_dict(), "curves": state.curves, "best": state.best,
        "seconds": state.seconds, "steps": state.steps,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished, buffer = path.with_suffix(".unfinished"), io.BytesIO()
    torch.save(content, buffer)  # not to the file itself: a full disk is to be an OSError, not PyTorch's RuntimeError
    unfinished.write_bytes(buffer.getbuffer())
    unfinished.replace(path)


def _resume(state: _State, path: Path, fabric: Fabric) -> None:
    if not path.is_file():
        return
    try:
        content = torch.load(path, map_location=fabric.device, weights_only=True)
        for name in ("network", "average", "optimizer"):
            getattr(state, name).load_state_dict(content[name])
        state.curves, state.best = content["curves"], content["best"]
        state.seconds, state.steps = content["seconds"], content["steps"]
    except (RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError) as error:
        raise damaged_checkpoint(path, error) from error
