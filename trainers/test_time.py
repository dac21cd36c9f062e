"""The command `test-time`: what each model gains where it is asked about several views of each face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.table import Table

from fer_core import artifacts, catalog, datasets
from fer_core.comparison import wilson_interval
from fer_core.composite import TEST_TIME, TestTimePredictor
from fer_core.predictor import BasePredictor
from fer_core.test_time import STUDY, TITLES, VIEWS, Study, Way, study
from fer_core.types import EMOTIONS
from trainers import stored_study
from trainers.crop_rule import answered_right

SPLITS = ("PublicTest", "PrivateTest")
CHUNK = 512
"""Faces that are asked between two steps that somebody hears of."""


def command(
    ids: stored_study.Ids = None,
    data: stored_study.Data = None,
    out: stored_study.Out = None,
) -> None:
    """Ask models about each test face alone, with its mirror image, and in ten crops. Minutes a model.

    PrivateTest is asked in the one way that is best on PublicTest.
    """
    images = stored_study.images_for(ids, data, out)
    kept = stored_study.StoredStudy(STUDY, study, summary)
    kept.make(ids, out, lambda one, tell: examine(one, images, out, tell))


def examine(
    id: str, images: datasets.Dataset, root: Path | None = None, tell: stored_study.Steps = stored_study.silent
) -> Study:
    """The study of one artifact, on the test images with one of its labels; `tell` hears of every chunk."""
    asked = catalog.load(id, root, "auto", "float32")  # the same labels by its export, in a quarter of the time
    alone = asked.inner if isinstance(asked, TestTimePredictor) else asked
    known = [EMOTIONS.index(label) for label in alone.labels]
    public, private = (part.subset(np.isin(part.labels, known)) for part in map(images.split, SPLITS))
    done = 0

    def chunk() -> None:
        nonlocal done
        done += 1
        tell(done, len(TEST_TIME) * -(-len(public) // CHUNK) + 2 * -(-len(private) // CHUNK))

    ways = measured(alone, public, TEST_TIME, chunk)
    found = Study(artifacts.card(id, root).weights_sha256, len(public), ways, len(private), ways[0])
    return replace(found, private=measured(alone, private, ("none", found.chosen.test_time), chunk)[-1])


def measured(
    alone: BasePredictor, images: datasets.Dataset, ways: Sequence[str], chunk: Callable[[], None]
) -> tuple[Way, ...]:
    """What the predictor's accuracy is in each of these ways, the face alone first; `chunk` hears of every chunk."""
    right = {way: _answered_right(TestTimePredictor(alone, way), images, chunk) for way in ways}
    first = right[ways[0]].astype(float)
    accuracy = {way: wilson_interval(int(one.sum()), len(one)) for way, one in right.items()}
    return tuple(Way(way, accuracy[way], stored_study.mean(one - first)) for way, one in right.items())


def _answered_right(predictor: BasePredictor, images: datasets.Dataset, chunk: Callable[[], None]) -> np.ndarray:
    """Whether the predictor's answer is the label: bool (N,)."""
    faces, right = np.repeat(images.faces[..., None], 3, axis=3), []
    for start in range(0, len(images), CHUNK):
        some = slice(start, start + CHUNK)
        right.append(answered_right(predictor, faces[some], images.labels[some]))
        chunk()
    return np.concatenate(right)


def summary(id: str, result: Study) -> Table:
    """What a person at the console wants to see of the study."""
    table = Table(
        "asked about", "views", "accuracy", "95 %", "gain", "95 %", title=f"{id}, PublicTest, n = {result.n:,}"
    )
    for way in result.ways:
        table.add_row(*_row(way, TITLES[way.test_time]))
    table.add_section()
    table.add_row(*_row(result.private, f"PrivateTest: {TITLES[result.private.test_time].lower()}"))
    return table


def _row(way: Way, title: str) -> tuple[str, ...]:
    accuracy, gain = way.accuracy, way.gain
    return (
        title, str(VIEWS[way.test_time]), f"{accuracy.value:.1%}", f"{accuracy.low:.1%} to {accuracy.high:.1%}",
        f"{gain.value:+.1%}", f"{gain.low:+.1%} to {gain.high:+.1%}",
    )  # fmt: skip
