"""Caches of what explains the models: stored studies, landmarks of FER2013's faces, and the maps made on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.cache.fer2013 import dataset, picture
from dashboard.cache.models import predictor
from dashboard.cache.photos import detector
from fer_core import artifacts, average_maps, inside, overlay, saliency, saliency_checks, what_if
from fer_core.types import Float32, ModelCard


def what_if_studies() -> dict[str, what_if.Study]:
    """The what-if study of every artifact that has one that can be read, by id."""
    return {id: one for id, one in _all(what_if.study).items() if not isinstance(one, str)}


def average_map_studies() -> dict[str, average_maps.Study]:
    """The average maps of every artifact that has some that can be read, by id."""
    return {id: one for id, one in _all(average_maps.study).items() if not isinstance(one, str)}


def _all(read: Callable[[str, Path], Any]) -> dict[str, Any]:
    root = str(artifacts.default_root())
    return {id: _study(read.__module__, id, root, artifacts.changed(id), read) for id in artifacts.ids()}


@st.cache_resource(show_spinner=False, max_entries=400)
def _study(kind: str, id: str, root: str, changed: int, _read: Callable[[str, Path], Any]) -> Any:
    try:
        return _read(id, Path(root))
    except artifacts.ArtifactError as error:
        return str(error)


def mean_faces() -> average_maps.Faces | None:
    """FER2013's mean faces; None where nobody made them."""
    return _mean_faces(str(artifacts.default_root()), artifacts.changed(artifacts.REFERENCE))


@st.cache_resource(show_spinner=False, max_entries=8)
def _mean_faces(root: str, changed: int) -> average_maps.Faces | None:
    return average_maps.mean_faces(Path(root))


def points_of_picture(id: int) -> Float32 | None:
    """The landmarks of FER2013's face of that row, float32 (5, 2) in its pixels; None where they are not found."""
    found = dataset()
    return _points(found.sha256, id) if found else None


@st.cache_data(show_spinner="Looking for eyes, nose and mouth …", max_entries=2000)
def _points(sha256: str, id: int) -> Float32 | None:
    grey = picture(id)
    return None if grey is None else overlay.look_for_points(detector(), grey[..., None].repeat(3, axis=2))


def without(kind: Mapping[str, object]) -> list[str]:
    """The ids of the artifacts that are not among these studies."""
    return [id for id in artifacts.ids() if id not in kind]


@st.cache_data(show_spinner=False, max_entries=200)
def methods_of(id: str, weights_sha256: str) -> tuple[str, ...]:
    """The methods that a model can answer, by id; its network is loaded for it."""
    return saliency.available(predictor(id, weights_sha256))


def first_kernels(card: ModelCard) -> inside.Kernels | str:
    """A model's first kernels before and after training; in words why there are none."""
    return _first_kernels(card.id, card.weights_sha256, card)


@st.cache_resource(show_spinner=False, max_entries=32)
def _first_kernels(id: str, weights_sha256: str, _card: ModelCard) -> inside.Kernels | str:
    try:
        return inside.kernels(_card, predictor(id, weights_sha256))
    except (ValueError, OSError, ImportError) as error:
        return str(error)


def sanity_studies() -> dict[str, saliency_checks.Sanity]:
    """What the check against random weights found, by artifact; those that have it."""
    return {id: one for id, one in _all(saliency_checks.study).items() if not isinstance(one, str)}


def sanity_verdicts(id: str) -> dict[str, str]:
    """What is to be said against each method for that model, by the method's id; "" where it passed."""
    found = sanity_studies().get(id)
    judged = [one for one in found.outcomes if one.passed is not None] if found else []
    said = {one.method: "" if one.passed else "fails the sanity check" for one in judged}
    if found and found.places and not found.places.kept:
        for one in said:
            if saliency.METHODS[one].needs == "layer":
                said[one] = ", ".join(filter(None, [said[one], "cannot say where"]))
    return said
