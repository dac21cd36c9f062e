"""Faces and simulated people for the tests of the quiz; the fixtures are in `human_fixtures`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fer_core.human import quiz
from fer_core.human.database import Database
from fer_core.human.faces import LabelledFaces
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS

SHORT = Options(per_class=2, repeats=3, checks=1, practice=2)
"""2 + 14 + 3 + 1 = 20 places."""


def labelled(per_class: int = 6, seed: int = 0, classes: int = len(EMOTIONS)) -> LabelledFaces:
    """Small pictures of noise, `per_class` of each of the first emotions."""
    chance = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class).tolist()
    return LabelledFaces("noise", [(chance.integers(0, 256, (48, 48)).astype(np.uint8), k) for k in labels])


Person = Callable[[str], str | None]
"""How a simulated person answers a face of that emotion."""


def sit(database: Database, code: str, faces: LabelledFaces, person: Person, most: int = 10**6) -> int:
    """Answers a run from where it stands, as the person does; how many answers were given."""
    truth = {id: EMOTIONS[k] for id, k in zip(faces.ids, faces.labels.tolist(), strict=True)}
    given = 0
    while given < most and (task := quiz.state(database, code).task):
        label = task.asked if task.face is None else person(truth[task.face])
        quiz.answer(database, code, task.position, label, 800.0 + given)
        given += 1
    return given


def accurate(accuracy: float, chance: np.random.Generator) -> Person:
    """A person who is right with that probability, and else says any of the six others."""

    def answer(truth: str) -> str:
        if chance.random() < accuracy:
            return truth
        return str(chance.choice([emotion for emotion in EMOTIONS if emotion != truth]))

    return answer
