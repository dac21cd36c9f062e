"""The command `what-if`: how often each model changes its answer when a face is turned, blurred, hidden in part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.table import Table

from fer_core import artifacts, catalog, datasets
from fer_core.comparison import wilson_interval
from fer_core.disturbances import DISTURBANCES, disturb
from fer_core.predictor import BasePredictor
from fer_core.types import EMOTIONS, Uint8
from fer_core.what_if import STUDY, Point, Study, study
from trainers import stored_study

SPLIT, FACES, SEED = "PublicTest", 500, 0
"""Which faces are asked about, how many, and the seed that draws them: the same for every model."""


def command(
    ids: stored_study.Ids = None,
    data: stored_study.Data = None,
    out: stored_study.Out = None,
) -> None:
    """Disturb 500 PublicTest faces in every way of the table, and count whose label changes. Minutes a model."""
    faces = drawn(stored_study.images_for(ids, data, out).split(SPLIT))
    kept = stored_study.StoredStudy(STUDY, study, summary)
    kept.make(ids, out, lambda one, tell: examine(one, faces, out, tell))


def drawn(images: datasets.Dataset) -> datasets.Dataset:
    """The faces to ask about: `FACES` of the images without replacement, or all where there are fewer."""
    chosen = np.random.default_rng(SEED).choice(len(images), min(FACES, len(images)), replace=False)
    return images.subset(np.sort(chosen))


def examine(
    id: str, images: datasets.Dataset, root: Path | None = None, tell: stored_study.Steps = stored_study.silent
) -> Study:
    """The study of one artifact; `tell` hears of every strength."""
    predictor = catalog.load(id, root, "auto", "float32")  # the same labels by its export, in a quarter of the time
    faces = np.repeat(images.faces[..., None], 3, axis=3)
    knows = np.isin(images.labels, [EMOTIONS.index(label) for label in predictor.labels])
    first, strengths = answered(predictor, faces, {}), sum(len(one.tried) for one in DISTURBANCES.values())
    done = iter(range(1, strengths + 2))

    def point(name: str, strength: float) -> Point:
        said = answered(predictor, faces, {name: strength}) if strength else first
        tell(next(done), strengths + 1)
        right = (said == images.labels)[knows]
        return Point(
            float(strength), wilson_interval(int((said != first).sum()), len(said)),
            wilson_interval(int(right.sum()), len(right)),
            tuple(int((said == EMOTIONS.index(label)).sum()) for label in predictor.labels),
        )  # fmt: skip

    plain = point("", 0)
    curves = {one.id: tuple(point(one.id, strength) for strength in one.tried) for one in DISTURBANCES.values()}
    sha256 = artifacts.card(id, root).weights_sha256
    return Study(sha256, SPLIT, len(images), SEED, images.sha256, int(knows.sum()), predictor.labels, plain, curves)


def answered(predictor: BasePredictor, faces: Uint8, strengths: dict[str, float]) -> np.ndarray:
    """The predictor's answers to the faces uint8 (N, H, W, 3), disturbed: int (N,), indices into `EMOTIONS`."""
    emotions = np.array([EMOTIONS.index(label) for label in predictor.labels])
    return emotions[predictor.predict_logits([disturb(face, strengths) for face in faces]).argmax(axis=1)]


def summary(id: str, result: Study) -> Table:
    """What a person at the console wants to see of the study."""
    title = f"{id}: {result.plain.accuracy.value:.1%} on {result.knows} undisturbed faces of {result.split}"
    table = Table("disturbance", "strength", "label changes", "95 %", "accuracy", title=title)
    for name, points in result.curves.items():
        for point in (points[0], points[-1]) if len(points) > 1 else points:
            flips = point.flips
            table.add_row(
                DISTURBANCES[name].title, f"{point.strength:g} {DISTURBANCES[name].unit}", f"{flips.value:.1%}",
                f"{flips.low:.1%} to {flips.high:.1%}", f"{point.accuracy.value:.1%}",
            )  # fmt: skip
    return table
