"""From an ensemble's recipe to its artifact: members' weights are referred to, not copied; nothing is trained."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fer_core import artifacts, catalog
from fer_core.datasets import Dataset
from fer_core.types import ModelCard
from trainers.evaluation import same_split
from trainers.fitting import TrainingError
from trainers.recipe import Ensemble
from trainers.run import LICENCE, code_version, data_card, environment, leave, today


def make(id: str, recipe: Ensemble, data: Dataset, root: Path | None = None, home: Path | None = None) -> ModelCard:
    """The card of the ensemble's artifact at `root`, of members at `home`, or there too.

    TrainingError naming the members that are not there to be joined, or learned from another split than the data's.
    """
    home = home or root
    if id in recipe.members:
        raise TrainingError(f"members: {id!r} cannot be a member of itself.")
    try:
        members = [artifacts.card(member, home) for member in recipe.members]
        for member in members:
            same_split(member, data)
        whole = {card.id: card.weights_sha256 for card in members}
        stub = _card(id, recipe, members, whole, data, 0)
        predictor = catalog.ensemble(stub, home)
    except ValueError as error:  # ArtifactError is one too
        raise TrainingError(f"members: {error}") from error
    with artifacts.writing(id, root) as folder:
        card = _card(id, recipe, members, whole, data, predictor.parameters())
        return leave(folder, card, predictor, data, environment("cpu", predictor), "auto")


def members_place(recipe: Ensemble, home: Path) -> Path:
    """Where a smoke run's members are: at `home` where all are there, else among the shipped artifacts."""
    return home if set(recipe.members) <= set(artifacts.ids(home)) else artifacts.default_root()


def _card(
    id: str, recipe: Ensemble, members: list[ModelCard], whole: dict[str, str], data: Dataset, parameters: int
) -> ModelCard:
    content = recipe.model_dump(mode="json") | {"members_sha256": whole}
    starts, devices = {card.initial_weights for card in members}, dict.fromkeys(card.device for card in members)
    began = members[0].initial_weights if len(starts) == 1 else "mixed"
    return ModelCard(
        id=id, title=recipe.title, architecture=catalog.ENSEMBLE.id, framework="ensemble", labels=members[0].labels,
        parameters=parameters, initial_weights=began,
        weights_sha256=hashlib.sha256("".join(whole.values()).encode()).hexdigest(),
        weights_bytes=sum(card.weights_bytes for card in members), temperature=None, recipe=content,
        data=data_card(data), epochs=0, best_epoch=0, seconds=round(sum(card.seconds for card in members), 1),
        device=", ".join(devices), seed=0, created=today(), commit=code_version(), limits=recipe.limits,
        licence=LICENCE,
    )  # fmt: skip
