"""From a recipe to an artifact: data, training, predictions, calibration, metrics, card; whole or not at all."""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import artifacts, catalog, kept_studies
from fer_core.cleaning import clean_index
from fer_core.datasets import SPLITS, Dataset
from fer_core.fer2013_source import SPLIT_COUNTS
from fer_core.predictor import BasePredictor
from fer_core.preprocess import to_pixels
from fer_core.types import DataCard, ModelCard, ModelSpec
from trainers import export
from trainers.evaluation import assess, build_reference, milliseconds_a_face, on_device, predict
from trainers.fitting import NONE, CurveRow, Fitted, Images, Run, TrainingError, class_indices
from trainers.recipe import Recipe
from trainers.run_notes import COMMITS, DEVICES, PRECISIONS, note, notes
from trainers.teaching import taught, teacher_key, teacher_sha256

LIBRARIES = (
    "keras", "tensorflow", "torch", "torchvision", "lightning-fabric", "onnx", "onnxscript", "openvino", "numpy",
    "pillow", "scikit-learn",
)  # fmt: skip
LICENCE = (
    "MIT for the code and weights; FER2013's pictures are under their collectors' terms and not part of this artifact"
)
TRAINING = SPLIT_COUNTS["Training"]


def train(
    id: str, recipe: Recipe, data: Dataset, run: Run, root: Path | None = None, home: Path | None = None
) -> ModelCard:
    """The card of the artifact that this run leaves at `root`/`id`; a failed run leaves a previous artifact alone.

    Its teacher, if any, is at `home`, or there too, or else the shipped one. Of several processes that torchrun
    started, those that only help to train end here, with exit status 0.
    """
    spec = catalog.spec(recipe.architecture)
    commit, teacher = code_version(), teacher_sha256(recipe.distil, home or root)  # now, whatever changes meanwhile
    fitted = fit_recipe(spec, recipe, data, _signed(run, commit), home or root)
    if not leads():
        sys.exit(0)
    with artifacts.writing(id, root) as folder:
        sha256, size = artifacts.save_weights(folder, fitted.weights)
        predictor = trained(spec, recipe, fitted)
        card = ModelCard(
            id=id, title=recipe.title, architecture=spec.id, framework=spec.framework, labels=recipe.emotions,
            parameters=predictor.parameters(), initial_weights=recipe.initial_weights,
            weights_sha256=sha256, weights_bytes=size, temperature=None, recipe=recipe.model_dump(mode="json"),
            data=data_card(data), epochs=len(fitted.curves), best_epoch=fitted.best_epoch,
            seconds=round(fitted.seconds, 1), device=_devices(run.folder, fitted.device), seed=recipe.seed,
            created=today(), commit=", ".join(notes(run.folder / COMMITS)) or commit, limits=recipe.limits,
            licence=LICENCE, teacher_sha256=teacher, learned_from=learned_from(recipe, data),
        )  # fmt: skip
        artifacts.save_curves(folder, fitted.curves)
        devices, precisions = (notes(run.folder / file) for file in (DEVICES, PRECISIONS))
        machine = environment(_then(devices, fitted.device), predictor) | _cost(fitted, card.images_learned)
        machine["precision"] = _then(precisions, fitted.precision)
        return leave(folder, card, predictor, data, machine, run.device)


def _signed(run: Run, commit: str) -> Run:
    """The run, whose folder says after each epoch by whose code it was trained."""

    def epoch(row: CurveRow) -> None:
        note(run.folder / COMMITS, commit)
        run.epoch(row)

    return replace(run, epoch=epoch)


def leads() -> bool:
    """Whether this process writes; of several that torchrun started, the first."""
    return os.environ.get("RANK", "0") == "0"


def leave(
    folder: Path, card: ModelCard, predictor: BasePredictor, data: Dataset, environment: dict[str, Any],
    device: str = "cpu",
) -> ModelCard:  # fmt: skip
    """The card with its temperature, once answers, evidence and card are in the artifact's folder.

    Studies of an artifact with the same weights that it takes the place of are there too.
    """
    stored = predict(on_device(predictor, device), data)
    on_device(predictor, "cpu")
    temperature, reports = assess(card, stored, build_reference(data))
    artifacts.save_predictions(folder, stored)
    artifacts.save_evidence(folder, reports, environment)
    card = replace(card, temperature=temperature)
    export.leave(folder, card, predictor, stored, data)
    kept_studies.carry(folder, card)
    artifacts.save_card(folder, card)
    return card


def images(data: Dataset, spec: ModelSpec, recipe: Recipe) -> Images:
    """What a trainer learns from: pixels at the network's size, labels as 0..K-1; rows of other labels left out."""
    y = class_indices(data.labels, recipe.emotions)
    known = y != NONE
    return Images(to_pixels(data.faces[known], spec.input), y[known].astype(np.int64))


def few(data: Dataset) -> Dataset:
    """The first 512 images of each split."""
    chosen = [np.flatnonzero(data.splits == number)[:512] for number in range(len(SPLITS))]
    return data.subset(np.concatenate(chosen))


