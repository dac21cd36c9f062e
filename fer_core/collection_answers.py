"""A collection's faces read by models: answers kept by crop, how far models part, and the collection as a test set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np

from fer_core.collection import CollectedFace, CollectedPhoto, Collection, ModelAnswers
from fer_core.collection_edit import digest
from fer_core.comparison import Restricted, restrict, wilson_interval
from fer_core.composite import EnsemblePredictor
from fer_core.metrics import EvaluationReport, evaluate
from fer_core.predictor import BasePredictor
from fer_core.reading import FaceAnswers
from fer_core.types import EMOTIONS, Float32, Interval, ModelCard, Prediction, Uint8

Predict = Callable[[list[Uint8]], Float32]
"""A predictor's `predict_proba`: crops in, float32 (N, K) out."""


@dataclass(frozen=True, eq=False)
class AnsweredFace:
    """One face of a collection with what each model says of it."""

    photo: CollectedPhoto
    collected: CollectedFace
    answers: FaceAnswers

    @property
    def key(self) -> str:
        """What names the face for ever."""
        return self.collected.key

    @property
    def predictions(self) -> Mapping[str, Prediction]:
        """Each model's answer by its id."""
        return self.answers.predictions

    @cached_property
    def disagreement(self) -> float:
        """How far the models part, 0 (one opinion) to 1: see `disagreement`."""
        return disagreement(list(self.predictions.values()))


def answer(collection: Collection, card: ModelCard, predict: Predict) -> Collection:
    """The collection with this model's answers to all of its faces; only crops that it never saw are asked about.

    A photo's new faces are asked about together, as `seven-faces predict` does, so that both give the same numbers.
    Answers of other weights under the same id, or calibrated with another temperature, are let go.
    """
    before = _current(collection, card)
    known = dict(before.probabilities) if before else {}
    size = len(known)
    for _, of_photo in groupby(collection.faces, key=lambda face: face.found.photo):
        new = [face for face in of_photo if face.found.digest not in known]
        if new:
            p = predict([face.face.crop for face in new])
            known |= {face.found.digest: row for face, row in zip(new, p, strict=True)}
    if before and len(known) == size:
        return collection
    made = ModelAnswers(
        card.id, card.title, card.weights_sha256, card.labels, card.temperature is not None, known, card.temperature
    )
    return replace(collection, answers={**collection.answers, card.id: made})


def _current(collection: Collection, card: ModelCard) -> ModelAnswers | None:
    """The answers that the collection has of this model, unless they are of other weights or another temperature."""
    made = collection.answers.get(card.id)
    maker = card.weights_sha256, card.temperature is not None, card.temperature
    return made if made and (made.weights_sha256, made.calibrated, made.temperature) == maker else None


def members_first(cards: Iterable[ModelCard]) -> list[ModelCard]:
    """The order in which to ask models, so that what an ensemble's members said is there for it."""
    return sorted(cards, key=lambda card: card.framework == "ensemble")


def joining(
    collection: Collection, members: Sequence[ModelCard], predictor: BasePredictor, predict: Predict
) -> Predict:
    """`predict` of a model, spared the crops of which the collection has the answers of all its members.

    An ensemble's answer is the mean of theirs, and to ask them again would be much of a photo's work. `members` are
    empty for any other model, and `predict` comes back.
    """
    if not isinstance(predictor, EnsemblePredictor) or len(members) != len(predictor.members):
        return predict

    def joined(crops: list[Uint8]) -> Float32:
        keys, made = [digest(crop) for crop in crops], [_current(collection, one) for one in members]
        there = [one.probabilities for one in made if one and all(key in one.probabilities for key in keys)]
        if len(there) < len(members):
            return predict(crops)
        return predictor.joined([np.stack([one[key] for key in keys]) for one in there])

    return joined


def answered(collection: Collection, ids: Sequence[str], photo: str | None = None) -> list[AnsweredFace]:
    """The faces, of one photo by sha256 or of all, with the answers that these models gave them."""
    by_photo = {one.sha256: one for one in collection.photos}
    faces = collection.faces if photo is None else collection.faces_of(photo)
    chosen = {id: collection.answers[id] for id in ids if id in collection.answers}
    return [
        AnsweredFace(by_photo[face.found.photo], face, FaceAnswers(face.number, face.face, _of(face, chosen)))
        for face in faces
    ]


def _of(face: CollectedFace, chosen: Mapping[str, ModelAnswers]) -> dict[str, Prediction]:
    digest = face.found.digest
    return {
        id: Prediction(id, made.labels, made.probabilities[digest])
        for id, made in chosen.items()
        if digest in made.probabilities
    }


def disagreement(predictions: Sequence[Prediction]) -> float:
    """How far answers to one face part, 0..1: the Jensen-Shannon divergence of all (Lin 1991), divided by its largest.

    On the labels that all models know, each scaled to sum to 1 there; 0 where fewer than two models answer.
    """
    shared = [label for label in EMOTIONS if all(label in one.labels for one in predictions)]
    if len(predictions) < 2 or len(shared) < 2:
        return 0.0
    p = np.array([[one.probabilities[one.labels.index(label)] for label in shared] for one in predictions], np.float64)
    p /= np.maximum(p.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    divergence = _entropy(p.mean(axis=0)) - _entropy(p).mean()
    return float(np.clip(divergence / np.log(min(len(predictions), len(shared))), 0, 1))


def _entropy(p: np.ndarray) -> np.ndarray:
    """The entropy of probabilities along the last axis, in nats; SciPy's `entr` costs half a second to import."""
    logarithms = np.log(p, out=np.zeros_like(p), where=p > 0)
    return -(p * logarithms).sum(axis=-1)


def labelled(collection: Collection) -> tuple[CollectedFace, ...]:
    """The faces that have a label, the collection's test set."""
    return tuple(face for face in collection.faces if face.label)


def known(collection: Collection, id: str) -> Restricted | None:
    """A model's answers to the labelled faces whose label it knows, with the truth; None where there are none."""
    made = collection.answers.get(id)
    faces = [face for face in labelled(collection) if made and face.found.digest in made.probabilities]
    if not made or not any(face.label in made.labels for face in faces):
        return None
    y = np.array([EMOTIONS.index(str(face.label)) for face in faces])
    p = np.stack([made.probabilities[face.found.digest] for face in faces])
    return restrict(y, p, made.labels, made.labels)


def evaluation(collection: Collection, id: str, bootstrap: int = 1000) -> EvaluationReport | None:
    """How a model does on the labelled faces, by the code that evaluates models on FER2013; None without such faces."""
    on = known(collection, id)
    return None if on is None else evaluate(on.y, on.p, on.labels, bootstrap=bootstrap)


def own_accuracy(report: EvaluationReport) -> Interval:
    """The accuracy on a collection with Wilson's interval: the bootstrap's is too narrow for few faces."""
    return wilson_interval(round(report.metrics["accuracy"].value * report.n), report.n)
