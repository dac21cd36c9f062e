"""What test-time augmentation brings a model: its accuracy where it is asked about several views of each face.

`python -m trainers test-time` makes the study of every artifact; `composite.TestTimePredictor` says what the views are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fer_core import kept_studies
from fer_core.composite import TEST_TIME
from fer_core.types import Interval

STUDY = "test_time"
VIEWS = {"none": 1, "flip": 2, "ten_crop": 10}
"""How many views of a face each of `composite.TEST_TIME` averages over."""
TITLES = {
    "none": "The face alone",
    "flip": "The face and its mirror image",
    "ten_crop": "Five crops and their mirror images",
}


@dataclass(frozen=True)
class Way:
    """One way of asking, of `composite.TEST_TIME`, and its accuracy, 0..1; both figures with 95 % intervals.

    `gain` is what it has over the face alone on the same images.
    """

    test_time: str
    accuracy: Interval
    gain: Interval


@dataclass(frozen=True)
class Study:
    """One model asked in every way on `n` PublicTest images with one of its labels.

    `private`: the way that PublicTest chose, on `private_n` PrivateTest images; the others are never scored there.
    """

    weights_sha256: str
    n: int
    ways: tuple[Way, ...]
    private_n: int
    private: Way

    @property
    def chosen(self) -> Way:
        """The way with the highest PublicTest accuracy; of equals the one with the fewest views."""
        return max(self.ways, key=lambda way: (way.accuracy.value, -VIEWS[way.test_time]))


def study(id: str, root: Path | None = None) -> Study:
    """An artifact's study; ArtifactError where there is none, or it is damaged or outdated."""
    found = kept_studies.read(Study, STUDY, id, root)
    if tuple(way.test_time for way in found.ways) != TEST_TIME or found.private.test_time != found.chosen.test_time:
        raise kept_studies.outdated(STUDY, id, "has other ways of asking than this program")
    return found