def smoke(recipe: Recipe, data: Dataset) -> tuple[Recipe, Dataset]:
    """The recipe cut to one epoch a stage and the data to `few`: to see a run to its end in a minute."""
    stages = tuple(stage.model_copy(update={"epochs": 1}) for stage in recipe.stages)
    short = recipe.schedule.model_copy(update={"epochs": len(stages) or 1, "warmup_epochs": 0.0})
    fewer = recipe.sampling.of_fewer(512 / TRAINING)
    mixed = recipe.regularise.model_copy(update={"mixup_off": 0})  # else its one epoch would be one without mixup
    update = {"schedule": short, "stages": stages, "sampling": fewer, "regularise": mixed}
    return recipe.model_copy(update=update), few(data)


def checkpoint_folder(
    runs: Path, id: str, recipe: Recipe, data: Dataset, restart: bool, root: Path | None = None
) -> Path:
    """The folder for this run's checkpoint, keyed by recipe, data and its teacher at `root`, if any.

    So no other run resumes it. TrainingError where the teacher is absent.
    """
    content = recipe.model_dump_json(exclude_defaults=True)  # so that a new key of recipes leaves old runs their place
    content += data.sha256 + teacher_key(recipe.distil, root)
    key = hashlib.sha256(content.encode()).hexdigest()[:12]
    folder = runs / f"{id}-{key}"
    if restart:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fit_recipe(spec: ModelSpec, recipe: Recipe, data: Dataset, run: Run, root: Path | None) -> Fitted:
    """What the recipe makes of the data's Training images, from its initial weights and with its teacher, if any.

    The teacher is an artifact at `root`. TrainingError where the data, the weights or the teacher are not to be had.
    """
    fit: Callable[..., Fitted] = importlib.import_module(f"trainers.fit_{spec.framework}").fit
    learned, judged = lessons(recipe, data), data.split("PublicTest")
    for part, name in ((learned, "Training"), (judged, "PublicTest")):  # judged on the official images, always
        if not len(part):
            raise TrainingError(f"The data have no {name} images: training needs both Training and PublicTest.")
    train = images(learned, spec, recipe)
    if recipe.distil:
        train = replace(train, soft=taught(recipe, learned, run, root))
    start = replace(run, begin=lambda network: begin(recipe, network))
    return fit(spec, recipe, train, images(judged, spec, recipe), start)


def learned_from(recipe: Recipe, data: Dataset) -> int:
    """How many of the data's Training images the recipe learns from: those of its labels that it does not leave out."""
    return int((class_indices(lessons(recipe, data).labels, recipe.emotions) != NONE).sum())


def lessons(recipe: Recipe, data: Dataset) -> Dataset:
    """The data's Training images that the recipe does not leave out as damaged or copied, of whatever label."""
    return data.subset(clean_index(data, recipe.images)).split("Training")


def begin(recipe: Recipe, network: Any) -> None:
    """Puts the recipe's initial weights into a freshly built network; TrainingError where they cannot be had."""
    if recipe.initial_weights == "random":
        return
    try:
        catalog.start_from_imagenet(recipe.architecture, network)
    except (OSError, ImportError, ValueError) as error:
        raise TrainingError(
            f"{recipe.architecture} cannot start from {recipe.initial_weights} weights here: {error} "
            "Train where they can be had, or from scratch with --init random; the model is then named so everywhere."
        ) from error


def trained(spec: ModelSpec, recipe: Recipe, fitted: Fitted) -> BasePredictor:
    """A predictor with the weights as the artifact keeps them, so that its figures are those of what is shipped."""
    predictor = catalog.untrained(spec.id, recipe.emotions)
    predictor.load_weights(artifacts.stored_precision(fitted.weights))
    return catalog.with_test_time(predictor, recipe.test_time)


def data_card(data: Dataset) -> DataCard:
    """What a card says of the data."""
    counts = {name: int((data.splits == number).sum()) for number, name in enumerate(SPLITS)}
    return DataCard(f"FER2013 ({data.form})", data.sha256, counts)


def today() -> str:
    """The date, as a card has it."""
    return datetime.now(UTC).date().isoformat()


def environment(device: str, predictor: BasePredictor) -> dict[str, Any]:
    """The machine, the libraries' versions, and how long a face takes here."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "device": device,
        "milliseconds_a_face": milliseconds_a_face(predictor),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
    }


def _cost(fitted: Fitted, n: int) -> dict[str, float]:
    """What training on `n` images cost: seconds an epoch, judging included, and images a second, repeats apart."""
    seconds = fitted.seconds / len(fitted.curves)
    return {"seconds_an_epoch": round(seconds, 2), "images_a_second": round(n / max(seconds, 1e-9), 1)}


def device_name(kind: str) -> str:
    """The processor's name for a run on the CPU, else what the trainer said."""
    return f"CPU: {_processor()}" if kind == "cpu" else kind


def _devices(folder: Path, last: str) -> str:
    """The names of all devices that trained epochs of this run, first to last; or of the one that ended it."""
    return _then([device_name(kind) for kind in notes(folder / DEVICES)], device_name(last))


def _then(noted: list[str], last: str) -> str:
    """What the epochs of a run noted, first to last; or of one that noted nothing, what holds at its end."""
    return ", then ".join(noted or [last])


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} x {len(names)}" if names else platform.processor()


def code_version() -> str:
    """The commit of this code, with "+changes" where files of the working tree differ from it.

    A copy that was made without its history, as for a lent machine, says it by the variable SEVEN_FACES_COMMIT.
    """
    here = Path(__file__).resolve().parent
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+changes"]
    try:
        found = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return os.environ.get("SEVEN_FACES_COMMIT", "unknown")
    return found.stdout.strip() or os.environ.get("SEVEN_FACES_COMMIT", "unknown")
