"""The command `sanity`: which saliency methods look at a model's weights, by taking these away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from fer_core import artifacts, catalog, datasets
from fer_core.saliency import METHODS, available
from fer_core.saliency_checks import THRESHOLD, Sanity, places, sanity, study
from fer_core.saliency_checks.randomised import STUDY
from fer_core.types import Uint8, unknown
from trainers import stored_study

FACES, SEED = 24, 0
SPLIT = "PublicTest"
CHECKED = tuple(id for id in METHODS if id not in ("rise", "shapley"))
"""Those that see nothing but answers cannot pass over the weights; of them occlusion, the quickest, stands for all."""


def command(
    ids: stored_study.Ids = None,
    data: stored_study.Data = None,
    faces: Annotated[int, typer.Option(help="how many faces of PublicTest")] = FACES,
    method: Annotated[list[str] | None, typer.Option(help="a method; again for more; all but the slowest")] = None,
    out: stored_study.Out = None,
) -> None:
    """Take each model's weights away layer by layer, and see which methods' maps notice (Adebayo et al. 2018)."""
    for name in method or ():
        if name not in METHODS:
            raise ValueError(unknown("method", name, METHODS))
    chosen = sample(stored_study.images_for(ids, data, out).split(SPLIT), faces)
    kept = stored_study.StoredStudy(STUDY, study, summary, own=True)
    kept.make(ids, out, lambda one, tell: examine(one, chosen, tuple(method or CHECKED), out, tell))


def sample(images: datasets.Dataset, n: int) -> Uint8:
    """So many faces drawn by chance, the same every time: uint8 (n, 48, 48, 3)."""
    chosen = np.random.default_rng(SEED).choice(len(images), min(n, len(images)), replace=False)
    return np.repeat(images.faces[np.sort(chosen)][..., None], 3, axis=3)


def examine(
    id: str, faces: Uint8, methods: tuple[str, ...], root: Path | None = None,
    tell: stored_study.Steps = stored_study.silent,
) -> Sanity:  # fmt: skip
    """The check of one artifact."""
    predictor = catalog.load(id, root)
    asked = [name for name in methods if name in available(predictor)]
    stages, outcomes = sanity(predictor, faces, asked, seed=SEED, progress=tell)
    layers = max(stages)
    sha256 = artifacts.card(id, root).weights_sha256
    return Sanity(sha256, SPLIT, len(faces), SEED, THRESHOLD, layers, stages, outcomes, places(predictor, faces))


def summary(id: str, result: Sanity) -> Table:
    """What a person at the console wants to see of the check."""
    title = (
        f"{id}: how like the trained network's maps those are that are made with so many of its {result.layers} layers "
        f"random (rank correlation, {result.faces} faces); fails from {result.threshold} on, half of them random"
    )
    table = Table("method", "n", *map(str, result.stages), "95 % of the last", "", title=title)
    for one in result.outcomes:
        found = [f"{at.value:.2f}" for at in one.similarity] or [""] * len(result.stages)
        last = f"{one.similarity[-1].low:.2f} to {one.similarity[-1].high:.2f}" if one.similarity else ""
        verdict = {True: "passes", False: "[bold red]fails[/]", None: "nothing to judge by"}[one.passed]
        table.add_row(METHODS[one.method].title, str(one.n), *found, last, verdict)
    return table
