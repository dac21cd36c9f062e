"""The same recipe trained again with other seeds: how much of a model's figure is chance.

`python -m trainers train RECIPE --seed N` leaves such a run in the artifacts' folder `other-seeds`, beside the models:
it is evidence for a figure of one of them, not one more to choose from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import artifacts, evidence
from fer_core.types import ModelCard

FOLDER = "other-seeds"
SAID_ONLY = ("seed", "title", "limits")
"""Keys of a recipe that another run of it may have otherwise."""


@dataclass(frozen=True)
class Again:
    """A model's accuracy, 0..1, on one set of images, by the seed that it was trained with; two seeds or more."""

    accuracy: Mapping[int, float]

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(np.mean(list(self.accuracy.values())))

    @property
    def spread(self) -> float:
        """The standard deviation from seed to seed, n - 1 in its denominator."""
        return float(np.std(list(self.accuracy.values()), ddof=1))


def place(root: Path | None = None) -> Path:
    """The folder that the runs with other seeds are in."""
    return (root or artifacts.default_root()) / FOLDER


def ids(id: str, root: Path | None = None) -> tuple[str, ...]:
    """The runs of a model's own recipe and data with other seeds, sorted; those of another recipe are left out.

    Read them at `place(root)`. ArtifactError where the model has no card, or one of them is damaged.
    """
    folder, wanted = place(root), re.compile(rf"{re.escape(id)}-seed\d+")
    found = [artifacts.card(run, folder) for run in artifacts.ids(folder) if wanted.fullmatch(run)]
    if not found:
        return ()
    own = artifacts.card(id, root)
    return tuple(card.id for card in found if card.seed != own.seed and kind(card) == kind(own))


def again(id: str, images: str, root: Path | None = None) -> Again | None:
    """A model and its runs with other seeds on a set of `evidence.SETS`; else None. Raises as `ids` does."""
    runs = [(id, root), *((run, place(root)) for run in ids(id, root))]
    reports = {artifacts.card(run, at).seed: evidence.stored_reports(run, at).get(images) for run, at in runs}
    known = {seed: report.metrics.get("accuracy") for seed, report in reports.items() if report}
    accuracy = {seed: found.value for seed, found in known.items() if found}
    return Again(accuracy) if len(accuracy) > 1 else None


def kind(card: ModelCard) -> tuple[Any, str, str | None]:
    """What two runs share that differ in their seeds alone: what their recipes set, and checksums of data and teacher.

    Not what is empty in a recipe: keys that recipes got later, to say that nothing is to be done, are not in old cards.
    """
    said = {key: value for key, value in card.recipe.items() if key not in SAID_ONLY}
    return _set(said), card.data.sha256, card.teacher_sha256


def _set(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return list(value) if isinstance(value, tuple) else value
    return {key: _set(one) for key, one in value.items() if one is not None and one not in ([], ())}
