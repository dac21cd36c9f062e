"""Caches of what an artifact keeps beside its card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.cache.evidence import rater_of, reference_in
from fer_core import artifacts, evidence, multiply_adds
from fer_core.metrics import EvaluationReport
from fer_core.types import ModelCard


@dataclass(frozen=True, eq=False)
class Stored:
    """All that an artifact keeps beside its card, empty where it cannot be read, and in words what is wrong."""

    reports: dict[str, EvaluationReport]
    curves: list[dict[str, float]]
    environment: dict[str, Any]
    has_weights: bool
    multiply_adds: int | None
    problems: tuple[str, ...]


def stored(card: ModelCard) -> Stored:
    """What the artifact of that card keeps; never an error."""
    return _stored(card, card.id, str(artifacts.default_root()), artifacts.changed(card.id))


@st.cache_resource(show_spinner=False, max_entries=200)
def _stored(_card: ModelCard, id: str, root: str, changed: int) -> Stored:
    found: list[Any] = []
    problems = []
    for read in (evidence.stored_reports, artifacts.curves, artifacts.environment):
        try:
            found.append(read(id, Path(root)))
        except (ValueError, TypeError, AttributeError) as error:  # JSON of another shape than ours
            found.append([] if read is artifacts.curves else {})
            mine = isinstance(error, artifacts.ArtifactError)
            problems.append(str(error) if mine else f"What {id!r} keeps has another shape than expected. {error}")
    if reference_in(root) is not None and rater_of(_card, id, root, changed) is None:
        problems.append(
            f"The stored answers of {id!r} cannot be read or lack images. "
            f"Make them with: python -m trainers evaluate {id} --predict"
        )
    work = multiply_adds.of_model(_card, Path(root))
    return Stored(found[0], found[1], found[2], artifacts.has_weights(id, Path(root)), work, tuple(problems))


def weight_shapes(card: ModelCard) -> dict[str, tuple[int, ...]]:
    """The shape of every weight by its name; ArtifactError where the weights are absent or damaged."""
    return _weight_shapes(card.id, str(artifacts.default_root()), card.weights_sha256)


@st.cache_data(show_spinner=False, max_entries=200)
def _weight_shapes(id: str, root: str, sha256: str) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in artifacts.weights(id, Path(root)).items()}
