"""From a predictor or its stored answers to an artifact's evidence: predictions, temperature, reports."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import artifacts, catalog, evidence
from fer_core.artifacts import Reference, StoredPredictions
from fer_core.calibration import fit_temperature
from fer_core.cleaning import image_ids, inspect
from fer_core.crowd import one_person
from fer_core.datasets import SPLITS, Dataset
from fer_core.fer2013_source import drawn_anew
from fer_core.predictor import BasePredictor, softmax
from fer_core.types import ModelCard

SMALLEST = 1e-12
"""Probabilities are held above this before their logarithm stands in for logits."""


def predict(predictor: BasePredictor, data: Dataset) -> StoredPredictions:
    """The predictor's uncalibrated answers on both test parts."""
    test, ids = _test_part(data)
    faces = np.repeat(test.faces[..., None], 3, axis=-1)
    return StoredPredictions(ids, test.labels, test.splits, softmax(predictor.predict_logits(faces)))


def on_device(predictor: BasePredictor, device: str) -> BasePredictor:
    """The predictor, its PyTorch networks on the GPU if there is one and `device`, as `train --device` has it, allows.

    In float32 throughout, so that the answers are the processor's but for rounding. Keras finds its device by itself.
    """
    import torch

    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    for part in predictor.parts:
        part.to(place)
    return predictor


def milliseconds_a_face(predictor: BasePredictor, runs: int = 50) -> float:
    """The median wall time of one 48 x 48 face through the predictor on this machine, preprocessing included."""
    face = np.full((1, 48, 48, 3), 127, np.uint8)
    times = []
    for _ in range(runs + 5):  # the first ones compile and warm up
        began = time.perf_counter()
        predictor.predict_proba(face)
        times.append(1000 * (time.perf_counter() - began))
    return round(float(np.median(times[5:])), 3)


def build_reference(data: Dataset) -> Reference:
    """What is known of the data's test images; without FER+ votes these are all 0."""
    test, ids = _test_part(data)
    copied = {id for found in inspect(data, near=False).copied.values() for id in found}
    votes = test.votes if test.votes is not None else np.zeros((len(test), 10), np.uint8)
    return Reference(ids, test.labels, test.splits, votes, np.isin(ids, list(copied)))


def assess(card: ModelCard, stored: StoredPredictions, reference: Reference) -> tuple[float, dict[str, Any]]:
    """The temperature fitted on PublicTest, and the calibrated answers' report for each set of `evidence.SETS`."""
    raw = evidence.model(replace(card, temperature=None), stored, reference)
    public = evidence.known(raw, reference, "PublicTest")
    temperature = fit_temperature(public.y, np.log(np.maximum(public.p, SMALLEST)))
    rater = evidence.model(replace(card, temperature=temperature), stored, reference)
    return temperature, {name: report.to_dict() for name, report in evidence.reports(rater, reference).items()}


def same_split(card: ModelCard, data: Dataset) -> None:
    """Nothing comes back; ValueError where the data are another split than the one that the artifact learned from."""
    if drawn_anew(card.data.name) != drawn_anew(data.form):
        raise ValueError(
            f"{card.id} was trained on {card.data.name}, so some of the test images of {data.form} may be what it "
            "learned from. Ask it about the data that it was trained on."
        )


def keep_apart(data: Dataset, root: Path | None) -> None:
    """Nothing comes back; ValueError where what is made from a split drawn anew would stand among official artifacts.

    Its test images are others, and some of the official ones are what it learns from.
    """
    if drawn_anew(data.form) and (root or artifacts.default_root()).resolve() == artifacts.default_root().resolve():
        raise ValueError(
            f"{data.form}: what is made from a split drawn anew cannot stand beside models of the official one. Name "
            "another folder with --out; SEVEN_FACES_ARTIFACTS=FOLDER starts the dashboard on it."
        )


def write_reference(data: Dataset, root: Path | None = None) -> Reference:
    """The reference made from the data with FER+ votes and kept with the artifacts, people's reports beside it.

    ValueError where there are no votes, or the data are a split drawn anew and `root` has the official artifacts.
    """
    keep_apart(data, root)
    reference = build_reference(data)
    if data.votes is None:
        raise ValueError("The data have no FER+ votes. Put fer2013new.csv beside FER2013, to compare with people.")
    metrics = {rater.id: _plain(evidence.reports(rater, reference)) for rater in evidence.people(reference)}
    truth = reference.truth.astype(np.int64)
    sets = {name: evidence.mask(reference, name) for name in evidence.SETS}
    metrics[evidence.PERSON] = _plain({k: one_person(reference.votes[m], truth[m]) for k, m in sets.items()})
    artifacts.save_reference(reference, metrics, root)
    return reference


def reassess(id: str, reference: Reference, data: Dataset | None = None, root: Path | None = None) -> ModelCard:
    """The card of an artifact with temperature and metrics made anew; its predictions too where there are `data`.

    ValueError where the data are another split than the one that the artifact was trained on.
    """
    card = artifacts.card(id, root)
    if data is not None:
        same_split(card, data)
    environment = artifacts.environment(id, root)
    if data is None:
        stored = artifacts.predictions(id, root)
    else:
        predictor = catalog.load(id, root)
        stored, environment["milliseconds_a_face"] = predict(predictor, data), milliseconds_a_face(predictor)
    temperature, reports = assess(card, stored, reference)
    card = replace(card, temperature=temperature)
    with artifacts.revising(id, root) as folder:
        artifacts.save_predictions(folder, stored)
        artifacts.save_evidence(folder, reports, environment)
        artifacts.save_card(folder, card)
    return card


def _test_part(data: Dataset) -> tuple[Dataset, np.ndarray]:
    """The test images with their ids, which are those that a cleaning report on all the data speaks of."""
    rows = np.flatnonzero(data.splits != SPLITS.index("Training"))
    return data.subset(rows), image_ids(data)[rows]


def _plain(reports: dict[str, Any]) -> dict[str, Any]:
    return {name: report.to_dict() for name, report in reports.items()}
