"""Caches of how the two engines of a model compare on a face."""

from __future__ import annotations

import streamlit as st

from dashboard.cache.models import predictor
from fer_core import artifacts, onnx_exports
from fer_core.engine_comparison import EngineComparison, compare
from fer_core.types import ModelCard, Uint8


def engine_comparison(card: ModelCard, digest: str, face: Uint8) -> EngineComparison | None:
    """The model's native and compiled engine on that crop; None where it has no export. Loads the native framework."""
    members = card.recipe.get("members", (card.id,))
    if not all(onnx_exports.here(member) for member in members):
        return None
    return _engines(card.id, card.weights_sha256, str(artifacts.default_root()), digest, face)


@st.cache_resource(show_spinner=False, max_entries=200)
def _engines(id: str, sha256: str, root: str, digest: str, _face: Uint8) -> EngineComparison:
    return compare(predictor(id, sha256, "native"), predictor(id, sha256, "compiled"), _face)
