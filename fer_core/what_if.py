"""How often each model changes its mind when a face is disturbed: what `python -m trainers what-if` measured.

This module reads the study that the command leaves with every artifact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fer_core import kept_studies
from fer_core.disturbances import DISTURBANCES
from fer_core.types import Interval

STUDY = "what_if"


@dataclass(frozen=True)
class Point:
    """What a model answered to the faces disturbed with that `strength`; shares 0..1 with 95 % intervals.

    `flips`: the share whose answer is another than to the same face undisturbed, right or wrong; `accuracy`: the share
    of right answers among faces with one of the model's labels. `answers`: how often each of the model's labels.
    """

    strength: float
    flips: Interval
    accuracy: Interval
    answers: tuple[int, ...]


@dataclass(frozen=True)
class Study:
    """One model's answers to `n` faces of `split`, drawn by `seed` from the data of that sha256, undisturbed and not.

    `knows` of them have one of the model's labels, on which accuracy is counted. `plain` is strength 0. `curves` has a
    point a tried strength, by the disturbance's id, in the order of strengths, without 0.
    """

    weights_sha256: str
    split: str
    n: int
    seed: int
    data_sha256: str
    knows: int
    labels: tuple[str, ...]
    plain: Point
    curves: Mapping[str, tuple[Point, ...]]

    def curve(self, id: str) -> tuple[Point, ...]:
        """All points of a disturbance in the order of strengths, the undisturbed one among them."""
        return tuple(sorted((self.plain, *self.curves[id]), key=lambda point: point.strength))


def study(id: str, root: Path | None = None) -> Study:
    """An artifact's study; ArtifactError where there is none, or it is damaged or outdated."""
    found = kept_studies.read(Study, STUDY, id, root)
    tried = {one: tuple(point.strength for point in points) for one, points in found.curves.items()}
    wanted = {one.id: tuple(map(float, one.tried)) for one in DISTURBANCES.values()}
    if tried != wanted:
        raise kept_studies.outdated(STUDY, id, "was made with other disturbances")
    return found
