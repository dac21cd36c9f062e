"""Caches of the models: their cards, and the predictors, one for all users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from fer_core import artifacts, catalog
from fer_core.types import ModelCard

if TYPE_CHECKING:
    from fer_core.predictor import BasePredictor


def cards() -> tuple[list[ModelCard], list[str]]:
    """The cards of all artifacts here, and in the user's words what is wrong with those that cannot be read."""
    good, problems = [], []
    for id in artifacts.ids():
        try:
            good.append(_card(id, str(artifacts.default_root()), artifacts.changed(id)))
        except artifacts.ArtifactError as error:
            problems.append(str(error))
    return good, problems


@st.cache_data(show_spinner=False, max_entries=200)
def _card(id: str, root: str, changed: int) -> ModelCard:
    return artifacts.card(id)


@st.cache_resource(show_spinner=False, max_entries=16)
def predictor(id: str, weights_sha256: str) -> BasePredictor:
    """The predictor of an artifact, one for all users."""
    return catalog.load(id)
