"""The table of architectures, and the way from a name to a predictor."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core import artifacts
from fer_core.types import EMOTIONS, InputSpec, ModelSpec, unknown

if TYPE_CHECKING:
    from fer_core.predictor import BasePredictor

_GREY_48 = InputSpec(size=48, channels=1)
_COPENHAGEN = "Krebs et al., Emotion Detection, University of Copenhagen 2024"

_SPECS = (
    ModelSpec("keras-native", "Native Keras CNN", "keras", "fer_core.models.keras_native:build", _GREY_48, 232_803, "conv_4", _COPENHAGEN),
    ModelSpec("torch-native", "Native PyTorch CNN", "torch", "fer_core.models.torch_native:build", _GREY_48, 599_815, "2.4", _COPENHAGEN),
)  # fmt: skip

CATALOG: dict[str, ModelSpec] = {spec.id: spec for spec in _SPECS}


def spec(id: str) -> ModelSpec:
    """The architecture of that id; KeyError with the nearest id where there is none."""
    if id not in CATALOG:
        raise KeyError(unknown("architecture", id, CATALOG))
    return CATALOG[id]


def network(id: str, classes: int = len(EMOTIONS)) -> Any:
    """A freshly built network of that architecture, in its framework's own type, logits out."""
    architecture = spec(id)
    module, function = architecture.build.split(":")
    return getattr(importlib.import_module(module), function)(classes=classes, **architecture.options)


def untrained(id: str, labels: tuple[str, ...] = EMOTIONS, seed: int = 0) -> BasePredictor:
    """A predictor with that architecture's initial weights of that seed: for training, tests and sanity checks."""
    backend = _backend(spec(id).framework)
    backend.seed(seed)
    return backend.make(spec(id), labels, network(id, len(labels)), None)


def load(id: str, root: Path | None = None) -> BasePredictor:
    """The predictor of the artifact of that id, weights checked against its card.

    Raises artifacts.ArtifactError, naming the file and the remedy, where the artifact is absent, damaged or made for
    another architecture.
    """
    card = artifacts.card(id, root)
    architecture = spec(card.architecture)
    predictor = _backend(architecture.framework).make(
        architecture, card.labels, network(architecture.id, len(card.labels)), card.temperature
    )
    try:
        predictor.load_weights(artifacts.weights(id, root))
    except ValueError as error:
        raise artifacts.ArtifactError(
            f"Artifact {id!r} does not fit {architecture.id!r}. {error} Train it again."
        ) from error
    return predictor


def _backend(framework: str) -> Any:
    return importlib.import_module(f"fer_core.{framework}_backend")
