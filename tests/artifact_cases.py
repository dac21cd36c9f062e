"""A small artifact for the tests of how artifacts are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_core import artifacts
from fer_core.artifacts import StoredPredictions
from fer_core.types import DataCard, ModelCard

WEIGHTS = {
    "kernel": np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4),
    "bias": np.array([0.1, -2.5, 1e-3], np.float32),
    "variance": np.array([3.0, 1e5], np.float32),  # more than float16's 65,504
}
STORED = StoredPredictions(
    ids=np.array([28709, -1, 32298], np.int32),
    truth=np.array([3, 0, 4], np.uint8),
    splits=np.array([1, 1, 2], np.uint8),
    probabilities=np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], np.float32),
)
CURVES = [
    {"epoch": 1.0, "learning_rate": 0.01, "train_loss": 1.9459101},
    {"epoch": 2.0, "learning_rate": 0.005, "train_loss": 1.5},
]
CARD = ModelCard(
    id="torch-native", title="A test", architecture="torch-native", framework="torch", labels=("happy", "sad"),
    parameters=29, initial_weights="random", weights_sha256="", weights_bytes=0, temperature=1.25, recipe={"seed": 3},
    data=DataCard("FER2013 (fer2013.csv)", "ab" * 32, {"Training": 3}), epochs=2, best_epoch=1, seconds=1.5,
    device="cpu", seed=3, created="2026-01-01", commit="unknown", limits=("Nothing to rely on.",), licence="MIT",
)  # fmt: skip


def fill(folder: Path, id: str = "torch-native", title: str = "A test") -> None:
    """Everything that an artifact has."""
    sha256, size = artifacts.save_weights(folder, WEIGHTS)
    artifacts.save_predictions(folder, STORED)
    artifacts.save_curves(folder, CURVES)
    artifacts.save_evidence(folder, {"PublicTest": {"n": 2}}, {"python": "3.11"})
    artifacts.save_card(folder, replace(CARD, id=id, title=title, weights_sha256=sha256, weights_bytes=size))


def make(root: Path, id: str = "torch-native", title: str = "A test") -> Path:
    with artifacts.writing(id, root) as folder:
        fill(folder, id, title)
    return root / id


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below, hidden ones too, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
