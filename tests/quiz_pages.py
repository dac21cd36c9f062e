"""A FER2013 of noise that stands for the real one, who sat the quiz on it, and what tests read off a page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fer_core import artifacts, datasets
from fer_core.human import classes, quiz
from fer_core.human.database import Database
from fer_core.human.faces import Fer2013Faces
from fer_core.human.sampling import Options
from fer_core.types import EMOTIONS

TINY = Options(per_class=2, repeats=2, checks=1, practice=1, fixation=100)
"""1 + 14 + 2 + 1 = 18 places."""
PASSPHRASE = "horse battery"


def noise_fer2013(path: Path) -> datasets.Dataset:
    """The reference's images as noise, saved at the path."""
    reference = artifacts.reference()
    pictures = np.random.default_rng(0).integers(0, 256, (len(reference.ids), 48, 48), dtype=np.uint8)
    found = datasets.Dataset(pictures, reference.truth, reference.splits, reference.ids, None, "", "noise")
    datasets.save(found, path)
    return found


def sat(
    database: Database, data: datasets.Dataset, *, wrong: int = 0, most: int = 10**6, sure: bool = False,
    milliseconds: float | None = 600, **more: object,
) -> str:  # fmt: skip
    """The resume code of a person who answers rightly but for the first `wrong` test faces.

    With `sure` the person says to have guessed those, and to be certain of all others.
    """
    faces = Fer2013Faces(artifacts.reference(), data)
    truth = dict(zip(faces.ids, faces.labels.tolist(), strict=True))
    code = quiz.start(database, faces, more.pop("options", TINY), consent=True, **more)  # type: ignore[arg-type]
    said: dict[str | None, int] = {}
    while (task := quiz.state(database, code).task) and most:
        k = EMOTIONS.index(task.asked) if task.asked else truth[str(task.face)]
        if task.kind == "test":
            said[task.face] = (k + (len(said) < wrong)) % 7
        level = (1 if said.get(task.face, k) != k else 5) if sure else None
        reaction = milliseconds and milliseconds + task.position
        quiz.answer(database, code, task.position, EMOTIONS[said.get(task.face, k)], reaction, level)
        most -= 1
    return code


def opened_class(data: datasets.Dataset, database: Database, options: Options = TINY) -> str:
    """The code of a class called 3b, whose teacher has `PASSPHRASE`."""
    return classes.open_class(database, "3b", PASSPHRASE, Fer2013Faces(artifacts.reference(), data), options)


def trials(at):
    """What the component sends to the browser."""
    found = [e.proto for e in at.main if type(e).__name__ == "UnknownElement"]
    return [json.loads(proto.json) for proto in found if getattr(proto, "component_name", "") == "seven_faces_trial"]


def in_url(at, key):
    value = at.query_params[key]
    return value if isinstance(value, str) else value[0]


def button(at, label):
    return next(b for b in at.button if b.label == label)
