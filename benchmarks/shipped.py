"""The models that the compiled engine answers for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fer_core import artifacts, catalog, onnx_exports
from fer_core.composite import EnsemblePredictor
from fer_core.predictor import BasePredictor
from fer_core.types import Float32, Uint8

Plain = Callable[[list[Uint8]], Float32]
"""Crops in, probabilities (N, K) out."""
Ask = Callable[[list[Uint8], Mapping[str, Float32]], Float32]
"""Crops, and what other models said of them by id; this model's probabilities (N, K) out."""


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


def askers(
    models: Mapping[str, BasePredictor], through: Callable[[BasePredictor], Plain] | None = None
) -> dict[str, Ask]:
    """How the pages ask each of them, an ensemble last, which is the mean of what its members said.

    `through` gives what a model is asked through, its `predict_proba` where it is None.
    """
    last = sorted(models, key=lambda one: isinstance(models[one], EnsemblePredictor))
    return {id: _asker(id, models[id], through) for id in last}


def _asker(id: str, model: BasePredictor, through: Callable[[BasePredictor], Plain] | None) -> Ask:
    if isinstance(model, EnsemblePredictor):
        members = artifacts.card(id).recipe["members"]
        return lambda crops, said: model.joined([said[member] for member in members])
    plain = through(model) if through else model.predict_proba
    return lambda crops, said: plain(crops)
