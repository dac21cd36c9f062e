"""From a recipe to an artifact: data, training, predictions, calibration, metrics, card; whole or not at all."""

from __future__ import annotations

import hashlib
import importlib
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import artifacts, catalog
from fer_core.cleaning import clean_index
from fer_core.datasets import SPLITS, Dataset
from fer_core.predictor import BasePredictor
from fer_core.preprocess import to_pixels
from fer_core.types import EMOTIONS, DataCard, ModelCard, ModelSpec
from trainers.evaluation import assess, build_reference, milliseconds_a_face, predict
from trainers.fitting import Fitted, Images, Run, TrainingError
from trainers.recipe import Recipe

LIBRARIES = ("keras", "tensorflow", "torch", "torchvision", "lightning-fabric", "numpy", "pillow", "scikit-learn")
LICENCE = (
    "MIT for the code and weights; FER2013's pictures are under their collectors' terms and not part of this artifact"
)
NONE = 255
"""The true label is none of the model's."""


def train(id: str, recipe: Recipe, data: Dataset, run: Run, root: Path | None = None) -> ModelCard:
    """The card of the artifact that this run leaves at `root`/`id`; a failed run leaves a previous artifact alone."""
    spec = catalog.spec(recipe.architecture)
    if recipe.initial_weights != "random":
        start = recipe.initial_weights
        raise TrainingError(
            f"{recipe.architecture} has no {start} weights to start from. Set initial_weights to random."
        )
    fitted = _fit(spec, recipe, data, run)
    with artifacts.writing(id, root) as folder:
        sha256, size = artifacts.save_weights(folder, fitted.weights)
        predictor = _trained(spec, recipe, fitted)
        card = ModelCard(
            id=id, title=recipe.title, architecture=spec.id, framework=spec.framework, labels=recipe.emotions,
            parameters=predictor.parameters(), initial_weights=recipe.initial_weights, weights_sha256=sha256,
            weights_bytes=size, temperature=None, recipe=recipe.model_dump(mode="json"), data=_data_card(data),
            epochs=len(fitted.curves), best_epoch=fitted.best_epoch, seconds=round(fitted.seconds, 1),
            device=_device(fitted.device), seed=recipe.seed, created=datetime.now(UTC).date().isoformat(),
            commit=_commit(), limits=recipe.limits, licence=LICENCE,
        )  # fmt: skip
        stored = predict(predictor, data)
        temperature, reports = assess(card, stored, build_reference(data))
        artifacts.save_predictions(folder, stored)
        artifacts.save_curves(folder, fitted.curves)
        artifacts.save_evidence(folder, reports, _environment(fitted, predictor))
        card = replace(card, temperature=temperature)
        artifacts.save_card(folder, card)
    return card


def class_indices(labels: np.ndarray, emotions: tuple[str, ...]) -> np.ndarray:
    """FER2013 labels as indices into `emotions`: uint8 (N,), `NONE` where a label is none of them."""
    table = np.array([emotions.index(e) if e in emotions else NONE for e in EMOTIONS], np.uint8)
    return table[labels]


def images(data: Dataset, spec: ModelSpec, recipe: Recipe) -> Images:
    """What a trainer learns from: pixels at the network's size, labels as 0..K-1; rows of other labels left out."""
    y = class_indices(data.labels, recipe.emotions)
    known = y != NONE
    return Images(to_pixels(data.faces[known], spec.input), y[known].astype(np.int64))


def smoke(recipe: Recipe, data: Dataset) -> tuple[Recipe, Dataset]:
    """The recipe cut to one epoch and the data to 512 images a part: to see a run through to its end in a minute."""
    chosen = [np.flatnonzero(data.splits == number)[:512] for number in range(len(SPLITS))]
    short = recipe.schedule.model_copy(update={"epochs": 1, "warmup_epochs": 0.0})
    return recipe.model_copy(update={"schedule": short}), data.subset(np.concatenate(chosen))


def checkpoint_folder(runs: Path, id: str, recipe: Recipe, data: Dataset, restart: bool) -> Path:
    """The folder for this run's checkpoint, keyed by recipe and data, so that no other recipe resumes it."""
    key = hashlib.sha256((recipe.model_dump_json() + data.sha256).encode()).hexdigest()[:12]
    folder = runs / f"{id}-{key}"
    if restart:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fit(spec: ModelSpec, recipe: Recipe, data: Dataset, run: Run) -> Fitted:
    fit: Callable[..., Fitted] = importlib.import_module(f"trainers.fit_{spec.framework}").fit
    lessons = data.subset(clean_index(data, recipe.images))
    parts = [
        lessons.split("Training"),
        data.split("PublicTest"),
    ]  # judged on the official images, whatever is learned from
    for part, name in zip(parts, ("Training", "PublicTest"), strict=True):
        if not len(part):
            raise TrainingError(f"The data have no {name} images: training needs both Training and PublicTest.")
    return fit(spec, recipe, *(images(part, spec, recipe) for part in parts), run)


def _trained(spec: ModelSpec, recipe: Recipe, fitted: Fitted) -> BasePredictor:
    """A predictor with the weights as the artifact keeps them, so that its figures are those of what is shipped."""
    predictor = catalog.untrained(spec.id, recipe.emotions)
    predictor.load_weights(artifacts.stored_precision(fitted.weights))
    return predictor


def _data_card(data: Dataset) -> DataCard:
    counts = {name: int((data.splits == number).sum()) for number, name in enumerate(SPLITS)}
    return DataCard(f"FER2013 ({data.form})", data.sha256, counts)


def _environment(fitted: Fitted, predictor: BasePredictor) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "device": fitted.device,
        "milliseconds_a_face": milliseconds_a_face(predictor),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
    }


def _device(kind: str) -> str:
    """The processor's name for a run on the CPU, else what the trainer said."""
    return f"CPU: {_processor()}" if kind == "cpu" else kind


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} x {len(names)}" if names else platform.processor()


def _commit() -> str:
    here = Path(__file__).resolve().parent
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        found = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return "unknown"
    return found.stdout.strip() or "unknown"
