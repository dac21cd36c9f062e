"""What a process of test_keras_backends does on its Keras backend: train, predict, answer with given weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_core import catalog
from fer_core.catalog import CATALOG
from fer_core.types import EMOTIONS
from tests.conftest import TINY, banded
from trainers.fitting import Images, Run
from trainers.recipe import Recipe

FACES = np.repeat(np.stack([banded(n, np.random.default_rng(n)) for n in range(7)])[..., None], 3, axis=-1)
RECIPE = {
    "title": "A test",
    "architecture": "tiny-keras",
    "optimizer": {"name": "adamw", "learning_rate": 0.02, "weight_decay": 0.01},
    "schedule": {"epochs": 3, "batch_size": 16, "warmup_epochs": 1},
    "augment": {"rotate_degrees": 3, "scale": [0.95, 1.05], "contrast": 0.1},
    "regularise": {"mixup": 0.1, "mixup_off": 1, "label_smoothing": 0.05, "ema": 0.5},
    "stages": [{"epochs": 2, "train": "all"}, {"epochs": 1, "train": "layers", "count": 3, "learning_rate": 0.005}],
}


def lessons() -> tuple[Images, Images]:
    """Images that a network of any kind can tell apart."""
    chance = np.random.default_rng(0)
    parts = []
    for size in (8, 4):
        y = chance.permutation(np.repeat(np.arange(7), size))
        parts.append(Images(np.stack([banded(int(label), chance) for label in y])[..., None], y.astype(np.int64)))
    return parts[0], parts[1]


def answers(weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """Everything that a predictor can be asked, with those weights."""
    predictor = catalog.untrained("tiny-keras")
    predictor.load_weights(weights)
    maps = [predictor.grad_cam(FACES, emotion) for emotion in EMOTIONS]  # of one emotion alone all may be empty
    return {
        "logits": predictor.predict_logits(FACES),
        "gradient": predictor.input_gradient(FACES, "happy"),
        "grad_cam": np.stack([one.values * one.maxima[:, None, None] for one in maps]),
    }


def main(folder: Path) -> None:
    """Leaves answers.npz of weights.npz's network; a run's weights, its curves' ends and its answers in trained.npz."""
    CATALOG["tiny-keras"] = TINY["keras"]
    with np.load(folder / "weights.npz") as content:
        np.savez(folder / "answers.npz", **answers({name: content[name] for name in content.files}))
    from trainers import fit_keras

    recipe = Recipe.model_validate(RECIPE)
    fitted = fit_keras.fit(catalog.spec("tiny-keras"), recipe, *lessons(), Run(folder / "run"))
    ends = np.array([fitted.curves[n][k] for n in (0, -1) for k in ("train_loss", "public_loss", "public_accuracy")])
    trained: dict[str, Any] = {f"weights:{name}": array for name, array in fitted.weights.items()}
    trained |= {f"answers:{name}": array for name, array in answers(dict(fitted.weights)).items()}
    np.savez(folder / "trained.npz", ends=ends, backend=np.array(keras.config.backend()), **trained)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
