"""A Keras run's checkpoint: one npz of models, optimizer, curves and best weights."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_core.unpacking import DAMAGED
from trainers.fitting import CurveRow, damaged_checkpoint
from trainers.keras_step import Models

CHECKPOINT, BEST, PROGRESS, OPTIMIZER = "last.npz", "best/", "progress", "optimizer/"


@dataclass
class Progress:
    """How far a run has come: the curves' rows, the best epoch's weights by name, wall seconds, optimizer steps."""

    curves: list[CurveRow] = field(default_factory=list)
    best: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: float = 0.0
    steps: int = 0


def read(path: Path) -> tuple[Progress, dict[str, np.ndarray]]:
    """The progress that a checkpoint tells of and its arrays by name; a fresh one and none where there is no file.

    Raises fitting.TrainingError where the file is damaged.
    """
    if not path.is_file():
        return Progress(), {}
    try:
        with np.load(path, allow_pickle=False) as content:
            stored = {name: content[name] for name in content.files}
        best = {name.removeprefix(BEST): stored.pop(name) for name in list(stored) if name.startswith(BEST)}
        told = json.loads(str(stored.pop(PROGRESS)))
        return Progress(told["curves"], best, told["seconds"], told.get("steps", 0)), stored
    except (*DAMAGED, ValueError, KeyError, TypeError) as error:
        raise damaged_checkpoint(path, error) from error


def restore(models: Models, stored: dict[str, np.ndarray], path: Path, within_stage: bool) -> None:
    """Nothing comes back; models, and `within_stage` the compiled optimizer too, are as the checkpoint left them."""
    models.learning.optimizer.build(models.learning.trainable_variables)
    try:
        for name, variable in _state(models).items():
            if within_stage or not name.startswith(OPTIMIZER):
                variable.assign(stored[name])
    except (ValueError, KeyError) as error:
        raise damaged_checkpoint(path, error) from error


def save(models: Models, progress: Progress, path: Path) -> None:
    """Writes the checkpoint beside its place, then renames it, so that a kill harms nothing.

    As npz and not as Keras's h5: on a full disk HDF5 ends the process with a segmentation fault.
    """
    content: dict[str, Any] = {name: keras.ops.convert_to_numpy(v) for name, v in _state(models).items()}
    content |= {BEST + name: array for name, array in progress.best.items()}
    told = {"curves": progress.curves, "seconds": progress.seconds, "steps": progress.steps}
    content[PROGRESS] = np.array(json.dumps(told))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"unfinished-{path.name}")
    np.savez(unfinished, **content)
    unfinished.replace(path)


def _state(models: Models) -> dict[str, Any]:
    """What a resumed run needs of the models and the built optimizer: every variable by a name of its own."""
    average = [] if models.average is None else models.average.weights
    parts = {"network/": models.network.weights, "average/": average, OPTIMIZER: models.learning.optimizer.variables}
    return {f"{part}{number}": variable for part, found in parts.items() for number, variable in enumerate(found)}
