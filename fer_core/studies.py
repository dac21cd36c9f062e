"""What studies found, one recipe in several versions, each read on PublicTest: a JSON file each in artifacts/studies.

A short run, one recipe as it is at a reduced size, is a study of one version, in artifacts/short-runs. A study is
written whole after every finished version, so that a stopped one goes on and pages can show what there is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from fer_core.answers import Int64
from fer_core.artifacts import ArtifactError, default_root
from fer_core.bootstrap import bootstrap_interval
from fer_core.types import Interval, unknown
from fer_core.whole import put

FOLDER, SHORT_RUNS = "studies", "short-runs"
COMMANDS = {FOLDER: "study", SHORT_RUNS: "short-run"}
"""What makes the studies of each folder."""
NO_LABEL = "9"
"""Stands in `Study.truth` for a label that the recipe does not know."""


@dataclass(frozen=True)
class Outcome:
    """One version of the recipe, trained once.

    `key` changes with recipe and data; `answers` gives the label answered to each PublicTest image, one digit each, in
    the data's order; `curves` one row an epoch, as the trainer wrote it.
    """

    title: str
    change: Mapping[str, Any]
    seed: int
    key: str
    answers: str
    public_accuracy: float
    best_epoch: int
    seconds: float
    device: str
    curves: list[dict[str, float]]


@dataclass(frozen=True)
class Study:
    """A question, the base recipe, the reduced size it was asked at, and the outcomes so far.

    `truth` gives PublicTest's labels as `Outcome.answers` does; `images` is how many of Training were learned from;
    `full` is the command that asks it in full, "" where this was full or there is none.
    """

    id: str
    title: str
    base: str
    images: int
    epochs: int
    planned: int
    truth: str
    outcomes: list[Outcome] = field(default_factory=list)
    full: str = ""

    @property
    def n(self) -> int:
        """How many images of PublicTest the accuracies are of: those with a label that the recipe knows."""
        return sum(label != NO_LABEL for label in self.truth)

    @property
    def guessing(self) -> float:
        """The accuracy of always answering the label that is commonest on these images, 0..1."""
        return max(self.truth.count(label) for label in set(self.truth) - {NO_LABEL}) / self.n

    @property
    def titles(self) -> tuple[str, ...]:
        """The versions in the order they were asked for; the first is the base."""
        return tuple(dict.fromkeys(outcome.title for outcome in self.outcomes))

    @property
    def trainings(self) -> list[float]:
        """The seconds of each training; versions that differ in how the network is asked alone share one."""
        return [seconds for _, seconds, _ in {(one.seed, one.seconds, str(one.curves)) for one in self.outcomes}]

    @property
    def size(self) -> str:
        """How large the study is, in words: epochs, Training images, and how many of PublicTest it is read on."""
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"{epochs} on {self.images:,} images, read on {self.n:,} of PublicTest"

    def of(self, title: str) -> list[Outcome]:
        """The outcomes of one version, one a seed."""
        return [outcome for outcome in self.outcomes if outcome.title == title]

    def answered(self, title: str) -> int:
        """How many different labels a version answered; 1 where it says the same of every image."""
        return len(set("".join(outcome.answers for outcome in self.of(title))))

    def accuracy(self, title: str) -> Interval:
        """A version's accuracy on PublicTest, mean over seeds, with its 95 % interval over resampled images."""
        return self._accuracies[title]

    def above_guessing(self, title: str) -> bool:
        """Whether a version's whole interval is above `guessing`: else it has not been shown to have learned."""
        return self.accuracy(title).low > self.guessing

    def gain(self, title: str) -> Interval:
        """What a version has over the base, with its 95 % interval over resampled images, the same for both."""
        return self._gains[title]

    @cached_property
    def _accuracies(self) -> Mapping[str, Interval]:
        return {title: _mean(self._right(title)) for title in self.titles}

    @cached_property
    def _gains(self) -> Mapping[str, Interval]:
        return {title: _mean(self._right(title) - self._right(self.titles[0])) for title in self.titles}

    def _right(self, title: str) -> np.ndarray:
        truth = _digits(self.truth)
        known = truth != int(NO_LABEL)
        return np.mean([(_digits(outcome.answers) == truth)[known] for outcome in self.of(title)], axis=0)


def ids(root: Path | None = None, folder: str = FOLDER) -> tuple[str, ...]:
    """The ids of all studies that are stored, sorted; empty where there are none."""
    return tuple(sorted(path.stem for path in ((root or default_root()) / folder).glob("*.json")))


def load(id: str, root: Path | None = None, folder: str = FOLDER) -> Study:
    """A stored study; ArtifactError where there is none of that id or it cannot be read."""
    remedy = f"Make it with: python -m trainers {COMMANDS[folder]} {id.removesuffix('-scratch')}"
    if id not in ids(root, folder):
        raise ArtifactError(f"{unknown('study', id, ids(root, folder))} {remedy}")
    path = (root or default_root()) / folder / f"{id}.json"
    try:
        return TypeAdapter(Study).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ArtifactError(f"{path} is no study: {str(error).splitlines()[0]} {remedy}") from error


def save(study: Study, root: Path | None = None, folder: str = FOLDER) -> None:
    """Nothing comes back; the study is stored, whole, in place of what was there."""
    path = (root or default_root()) / folder / f"{study.id}.json"
    put(path, (json.dumps(asdict(study), indent=1, allow_nan=False) + "\n").encode())


def digits(labels: np.ndarray) -> str:
    """Labels 0 to 9, (N,), as text of N digits."""
    return "".join(map(str, labels.tolist()))


def _digits(text: str) -> Int64:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64) - ord("0")


def _mean(values: np.ndarray) -> Interval:
    return bootstrap_interval(lambda counts: values @ counts / len(values), len(values))
