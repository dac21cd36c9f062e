"""Small runs of both trainers, for the tests of what they promise."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core import catalog
from trainers.fitting import CurveRow, Fitted, Images, Run
from trainers.recipe import Recipe

FRAMEWORKS = ("torch", "keras")
STEPS = 4
"""Batches an epoch: 56 images in batches of 16."""
RECIPE = """
title = "A test"
architecture = "tiny-keras"
[optimizer]
learning_rate = 0.03
[schedule]
epochs = 4
batch_size = 16
"""
"""A recipe's file for the tiny Keras network."""


def recipe_of(framework: str, **tables: Any) -> Recipe:
    """A recipe of three epochs for the tiny network; keywords add to its tables."""
    content: dict[str, Any] = {"title": "A test", "architecture": f"tiny-{framework}", "seed": 7}
    content["optimizer"] = {"learning_rate": 0.03} | tables.pop("optimizer", {})
    content["schedule"] = {"epochs": 3, "batch_size": 16} | tables.pop("schedule", {})
    return Recipe.model_validate(content | tables)


def fit(recipe: Recipe, lessons: tuple[Images, Images], folder: Path, **listeners: Any) -> Fitted:
    """What the recipe's trainer makes of the lessons; on the CPU."""
    spec = catalog.spec(recipe.architecture)
    trainer = importlib.import_module(f"trainers.fit_{spec.framework}")
    fitted: Fitted = trainer.fit(spec, recipe, *lessons, replace(Run(folder, device="cpu"), **listeners))
    return fitted


def assert_same(one: Fitted, other: Fitted, tolerance: float = 1e-6) -> None:
    """The weights and the curves are equal, times apart."""
    assert one.weights.keys() == other.weights.keys()
    for name, array in one.weights.items():
        np.testing.assert_allclose(array, other.weights[name], rtol=0, atol=tolerance, err_msg=name)
    for row, twin in zip(one.curves, other.curves, strict=True):
        assert {k: v for k, v in row.items() if k != "seconds"} == pytest.approx(
            {k: v for k, v in twin.items() if k != "seconds"}, abs=1e-4
        )


def differ(one: Fitted, other: Fitted) -> bool:
    return any(not np.allclose(array, other.weights[name], atol=1e-4) for name, array in one.weights.items())


def everything(framework: str) -> Recipe:
    """A recipe in which chance plays all its parts: order, augmentation, mixup, dropout; and an average follows."""
    return recipe_of(
        framework,
        schedule={"warmup_epochs": 0.5},
        augment={
            "flip": True,
            "rotate_degrees": 5,
            "scale": [0.95, 1.05],
            "shift": 0.02,
            "contrast": 0.1,
            "erase": 0.2,
        },
        regularise={"mixup": 0.2, "label_smoothing": 0.1, "class_weights": "inverse", "ema": 0.9},
    )


@dataclass(frozen=True)
class Straight:
    """A run that nobody stopped, and what it told its listeners."""

    recipe: Recipe
    fitted: Fitted
    folder: Path
    steps: list[tuple[int, int]]
    rows: list[CurveRow]


class Killed(BaseException):
    """What stands for a kill; no code of ours may catch it."""


def killer(at: int) -> Callable[..., None]:
    """A listener that ends the process's work when it is called for the `at`-th time."""
    calls = iter(range(1, at + 1))

    def listen(*_: object) -> None:
        if next(calls) == at:
            raise Killed

    return listen
