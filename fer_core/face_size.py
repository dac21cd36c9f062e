"""How small a face may be: what each model answers for FER2013's faces shrunk into photos, and whom to trust.

`python -m trainers face-size` makes the study of every artifact; this module reads it and says what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_core import artifacts, kept_studies
from fer_core.crop_rule import DEFAULT_RULE, frame
from fer_core.types import Face, Interval

MARGIN = 0.05
"""A face is large enough while at most this share of answers is lost against the same faces at FER2013's own size."""
STUDY = "face_size"


@dataclass(frozen=True)
class Size:
    """What became of `pasted` faces, each `side` pixels wide in FER2013's frame; shares are 0..1.

    `found` of them, and `false` boxes that were no face. `accuracy` on the found faces as detection and crop rule cut
    them; `loss`: how much more of the same faces are right in FER2013's own pictures (paired, below 0 where fewer).
    `of_all`: the accuracy where a missed face counts as wrong. `missed`: the accuracy on FER2013's own pictures of the
    faces that were missed, None where none was. All with 95 % intervals.
    """

    side: int
    pasted: int
    found: int
    false: int
    accuracy: Interval
    loss: Interval
    of_all: Interval
    missed: Interval | None

    @property
    def enough(self) -> bool:
        """Whether faces of this size lose at most `MARGIN`."""
        return self.loss.value <= MARGIN


@dataclass(frozen=True)
class Study:
    """One model's answers by face size, the smallest first, on `n` images of `split` with one of the model's labels.

    `original`: its accuracy on FER2013's own pictures of all of them. `rule` is the crop rule, in words.
    """

    weights_sha256: str
    rule: str
    split: str
    n: int
    original: Interval
    sizes: tuple[Size, ...]

    @property
    def smallest(self) -> int | None:
        """The smallest size from which on every size is `enough`, in pixels; None where the largest is not."""
        good = None
        for size in reversed(self.sizes):
            if not size.enough:
                break
            good = size.side
        return good

    def loss(self, pixels: float) -> float:
        """What a face of that size loses, 0..1: on the line between the sizes of the study, held beyond its ends."""
        return float(np.interp(pixels, [s.side for s in self.sizes], [s.loss.value for s in self.sizes]))


@dataclass(frozen=True)
class Trust:
    """Whether a face of `pixels` is large enough, by model id: those that read it well, and those it is too small for.

    Models without a study are in neither. `loss` is what each model loses on faces of that size, 0..1.
    """

    pixels: float
    large_enough: tuple[str, ...]
    too_small: tuple[str, ...]
    loss: Mapping[str, float]

    @property
    def warning(self) -> str:
        """In a user's words what is wrong with the size; empty where nothing is."""
        if not self.too_small:
            return ""
        worst = max(self.loss[id] for id in self.too_small)
        who = "models" if not self.large_enough else f"{len(self.too_small)} of {len(self.loss)} models"
        return (
            f"{self.pixels:.0f} pixels: too small for {who}; about {100 * worst:.0f} of 100 answers more are wrong, "
            "or were at the smallest size tried."
        )


def size_of(face: Face) -> float:
    """How large a face is in pixels: the side of the square that FER2013's makers would have cut."""
    return frame(face.box, face.landmarks).width


def trust(pixels: float, studies: Mapping[str, Study]) -> Trust:
    """Which models are to be trusted on a face of that size (`size_of`), by their studies; ValueError unless > 0."""
    if not pixels > 0:
        raise ValueError(f"Expected a face's size in pixels, more than 0, got {pixels!r}; `size_of` gives one.")
    good = tuple(id for id, study in studies.items() if study.smallest is not None and pixels >= study.smallest)
    poor = tuple(id for id in studies if id not in good)
    return Trust(pixels, good, poor, {id: study.loss(pixels) for id, study in studies.items()})


def study(id: str, root: Path | None = None) -> Study:
    """An artifact's study; ArtifactError where there is none, or it is damaged or outdated."""
    found = kept_studies.read(Study, STUDY, id, root)
    if not found.sizes or found.rule != str(DEFAULT_RULE):
        raise kept_studies.outdated(STUDY, id, "was made with another crop rule")
    return found


def studies(root: Path | None = None) -> dict[str, Study]:
    """The studies of all artifacts that have one that can be read, by id."""
    found = {}
    for id in artifacts.ids(root):
        try:
            found[id] = study(id, root)
        except artifacts.ArtifactError:
            continue  # the Face size page names what lacks
    return found
