"""What share of a chip's peak a training run used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fer_core import artifacts, catalog
from fer_core.types import ModelCard
from trainers.fitting import picture_size
from trainers.recipe import Recipe

PEAKS = {"NVIDIA H200": 989e12, "NVIDIA H100 80GB HBM3": 989e12, "NVIDIA A100": 312e12}
"""Dense bfloat16 operations a second by the beginning of the chip's name, from NVIDIA's data sheets."""
PASSES = 3
"""A training step computes an image forward, then the gradients of activations and of weights, each as much work."""


def share(card: ModelCard, multiply_adds: int, images_a_second: float) -> float | None:
    """The share of the chip's bfloat16 peak, 0..1, that a run of that card used; None where its peak is not known.

    `multiply_adds` are those of one face at the network's full size; pictures that the recipe shows smaller count as
    what they are, two operations a multiply-add. Judging, augmentation and waiting are in the seconds, so that a run
    which shared its chip used less than it could.
    """
    peak = next((peak for name, peak in PEAKS.items() if card.device.startswith(name)), None)
    if peak is None or "," in card.device or not card.epochs:
        return None
    recipe, full = Recipe.model_validate(dict(card.recipe)), catalog.spec(card.architecture).input.size
    sides = [picture_size(recipe, full, epoch) for epoch in range(card.epochs)]
    shown = float(np.mean(np.square(np.divide(sides, full))))
    return 2 * PASSES * multiply_adds * shown * images_a_second / peak


def note(folder: Path, card: ModelCard, multiply_adds: int) -> None:
    """Nothing comes back; the environment in an artifact's folder has the share, where there is one to tell."""
    file = folder / artifacts.ENVIRONMENT
    told = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    if "images_a_second" in told and (used := share(card, multiply_adds, told["images_a_second"])) is not None:
        file.write_text(json.dumps(told | {"share_of_peak": round(used, 4)}, indent=1) + "\n", "utf-8")
