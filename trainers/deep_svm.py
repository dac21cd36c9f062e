"""A support vector machine on a trained network's deep features, put back as that network's last layer.

Tang 2013, Deep Learning using Linear Support Vector Machines (arXiv:1306.0239), won FER2013's challenge so, the network
below learning through the machine's loss; here it is fitted afterwards.
Why the artifact holds a linear machine alone: docs/decisions/0003-deep-svm.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from fer_core import artifacts, catalog, datasets
from fer_core.cleaning import clean_index
from fer_core.datasets import Dataset
from fer_core.types import Float32, ModelCard
from trainers.fitting import NONE, TrainingError, class_indices
from trainers.run import code_version, data_card, environment, leave, today

COSTS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""C of the linear machine; features come standardised."""
KERNEL_COSTS = (0.3, 1.0, 3.0)
KERNEL_IMAGES = 5000
"""An exact RBF machine's time grows with the square of the images and more: it is compared on so many of them."""


@dataclass(frozen=True, eq=False)
class Features:
    """What the last layer is given: `x` float32 (N, d) and labels `y` int64 (N,) in 0..K-1."""

    x: Float32
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Trial:
    """One machine: kernel, C, images it was fitted on, and its accuracy on PublicTest."""

    kernel: str
    cost: float
    images: int
    public_accuracy: float


@dataclass(frozen=True, eq=False)
class LinearMachine:
    """One hyperplane a class, against all others: logits are `x @ weight.T + bias`, float32 (K, d) and (K,)."""

    weight: Float32
    bias: Float32
    trial: Trial


def fit_linear(train: Features, public: Features, cost: float) -> LinearMachine:
    """The linear machine of that C on standardised features, the standardising folded into its weights."""
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    scaler = StandardScaler().fit(train.x)
    machine = LinearSVC(C=cost, dual=False, max_iter=2000).fit(scaler.transform(train.x), train.y)
    weight = machine.coef_ / scaler.scale_
    bias = machine.intercept_ - weight @ scaler.mean_
    right = (public.x @ weight.T + bias).argmax(axis=1) == public.y
    trial = Trial("linear", cost, len(train), float(right.mean()))
    return LinearMachine(np.asarray(weight, np.float32), np.asarray(bias, np.float32), trial)


def try_kernel(train: Features, public: Features, cost: float) -> Trial:
    """How an exact RBF machine of that C does on PublicTest; gamma is 1 / d, of standardised features."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    machine = make_pipeline(StandardScaler(), SVC(C=cost, gamma=1 / train.x.shape[1])).fit(train.x, train.y)
    return Trial("rbf", cost, len(train), float(machine.score(public.x, public.y)))


def choose(
    train: Features, public: Features, kernel_images: int = KERNEL_IMAGES, tell: Callable[[Trial], None] | None = None
) -> tuple[LinearMachine, list[Trial]]:
    """The linear machine that reads PublicTest best, and every trial; equally good, the smaller C.

    RBF machines are tried on `kernel_images` random images of Training, and linear ones on the same, to tell the two
    kernels apart; 0: none. `tell` hears of each trial at once.
    """
    trials: list[Trial] = []

    def note(trial: Trial) -> None:
        trials.append(trial)
        if tell:
            tell(trial)

    machines = []
    for cost in COSTS:
        machines.append(fit_linear(train, public, cost))
        note(machines[-1].trial)
    few = np.random.default_rng(0).permutation(len(train))[:kernel_images]
    part = Features(train.x[few], train.y[few])
    for cost in COSTS if 0 < len(part) < len(train) else ():
        note(fit_linear(part, public, cost).trial)
    for cost in KERNEL_COSTS if len(part) else ():
        note(try_kernel(part, public, cost))
    return max(machines, key=lambda machine: machine.trial.public_accuracy), trials


def make(
    source: str, data: Dataset, root: Path | None = None, kernel_images: int = KERNEL_IMAGES,
    tell: Callable[[Trial], None] | None = None,
) -> ModelCard:  # fmt: skip
    """The card of artifact `source`-svm: the same network with the machine for its last layer, and its evidence.

    TrainingError where the source is no PyTorch artifact, has no linear layer last, or learned from other data.
    """
    began, card = time.monotonic(), _checked(source, data, root)
    predictor, network, name = _network(card, artifacts.weights(source, root))
    lessons = data.subset(clean_index(data, card.recipe.get("images", "official"))).split("Training")
    train, public = (_features(predictor, network, card, part) for part in (lessons, data.split("PublicTest")))
    if missing := sorted(set(range(len(card.labels))) - set(train.y.tolist())):
        raise TrainingError(f"Expected Training images of every emotion, got none of {card.labels[missing[0]]!r}.")
    machine, trials = choose(train, public, kernel_images, tell)
    weights = predictor.weights() | {f"{name}.weight": machine.weight, f"{name}.bias": machine.bias}
    predictor.load_weights(artifacts.stored_precision(weights))
    seconds = time.monotonic() - began
    with artifacts.writing(f"{source}-svm", root) as folder:
        sha256, size = artifacts.save_weights(folder, weights)
        new = replace(
            card, id=f"{source}-svm", title=f"{card.title}, SVM", weights_sha256=sha256,
            weights_bytes=size, temperature=None, recipe=_recipe(card, machine, trials, seconds),
            data=data_card(data), seconds=round(card.seconds + seconds, 1), created=today(), commit=code_version(),
        )  # fmt: skip
        artifacts.save_curves(folder, artifacts.curves(source, root))  # of the network that made the features
        shown = catalog.with_test_time(predictor, card.recipe.get("test_time", "none"))
        return leave(folder, new, shown, data, environment("cpu", shown))


def _checked(source: str, data: Dataset, root: Path | None) -> ModelCard:
    card = artifacts.card(source, root)
    if card.framework != "torch" or "svm" in card.recipe:
        raise TrainingError(f"Expected the artifact of a PyTorch network with its own last layer, got {source!r}.")
    if card.data.sha256 != data.sha256:
        raise TrainingError(
            f"{source!r} learned from data of sha256 {card.data.sha256[:12]}…, these have {data.sha256[:12]}…: what it "
            f"has seen may be among these test images. Train it again: python -m trainers train {source}"
        )
    return card


def _network(card: ModelCard, weights: dict[str, np.ndarray]) -> tuple[Any, Any, str]:
    """A predictor with these weights, its network, and the name of the network's last layer."""
    from torch import nn

    from fer_core.torch_backend import TorchPredictor

    network = catalog.network(card.architecture, len(card.labels))
    name, last = list(network.named_modules())[-1]
    if not isinstance(last, nn.Linear):
        raise TrainingError(f"Expected a linear layer last, {card.architecture!r} ends in {type(last).__name__}.")
    predictor = TorchPredictor(catalog.spec(card.architecture), card.labels, network)
    predictor.load_weights(weights)
    return predictor, network, name


