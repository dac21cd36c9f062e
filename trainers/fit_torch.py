"""Training a PyTorch network by a recipe: images stay on the device, Fabric sees to precision and processes."""

from __future__ import annotations

import copy
import io
import os
import pickle
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from fer_core import artifacts, catalog
from fer_core.preprocess import normalise
from fer_core.types import ModelSpec
from fer_core.unpacking import DAMAGED
from trainers.augment import augment
from trainers.fitting import (
    CurveRow,
    Fitted,
    Images,
    Pace,
    Position,
    Run,
    TrainingError,
    check_loss,
    check_sides,
    class_weights,
    damaged_checkpoint,
    epoch_rows,
    kept_epoch,
    learning_rate,
    mixup_alpha,
    picture_size,
    planned_epoch,
    position,
)
from trainers.precision import possible
from trainers.recipe import Recipe
from trainers.run_notes import DEVICES, PRECISIONS, note
from trainers.torch_depthwise import quicken
from trainers.torch_step import (
    chip_has_bfloat16,
    follow,
    freeze,
    learn,
    loss_sum,
    mixup,
    optimizer,
    place_of,
    synchronise,
)

CHECKPOINT = "last.pt"
_MISREAD = (ValueError, LookupError, TypeError, AttributeError, pickle.PickleError)
"""What torch.load and loading states raise besides, where bytes are wrong."""


@dataclass
class _State:
    """Everything that a resumed run needs; `best` holds the best epoch's weights, `network` and `average` are bare."""

    network: nn.Module
    average: nn.Module
    curves: list[CurveRow] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    steps: int = 0


@dataclass(frozen=True)
class _Lessons:
    """What the device holds: pixels uint8 (N, c, s, s), targets float32 (N, K), labels, one loss weight a class."""

    pixels: Tensor
    targets: Tensor
    y: Tensor
    weight: Tensor


def fit(spec: ModelSpec, recipe: Recipe, train: Images, val: Images, run: Run) -> Fitted:
    """The weights of the epoch that the recipe keeps; goes on from a checkpoint in `run.folder`.

    A resumed run ends with the same weights as one that was never stopped: order, augmentation and dropout of an epoch
    are drawn from the recipe's seed and the epoch's number. Under `torchrun` several processes share each batch and end
    with what one would have, but for rounding and dropout's draws, which are each process's own. Raises
    fitting.TrainingError where the loss is no number or the checkpoint is damaged.
    """
    place = place_of(run.device)
    recipe = possible(recipe, run, partial(chip_has_bfloat16, place))
    fabric = _fabric(recipe, place)
    state = _start(fabric, spec, recipe, run)
    _resume(state, run.folder / CHECKPOINT, fabric)
    lessons = _lessons(fabric, recipe, train)
    judged = (fabric.to_device(torch.from_numpy(val.pixels)), fabric.to_device(torch.from_numpy(val.y)))
    device = torch.cuda.get_device_name(fabric.device) if fabric.device.type == "cuda" else fabric.device.type
    number, wrapped, chosen, pace = -1, cast(Any, state.network), cast(Any, None), Pace()
    while (at := position(recipe, state.curves)) is not None:
        if at.number != number:
            number, (wrapped, chosen) = at.number, _enter(fabric, state, recipe, at, run)
        began = time.monotonic()
        with _compiling(run):
            row = _epoch(fabric, state, wrapped, chosen, spec, recipe, at, lessons, run)
        row |= _judge(fabric, state.average if recipe.regularise.ema else state.network, spec, *judged)
        check_loss(row)
        state.seconds += time.monotonic() - began
        state.curves.append(row | {"seconds": round(state.seconds, 2)})
        state.optimizer = chosen.state_dict()
        _keep_best(state, recipe)
        if fabric.is_global_zero:
            last = position(recipe, state.curves) is None
            pace.write(lambda: _save(state, run.folder / CHECKPOINT), last)
            note(run.folder / DEVICES, device)
            note(run.folder / PRECISIONS, recipe.precision)
            artifacts.save_curves(run.folder, state.curves)
            run.epoch(state.curves[-1])
    fabric.barrier()
    weights = {name: tensor.cpu().float().numpy() for name, tensor in state.best.items()}
    kept = kept_epoch(recipe, state.curves)
    return Fitted(weights, state.curves, state.seconds, device, kept, recipe.precision)


