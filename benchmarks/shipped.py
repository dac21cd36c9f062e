"""The models that the compiled engine answers for."""

from __future__ import annotations

from fer_core import artifacts, catalog, onnx_exports
from fer_core.predictor import BasePredictor


def answering() -> dict[str, BasePredictor]:
    """By id, all that have an export, or whose members all have one: what the page Photos asks, each loaded once."""
    found: dict[str, BasePredictor] = {}

    def one(id: str) -> BasePredictor:
        if id not in found:
            found[id] = catalog.load(id, engine="compiled", member=one)
        return found[id]

    members = {id: artifacts.card(id).recipe.get("members", (id,)) for id in artifacts.ids()}
    here = [id for id, own in members.items() if all(onnx_exports.here(member) for member in own)]
    return {id: one(id) for id in here}
