"""The command `face-size`: how each model's accuracy depends on how many pixels a face has in a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.progress import Progress
from rich.table import Table

from fer_core import artifacts, catalog, datasets
from fer_core.comparison import wilson_interval
from fer_core.crop_rule import DEFAULT_RULE, frame
from fer_core.detection import DetectionOptions
from fer_core.face_size import STUDY, Size, Study, study
from fer_core.predictor import BasePredictor
from fer_core.types import EMOTIONS, Interval
from trainers import stored_study
from trainers.crop_rule import answered_right
from trainers.pasting import Readings, crops, read_back

SIDES = (20, 24, 30, 48, 96)
"""Pixels that a face's frame is wide in the photo. FER2013's pictures have 48: larger ones are blurred, not finer."""
SPLIT = "PublicTest"


def command(
    ids: stored_study.Ids = None,
    data: stored_study.Data = None,
    out: stored_study.Out = None,
) -> None:
    """Shrink FER2013's PublicTest faces into photos, find them again, and ask each model what it makes of them.

    The first time detection takes some 10 minutes, kept in the cache folder; then a model takes a minute.
    """
    images = stored_study.images_for(ids, data, out).split(SPLIT)
    found = {side: detected(images, side) for side in SIDES}
    kept = stored_study.StoredStudy(STUDY, study, summary)
    kept.make(ids, out, lambda one, tell: examine(one, images, found, out, tell))


def detected(images: datasets.Dataset, side: int) -> Readings:
    """What detection finds of the images as faces of that size, with its usual options."""
    with Progress(console=stored_study.console, transient=True) as bars:
        task = bars.add_task(f"detecting faces of {side} pixels", total=len(images))
        return read_back(images.faces, side, DetectionOptions(), each=lambda n: bars.advance(task, n))


def examine(
    id: str, images: datasets.Dataset, found: dict[int, Readings], root: Path | None = None,
    tell: stored_study.Steps = stored_study.silent,
) -> Study:  # fmt: skip
    """The study of one artifact, on the images with one of its labels; `tell` hears of every size."""
    predictor = catalog.load(id, root, "auto", "float32")  # whose labels are the native ones
    knows = np.isin(images.labels, [EMOTIONS.index(label) for label in predictor.labels])
    own = answered_right(predictor, list(np.repeat(images.faces[..., None], 3, axis=3)), images.labels)
    sizes = []
    for number, (side, readings) in enumerate(found.items(), start=1):
        sizes.append(measured(predictor, images, side, readings, own, knows))
        tell(number, len(found))
    card = artifacts.card(id, root)
    return Study(card.weights_sha256, str(DEFAULT_RULE), SPLIT, int(knows.sum()), _share(own[knows]), tuple(sizes))


def measured(
    predictor: BasePredictor, images: datasets.Dataset, side: int, found: Readings, own: np.ndarray, knows: np.ndarray
) -> Size:
    """What the predictor makes of faces of one size; `own` (N,): whether it is right on FER2013's own pictures."""
    cut = list(crops(images.faces, side, found, lambda i: frame(tuple(found.boxes[i]), found.landmarks[i])))
    right = np.zeros(len(images), bool)
    right[found.index] = answered_right(predictor, cut, images.labels[found.index])
    seen = np.zeros(len(images), bool)
    seen[found.index] = True
    seen, lost = seen & knows, knows & ~seen
    return Size(
        side, int(knows.sum()), int(seen.sum()), int(found.false[0]), _share(right[seen]),
        stored_study.mean(own[seen].astype(float) - right[seen]), _share(right[knows]),
        _share(own[lost]) if lost.any() else None,
    )  # fmt: skip


def summary(id: str, result: Study) -> Table:
    """What a person at the console wants to see of the study."""
    smallest = f"from {result.smallest} pixels on" if result.smallest else "at no size"
    title = f"{id}: {result.original.value:.1%} on FER2013's own pictures; to be trusted {smallest}"
    table = Table("pixels", "found", "accuracy of found", "95 %", "lost", "95 %", title=title)
    for size in result.sizes:
        accuracy, loss = size.accuracy, size.loss
        table.add_row(
            str(size.side), f"{size.found / size.pasted:.1%}", f"{accuracy.value:.1%}",
            f"{accuracy.low:.1%} to {accuracy.high:.1%}", f"{loss.value:+.1%}", f"{loss.low:+.1%} to {loss.high:+.1%}",
        )  # fmt: skip
    return table


def _share(hits: np.ndarray) -> Interval:
    return wilson_interval(int(hits.sum()), len(hits))
