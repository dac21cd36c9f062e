"""What a run shows and in which order: balanced by class, from recorded seeds, the same seeds giving the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np

from fer_core.human.errors import HumanError
from fer_core.human.faces import Faces
from fer_core.types import EMOTIONS, unknown

Kind = Literal["practice", "test", "repeat", "attention"]
VIEWS: Mapping[str, str] = {
    "smooth": "48 px, enlarged 6 times by Lanczos",
    "pixels": "48 px, enlarged 6 times by nearest neighbour",
    "original": "as photographed, fitted to 288 px by Lanczos",
}
"""How a face is shown; a run keeps the words as its condition."""
LIMITS = (500, 60_000)
"""The shortest and the longest time limit, milliseconds."""
RANGES = {"per_class": (1, 50), "repeats": (0, 50), "checks": (0, 20), "practice": (0, 50), "fixation": (0, 5000)}


@dataclass(frozen=True)
class Options:
    """What a quiz is like: faces `per_class`, how many `repeats`, `checks` of attention and `practice` faces.

    `feedback` tells the label after each answer (practice mode); `view` is one of `VIEWS`; `fixation` and `limit` are
    milliseconds, `limit` None for no limit; `confidence` asks how sure a person is, 1 to 5.
    """

    per_class: int = 10
    repeats: int = 14
    checks: int = 3
    practice: int = 7
    feedback: bool = False
    view: str = "smooth"
    fixation: int = 500
    limit: int | None = None
    confidence: bool = False

    def __post_init__(self) -> None:
        if self.view not in VIEWS:
            raise HumanError(unknown("view", self.view, VIEWS))
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise HumanError(f"{name}: expected {low} to {high}, got {getattr(self, name)}.")
        low, high = LIMITS
        if self.limit is not None and not low <= self.limit <= high:
            raise HumanError(f"limit: expected {low} to {high:,} milliseconds or none, got {self.limit}.")

    @property
    def condition(self) -> str:
        """How the faces are shown, in words."""
        return VIEWS[self.view]

    def to_dict(self) -> dict[str, Any]:
        """The options as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Options:
        """The options that `to_dict` wrote; what is not known is left out, what is missing is as by default."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})


@dataclass(frozen=True)
class Planned:
    """One place of a run: `face` is an id, None for a check of attention; `truth` indexes `EMOTIONS`."""

    kind: Kind
    face: str | None
    truth: int


def longest(faces: Faces) -> int:
    """The most faces per class that the set allows: the size of its smallest class among those it has at all."""
    counts = np.bincount(faces.labels, minlength=len(EMOTIONS))
    return int(counts[counts > 0].min()) if counts.any() else 0


def plan(faces: Faces, options: Options, faces_seed: int, seed: int) -> tuple[Planned, ...]:
    """The run of these seeds: `faces_seed` chooses the faces, so that a class shares them, `seed` their order.

    Practice comes first; a repeated face comes back at least a fifth of the test later. HumanError where a class of the
    set has too few faces.
    """
    test, practice = _draw(faces, options, np.random.default_rng([faces_seed, 0]))
    chance = np.random.default_rng([seed, 1])
    order = [test[i] for i in chance.permutation(len(test))]
    again = _repeats(order[: max(1, 2 * len(order) // 5)], options.repeats, chance)
    late = max(1, 3 * len(order) // 5)  # of a single face too the repeat comes second
    order = _spread(order, [Planned("repeat", p.face, p.truth) for p in again], late, chance)
    checks = [Planned("attention", None, int(k)) for k in chance.integers(len(EMOTIONS), size=options.checks)]
    order = _spread(order, checks, 1, chance)
    first = [Planned("practice", practice[i].face, practice[i].truth) for i in chance.permutation(len(practice))]
    return (*first, *order)


def _draw(faces: Faces, options: Options, chance: np.random.Generator) -> tuple[list[Planned], list[Planned]]:
    """The test faces and, of the rest, the practice faces, both balanced; independent of the set's order."""
    by_class: dict[int, list[str]] = {}
    for id, label in sorted(zip(faces.ids, faces.labels.tolist(), strict=True)):
        by_class.setdefault(label, []).append(id)
    if not by_class:
        raise HumanError(f"{faces.name}: expected labelled faces, got none. Label some, or get FER2013.")
    smallest = min(by_class, key=lambda k: len(by_class[k]))
    if len(by_class[smallest]) < options.per_class:
        raise HumanError(
            f"{faces.name}: expected at least {options.per_class} faces of each class, got "
            f"{len(by_class[smallest])} of {EMOTIONS[smallest]}. Choose a shorter quiz."
        )
    test, rest = [], []
    for label in sorted(by_class):
        drawn = [by_class[label][i] for i in chance.permutation(len(by_class[label]))]
        test += [Planned("test", id, label) for id in drawn[: options.per_class]]
        rest += [(turn, Planned("practice", id, label)) for turn, id in enumerate(drawn[options.per_class :])]
    practice = [planned for _, planned in sorted(rest, key=lambda pair: pair[0])]  # a class after the other, in turns
    return test, practice[: options.practice]


def _repeats(early: list[Planned], wanted: int, chance: np.random.Generator) -> list[Planned]:
    """Which of the early faces come back: a class after the other in turns, at most all of them."""
    turns: dict[int, int] = {}
    ranked: list[tuple[int, int, Planned]] = []
    for i in chance.permutation(len(early)):
        turn = turns[early[i].truth] = turns.get(early[i].truth, -1) + 1
        ranked.append((turn, len(ranked), early[i]))
    return [planned for _, _, planned in sorted(ranked, key=lambda entry: entry[:2])[:wanted]]


def _spread(order: list[Planned], more: list[Planned], start: int, chance: np.random.Generator) -> list[Planned]:
    """The order with `more` put in at random places, none before `start`; what is there keeps its order."""
    places = chance.integers(start, len(order) + 1, size=len(more))
    ends = sorted(zip(places.tolist(), range(len(more)), strict=True))
    result, taken = [], 0
    for place, i in ends:
        result += order[taken:place] + [more[i]]
        taken = place
    return result + order[taken:]