@contextmanager
def _compiling(run: Run) -> Iterator[None]:
    """Nothing; TrainingError where what torch.compile does in the block fails, as without a C++ compiler."""
    if not run.compile:
        yield
        return
    from torch._dynamo.exc import TorchDynamoException  # slow to import, and needed here alone

    try:
        yield
    except TorchDynamoException as error:
        why = str(error).partition("\n")[0]
        raise TrainingError(f"--compile: {why} Leave it out, or install a C++ compiler such as g++.") from error


def _fabric(recipe: Recipe, device: str) -> Fabric:
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # set by torchrun
    precision: Any = "bf16-mixed" if recipe.precision == "bf16" else "32-true"
    try:
        fabric = Fabric(
            accelerator=device, devices=processes, num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
            precision=precision, strategy="ddp" if "LOCAL_WORLD_SIZE" in os.environ else "auto",
        )  # fmt: skip
        fabric.launch()
    except (RuntimeError, ValueError) as error:
        raise TrainingError(f"--device {device}: {error}") from error
    return fabric


def _start(fabric: Fabric, spec: ModelSpec, recipe: Recipe, run: Run) -> _State:
    torch.manual_seed(recipe.seed)
    network = catalog.network(spec.id, len(recipe.emotions))
    check_sides(spec, recipe, partial(_takes, network, spec.input.channels))
    run.begin(network)
    network = fabric.to_device(network).to(memory_format=torch.channels_last)
    synchronise(network)
    if recipe.precision == "bf16" and fabric.device.type == "cpu":
        quicken(network)
    torch.backends.cudnn.benchmark = True  # all batches but an epoch's last are of one shape
    return _State(network, copy.deepcopy(network))


def _takes(network: nn.Module, channels: int, side: int) -> bool:
    """Whether a bare network takes pictures of this side in pixels."""
    network.eval()
    try:
        with torch.no_grad():
            network(torch.zeros(1, channels, side, side))
    except RuntimeError:  # shapes that do not go together
        return False
    finally:
        network.train()
    return True


def _enter(fabric: Fabric, state: _State, recipe: Recipe, at: Position, run: Run) -> tuple[Any, Any]:
    """The network and the optimizer of a stage, wrapped by Fabric; in mid-stage with the checkpoint's momentum."""
    freeze(state.network, at.stage)
    network: Any = torch.compile(state.network, dynamic=False) if run.compile else state.network
    learning = [p for p in state.network.parameters() if p.requires_grad]
    wrapped, chosen = fabric.setup(network, optimizer(learning, recipe.optimizer))
    if at.rows and state.optimizer:
        chosen.load_state_dict(state.optimizer)
    return wrapped, chosen


def _lessons(fabric: Fabric, recipe: Recipe, train: Images) -> _Lessons:
    weight = class_weights(train.y, recipe)
    pixels = np.ascontiguousarray(train.pixels.transpose(0, 3, 1, 2))
    arrays = (pixels, train.targets(recipe), train.y, weight)
    return _Lessons(*(fabric.to_device(torch.from_numpy(array)) for array in arrays))


