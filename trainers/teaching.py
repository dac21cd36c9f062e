"""What a student learns beside the labels: a teacher's answers on the student's images, asked once and kept.

Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from fer_core import artifacts, catalog
from fer_core.datasets import Dataset
from fer_core.predictor import BasePredictor, softmax
from fer_core.types import Float32, Uint8
from fer_core.unpacking import DAMAGED
from trainers.evaluation import on_device, same_split
from trainers.fitting import NONE, Run, TrainingError, class_indices
from trainers.recipe import Distil, Recipe

CHUNK = 512
"""Faces that are asked between two times of keeping what was answered."""


def taught(recipe: Recipe, lessons: Dataset, run: Run, root: Path | None = None) -> Float32:
    """The teacher's probabilities on what a recipe learns from: float32 (N, K), a mean of each face and its mirror.

    Its logits, of its compiled export where it has one (on bfloat16 within 1e-3 of its own probabilities), are divided
    by the recipe's temperature first. They are kept beside `run.folder`, for every recipe that this teacher teaches on
    these images; a stopped pass goes on where it was, and `run.asked` hears of it. TrainingError where the teacher is
    absent or knows other labels, ValueError where it learned from another split: the test images may be among them.
    """
    assert recipe.distil is not None
    teacher = on_device(_teacher(recipe.distil, recipe.emotions, root), run.device)
    same_split(artifacts.card(recipe.distil.teacher, _place(recipe.distil, root)), lessons)
    known = class_indices(lessons.labels, recipe.emotions) != NONE
    faces = np.repeat(lessons.faces[known][..., None], 3, axis=-1)
    asked = "".join((teacher_key(recipe.distil, root), lessons.sha256, *recipe.emotions))
    key = hashlib.sha256(asked.encode()).hexdigest()[:12]
    both = _asked(teacher, faces, run, run.folder.parent / f"taught-{key}.npz")
    views = [softmax(both[:, view] / np.float32(recipe.distil.temperature)) for view in (0, 1)]
    return np.asarray(np.mean(views, axis=0), np.float32)


def teacher_sha256(distil: Distil | None, root: Path | None = None) -> str | None:
    """The checksum of the teacher's weights now; None where nobody teaches. TrainingError where it is absent."""
    if distil is None:
        return None
    try:
        return artifacts.card(distil.teacher, _place(distil, root)).weights_sha256
    except artifacts.ArtifactError as error:
        raise TrainingError(f"distil.teacher: {error}") from error


def teacher_key(distil: Distil | None, root: Path | None = None) -> str:
    """What tells a teacher's answers from any other's; "" where nobody teaches. Raises as `teacher_sha256` does.

    The checksum of its weights, and the views that it averages over where these are more than the face alone.
    """
    sha256 = teacher_sha256(distil, root)
    if distil is None or sha256 is None:
        return ""
    try:
        return sha256 + _views(distil.teacher, _place(distil, root))
    except artifacts.ArtifactError as error:
        raise TrainingError(f"distil.teacher: {error}") from error


def _views(id: str, root: Path | None) -> str:
    """An artifact's test-time augmentation and its members', with their ids; "" where none has any."""
    recipe = artifacts.card(id, root).recipe
    own, here = recipe.get("test_time", "none"), artifacts.ids(root)
    members = [(member, _views(member, root)) for member in recipe.get("members", ()) if member in here]
    return (own if own != "none" else "") + "".join(f" {member}: {views}" for member, views in members if views)


def _place(distil: Distil, root: Path | None) -> Path | None:
    """Where the teacher is: a smoke run's is the shipped one."""
    return root if distil.teacher in artifacts.ids(root) else None


def _teacher(distil: Distil, labels: tuple[str, ...], root: Path | None) -> BasePredictor:
    """The teacher, in its compiled export where it has one."""
    try:
        teacher = catalog.load(distil.teacher, _place(distil, root), engine="auto")
    except artifacts.ArtifactError as error:
        raise TrainingError(f"distil.teacher: {error}") from error
    if teacher.labels != labels:
        raise TrainingError(f"distil.teacher: {distil.teacher!r} knows {teacher.labels}, not {labels}.")
    return teacher


def _asked(teacher: BasePredictor, faces: Uint8, run: Run, file: Path) -> Float32:
    """Logits of every face and its mirror: float32 (N, 2, K); `file` holds those that were answered so far."""
    answers = _kept(file)[: len(faces)]
    for start in range(len(answers), len(faces), CHUNK):
        run.asked(start, len(faces))
        chunk = faces[start : start + CHUNK]
        both = np.stack([teacher.predict_logits(view) for view in (chunk, chunk[:, :, ::-1])], axis=1)
        answers = np.concatenate([answers, both]) if len(answers) else both
        _keep(file, answers)
    run.asked(len(faces), len(faces))
    return answers


def _kept(file: Path) -> Float32:
    """The answers in the file; none where there is no such file or it is damaged, since they can be asked again."""
    try:
        with np.load(file, allow_pickle=False) as content:
            return np.asarray(content["logits"], np.float32)
    except (*DAMAGED, ValueError, KeyError, TypeError):
        return np.empty((0, 2, 0), np.float32)


def _keep(file: Path, answers: Float32) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".writing-{os.getpid()}-{file.name}")
    with beside.open("wb") as out:
        np.savez(out, logits=answers)
    beside.replace(file)
