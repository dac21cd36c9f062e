"""Caches of the models: their cards, and the predictors, one for all users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

from fer_core import artifacts, catalog, onnx_exports
from fer_core.catalog import Engine
from fer_core.queueing import Alive, Queue, always
from fer_core.types import ModelCard, remake

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


def predictor(id: str, weights_sha256: str, engine: Engine = "auto") -> BasePredictor:
    """The predictor of an artifact, one for all users and for every ensemble that it is a member of.

    Compiled where the artifact has an export, so that no page waits for TensorFlow or PyTorch to load; another once an
    export was made or taken away.
    """
    return _predictor(id, weights_sha256, engine, *_place(id))


@st.cache_resource(show_spinner=False, max_entries=32)
def _predictor(id: str, weights_sha256: str, engine: Engine, root: str, exported: tuple[bool, ...]) -> BasePredictor:
    def member(one: str) -> BasePredictor:
        return predictor(one, artifacts.card(one).weights_sha256, engine)

    return catalog.load(id, engine=engine, member=member)


def unable(card: ModelCard) -> str | None:
    """In the user's words, why a model cannot be asked here; None where it can, its network loaded then."""
    try:
        predictor(card.id, card.weights_sha256)
    except (artifacts.ArtifactError, OSError, ImportError, RuntimeError) as error:
        if artifacts.has_weights(card.id):
            return f"{card.title} cannot be asked: {error}"
        return (
            f"{card.title} cannot be asked: its weights are not on this machine. Make them with: "
            f"uv run {remake(card.id)}"
        )
    return None


def queue(id: str, weights_sha256: str) -> Queue:
    """The line before an artifact's predictor, one for all users: their faces go through the network together."""
    return _queue(id, weights_sha256, *_place(id))


@st.cache_resource(show_spinner=False, max_entries=32)
def _queue(id: str, weights_sha256: str, root: str, exported: tuple[bool, ...]) -> Queue:
    return Queue(predictor(id, weights_sha256).predict_proba)


def _place(id: str) -> tuple[str, tuple[bool, ...]]:
    """What a predictor depends on beside its weights: where artifacts are, and which of its networks have an export."""
    root = str(artifacts.default_root())
    members = _card(id, root, artifacts.changed(id)).recipe.get("members") or (id,)
    return root, tuple(onnx_exports.here(one) for one in members)


def is_compiled(id: str) -> bool:
    """Whether an artifact's answers need no deep-learning framework."""
    return all(_place(id)[1])


def alive() -> Alive:
    """What stops this user's waiting once the page was left or is to be drawn anew, as Streamlit's own caches do."""
    return get_run_yield_check() or always