def _epoch(
    fabric: Fabric, state: _State, wrapped: Any, chosen: Any, spec: ModelSpec, recipe: Recipe, at: Position,
    lessons: _Lessons, run: Run,
) -> CurveRow:  # fmt: skip
    epoch, planned = len(state.curves), planned_epoch(recipe, at)
    generator = torch.Generator(fabric.device).manual_seed(recipe.seed * 100_003 + epoch)
    torch.manual_seed((recipe.seed * 100_003 + epoch) * fabric.world_size + fabric.global_rank)  # for dropout
    chance = np.random.default_rng([recipe.seed, epoch])  # for the shares of mixup
    rows = torch.from_numpy(epoch_rows(lessons.y.cpu().numpy(), recipe, epoch)).to(fabric.device)
    batches = rows.split(recipe.schedule.batch_size)
    side, alpha, rate = picture_size(recipe, spec.input.size, planned), mixup_alpha(recipe, planned), 0.0
    sums = torch.zeros(2, device=fabric.device)
    learn(state.network)
    for number, batch in enumerate(batches):
        rate = learning_rate(recipe, at, number / len(batches))
        for group in chosen.param_groups:
            group["lr"] = rate
        x = augment(lessons.pixels[batch].float(), recipe.augment, generator, side)
        x, targets, y = mixup(x, lessons.targets[batch], lessons.y[batch], alpha, generator, chance)
        own = slice(fabric.global_rank, None, fabric.world_size)  # this process's share of the batch
        logits = wrapped(_ready(x[own], spec)).float()
        loss = loss_sum(logits, targets[own], lessons.weight, recipe.regularise.label_smoothing)
        chosen.zero_grad()
        fabric.backward(loss * (fabric.world_size / len(batch)))  # DDP takes the processes' mean
        chosen.step()
        _average(state, recipe)
        sums += torch.stack([loss.detach(), (logits.argmax(1) == y[own]).sum()])
        run.step(epoch * len(batches) + number + 1, recipe.schedule.epochs * len(batches))
    means = (cast(Tensor, fabric.all_reduce(sums, reduce_op="sum")) / len(rows)).tolist()
    row = {"epoch": epoch + 1, "learning_rate": rate, "train_loss": means[0], "train_accuracy": means[1]}
    return row | ({"stage": at.number + 1} if recipe.stages else {})


def _average(state: _State, recipe: Recipe) -> None:
    state.steps += 1
    if decay := recipe.regularise.ema:
        follow(state.average, state.network, min(decay, (1 + state.steps) / (10 + state.steps)))


def _ready(x: Tensor, spec: ModelSpec) -> Tensor:
    """Pixels (N, c, s, s) in 0..255 as the network's input, channels last in memory."""
    mean, std = (torch.tensor(v, device=x.device).view(1, -1, 1, 1) for v in (spec.input.mean, spec.input.std))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _judge(fabric: Fabric, network: nn.Module, spec: ModelSpec, pixels: Tensor, y: Tensor, size: int = 256) -> CurveRow:
    network.eval()
    logits = []
    for part in pixels.split(size):
        with fabric.autocast():
            logits.append(network(normalise(part.float(), spec.input).permute(0, 3, 1, 2)).float())
    scores = torch.cat(logits)
    accuracy = float((scores.argmax(1) == y).float().mean())
    return {"public_loss": float(functional.cross_entropy(scores, y)), "public_accuracy": accuracy}


def _keep_best(state: _State, recipe: Recipe) -> None:
    if kept_epoch(recipe, state.curves) == state.curves[-1]["epoch"]:
        source = state.average if recipe.regularise.ema else state.network
        state.best = {
            k: v.detach().clone() for k, v in source.state_dict().items() if not k.endswith("num_batches_tracked")
        }


def _save(state: _State, path: Path) -> None:
    content: dict[str, Any] = {
        "network": state.network.state_dict(), "average": state.average.state_dict(), "optimizer": state.optimizer,
        "curves": state.curves, "best": state.best, "seconds": state.seconds, "steps": state.steps,
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
        state.network.load_state_dict(content["network"])
        state.average.load_state_dict(content["average"])
        for name in ("optimizer", "curves", "best", "seconds", "steps"):
            setattr(state, name, content[name])
    except (*DAMAGED, *_MISREAD) as error:
        raise damaged_checkpoint(path, error) from error