def _features(predictor: Any, network: Any, card: ModelCard, part: Dataset) -> Features:
    y = class_indices(part.labels, card.labels)
    kept: list[np.ndarray] = []
    last = list(network.modules())[-1]
    hook = last.register_forward_pre_hook(lambda _layer, inputs: kept.append(inputs[0].float().cpu().numpy()))
    try:
        predictor.predict_logits(np.repeat(part.faces[y != NONE][..., None], 3, axis=-1))
    finally:
        hook.remove()
    if not kept:
        raise TrainingError("The data have no Training or no PublicTest images: an SVM needs both.")
    return Features(np.concatenate(kept), y[y != NONE].astype(np.int64))


def _recipe(card: ModelCard, machine: LinearMachine, trials: list[Trial], seconds: float) -> dict[str, Any]:
    """The source's recipe, and what was done to its last layer."""
    svm = {
        "source": card.id, "source_sha256": card.weights_sha256, "kernel": "linear", "cost": machine.trial.cost,
        "features": machine.weight.shape[1], "seconds": round(seconds, 1),
        "tried": [f"{t.kernel}, C {t.cost:g}, {t.images:,} images: {t.public_accuracy:.2%}" for t in trials],
        "command": f"python -m trainers svm {card.id}",
    }  # fmt: skip
    return {**card.recipe, "title": f"{card.title}, SVM", "svm": svm}


def command(
    source: Annotated[str, typer.Argument(help="a PyTorch artifact's id")],
    data: Annotated[Path | None, typer.Option("--data", help="FER2013; else FER2013_PATH")] = None,
    kernel_images: Annotated[
        int, typer.Option(min=0, help="Training images for the RBF comparison; 0: none")
    ] = KERNEL_IMAGES,
    out: Annotated[Path | None, typer.Option(help="where artifacts are; else artifacts/")] = None,
) -> None:
    """Fit an SVM on a network's features and leave it as the artifact SOURCE-svm; C is chosen on PublicTest."""
    console, table = Console(), Table("kernel", "C", "images", "PublicTest")

    def tell(trial: Trial) -> None:
        table.add_row(trial.kernel, f"{trial.cost:g}", f"{trial.images:,}", f"{trial.public_accuracy:.2%}")

    with console.status("fitting support vector machines"):
        card = make(source, datasets.load(data), out, kernel_images, tell)
    console.print(table)
    console.print(f"{card.id}: C {card.recipe['svm']['cost']:g}. Its figures: python -m trainers evaluate {card.id}")
