"""The only caches of the program. Models are shared by all users; what comes from a photo belongs to one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import curve_facts, data_facts
from fer_core import artifacts, catalog, datasets, evidence
from fer_core.answers import Int64
from fer_core.comparison import Comparison, compare
from fer_core.curves import RocCurve
from fer_core.detection import DetectionOptions, Detector
from fer_core.metrics import EvaluationReport
from fer_core.photos import PhotoError
from fer_core.reading import PhotoReading, read_faces
from fer_core.types import Float32, ModelCard, Uint8

if TYPE_CHECKING:
    from fer_core.cleaning import CleaningReport
    from fer_core.predictor import BasePredictor


def cards() -> tuple[list[ModelCard], list[str]]:
    """The cards of all artifacts here, and in the user's words what is wrong with those that cannot be read."""
    good, problems = [], []
    for id in artifacts.ids():
        try:
            good.append(_card(id, str(artifacts.default_root()), artifacts.changed(id)))
        except artifacts.ArtifactError as error:
            problems.append(str(error))
    return good, problems


@st.cache_data(show_spinner=False, max_entries=200)
def _card(id: str, root: str, changed: int) -> ModelCard:
    return artifacts.card(id)


@st.cache_resource(show_spinner=False, max_entries=16)
def predictor(id: str, weights_sha256: str) -> BasePredictor:
    """The predictor of an artifact, one for all users."""
    return catalog.load(id)


@st.cache_resource(show_spinner=False)
def detector() -> Detector:
    """The face detector, one for all users."""
    return Detector()


@st.cache_resource(show_spinner=False, max_entries=400, scope="session")
def reading(file_id: str, options: DetectionOptions, _data: bytes) -> PhotoReading | PhotoError:
    """The faces of one uploaded file, or what is wrong with it; kept in memory for this session only."""
    try:
        return read_faces(_data, detector(), options)
    except PhotoError as error:
        return error


def probabilities(card: ModelCard, reading: PhotoReading, options: DetectionOptions) -> Float32:
    """One model's probabilities, float32 (N, K), for the N faces of one photo of this session."""
    return _probabilities(card.id, card.weights_sha256, reading.sha256, options, reading)


@st.cache_resource(show_spinner=False, max_entries=4000, scope="session")
def _probabilities(
    id: str, weights_sha256: str, photo: str, options: DetectionOptions, _reading: PhotoReading
) -> Float32:
    return predictor(id, weights_sha256).predict_proba([face.crop for face in _reading.faces])


@st.cache_data(show_spinner=False)
def example_photo() -> bytes:
    """A photo of one face that every machine has: NASA's portrait of the astronaut Eileen Collins, public domain."""
    import skimage

    return (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()


def raters() -> tuple[evidence.Rater, ...]:
    """FER2013's truth, people and every model with stored answers, all on the same images; empty without the reference.

    A model whose stored answers cannot be read is left out here; `cards` and the Models page say what is wrong with it.
    """
    found = reference()
    if found is None:
        return ()
    good, _ = cards()
    models = [_rater(card, card.id, *_version(card.id)) for card in good]
    return (evidence.truth(found), *evidence.people(found), *(rater for rater in models if rater is not None))


def reference() -> artifacts.Reference | None:
    """What is known of the test images; None where it was not made."""
    return _reference(str(artifacts.default_root()))


def _reference(root: str) -> artifacts.Reference | None:
    return _read_reference(root, artifacts.changed(artifacts.REFERENCE, Path(root)))


@st.cache_resource(show_spinner=False, max_entries=8)
def _read_reference(root: str, changed: int) -> artifacts.Reference | None:
    try:
        return artifacts.reference(Path(root))
    except artifacts.ArtifactError:
        return None


@st.cache_resource(show_spinner=False, max_entries=64)
def _rater(_card: ModelCard, id: str, root: str, changed: int) -> evidence.Rater | None:
    found = _reference(root)
    try:
        return evidence.model(_card, artifacts.predictions(id, Path(root)), found) if found else None
    except artifacts.ArtifactError:
        return None


def reports(id: str) -> dict[str, EvaluationReport]:
    """The stored evaluations of a model or of people (`evidence.PEOPLE`): by set; empty where there are none."""
    root = artifacts.default_root()
    return _reports(id, str(root), artifacts.changed(artifacts.REFERENCE if id in evidence.PEOPLE else id))


@st.cache_resource(show_spinner=False, max_entries=200)
def _reports(id: str, root: str, changed: int) -> dict[str, EvaluationReport]:
    try:
        return evidence.stored_reports(id, Path(root))
    except artifacts.ArtifactError:
        return {}


@st.cache_resource(show_spinner=False, max_entries=200)
def curves(id: str, root: str, changed: int) -> list[dict[str, float]]:
    """One row an epoch of an artifact's training."""
    return artifacts.curves(id, Path(root))


@st.cache_resource(show_spinner="Reading FER2013 …", max_entries=1)
def dataset() -> datasets.Dataset | None:
    """FER2013 where it is on this machine (FER2013_PATH, or found by fer_core.datasets), else None."""
    try:
        return datasets.load()
    except datasets.DatasetError:
        return None


def confidences(rater: evidence.Rater, name: str, calibrated: bool = True) -> curve_facts.Confidences | None:
    """Reliability and risk-coverage of a rater on a set; at temperature 1 where not `calibrated`."""
    return _confidences(rater.id, name, calibrated, *_version(rater.id), rater)


@st.cache_resource(show_spinner=False, max_entries=400)
def _confidences(
    id: str, name: str, calibrated: bool, root: str, changed: int, _rater: evidence.Rater
) -> curve_facts.Confidences | None:
    found = _reference(root)
    try:
        if found and not calibrated and _rater.kind == "model":
            stored = artifacts.predictions(id, Path(root))
            _rater = curve_facts.uncalibrated(artifacts.card(id, Path(root)), stored, found)
        return curve_facts.confidences(_rater, found, name) if found else None
    except artifacts.ArtifactError:
        return None


def roc(rater: evidence.Rater, name: str) -> Mapping[str, RocCurve]:
    """The ROC curves of a rater on a set, by label, then "micro" and "macro"; the first call loads scikit-learn."""
    return _roc(rater.id, name, *_version(rater.id), rater)


@st.cache_resource(show_spinner=False, max_entries=200)
def _roc(id: str, name: str, root: str, changed: int, _rater: evidence.Rater) -> Mapping[str, RocCurve]:
    found = _reference(root)
    return curve_facts.roc(_rater, found, name) if found else {}


def distances(raters: Sequence[evidence.Rater], name: str) -> list[curve_facts.Distance]:
    """How far each of the raters is from FER+'s votes on a set."""
    return _distances(tuple((r.id, *_version(r.id)) for r in raters), name, str(artifacts.default_root()), raters)


@st.cache_resource(show_spinner=False, max_entries=100)
def _distances(key: tuple, name: str, root: str, _raters: Sequence[evidence.Rater]) -> list[curve_facts.Distance]:
    found = _reference(root)
    return curve_facts.distances(_raters, found, name) if found else []


def _version(id: str) -> tuple[str, int]:
    """Where artifacts are and when this one was changed: with its id, a key for what is computed from it."""
    return str(artifacts.default_root()), max(artifacts.changed(id), artifacts.changed(artifacts.REFERENCE))


@dataclass(frozen=True, eq=False)
class Stored:
    """All that an artifact keeps beside its card, empty where it cannot be read, and in words what is wrong."""

    reports: dict[str, EvaluationReport]
    curves: list[dict[str, float]]
    environment: dict[str, Any]
    has_weights: bool
    problems: tuple[str, ...]


def stored(card: ModelCard) -> Stored:
    """What the artifact of that card keeps; never an error."""
    return _stored(card, card.id, str(artifacts.default_root()), artifacts.changed(card.id))


@st.cache_resource(show_spinner=False, max_entries=200)
def _stored(_card: ModelCard, id: str, root: str, changed: int) -> Stored:
    found: list[Any] = []
    problems = []
    for read in (evidence.stored_reports, artifacts.curves, artifacts.environment):
        try:
            found.append(read(id, Path(root)))
        except (ValueError, TypeError, AttributeError) as error:  # JSON of another shape than ours
            found.append([] if read is artifacts.curves else {})
            mine = isinstance(error, artifacts.ArtifactError)
            problems.append(str(error) if mine else f"What {id!r} keeps has another shape than expected. {error}")
    if _reference(root) is not None and _rater(_card, id, root, changed) is None:
        problems.append(
            f"The stored answers of {id!r} cannot be read or lack images. "
            f"Make them with: python -m trainers evaluate {id} --predict"
        )
    return Stored(found[0], found[1], found[2], artifacts.has_weights(id, Path(root)), tuple(problems))


def uncalibrated(card: ModelCard, images: str) -> EvaluationReport | None:
    """How the model did on a set of `evidence.SETS` before its temperature, without intervals; None without answers."""
    return _uncalibrated(card, images, card.id, str(artifacts.default_root()), artifacts.changed(card.id))


@st.cache_resource(show_spinner=False, max_entries=200)
def _uncalibrated(_card: ModelCard, images: str, id: str, root: str, changed: int) -> EvaluationReport | None:
    found = _reference(root)
    if found is None or not evidence.mask(found, images).any():
        return None
    try:
        rater = evidence.model(replace(_card, temperature=None), artifacts.predictions(id, Path(root)), found)
    except artifacts.ArtifactError:
        return None
    return evidence.report(rater, found, images, bootstrap=0)


def weight_shapes(card: ModelCard) -> dict[str, tuple[int, ...]]:
    """The shape of every weight by its name; ArtifactError where the weights are absent or damaged."""
    return _weight_shapes(card.id, str(artifacts.default_root()), card.weights_sha256)


@st.cache_data(show_spinner=False, max_entries=200)
def _weight_shapes(id: str, root: str, sha256: str) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in artifacts.weights(id, Path(root)).items()}


def picture(id: int) -> Uint8 | None:
    """FER2013's face of that row, uint8 (48, 48) grey; None where the dataset or the row is not on this machine."""
    found = dataset()
    where = [] if found is None else (found.ids == id).nonzero()[0]
    return found.faces[where[0]] if found is not None and len(where) else None


@st.cache_data(show_spinner=False, max_entries=400)
def comparison(y: Int64, answered_a: Int64, answered_b: Int64) -> Comparison:
    """How two raters' labels for the same images compare; the first call of the program takes some seconds."""
    return compare(y, answered_a, answered_b)


def images() -> data_facts.Images | None:
    """What is known of FER2013 here: the dataset, else the test images by id and number, else None."""
    found, known = dataset(), reference()
    return _images(str(artifacts.default_root()), found.sha256 if found else "", known is not None, found, known)


@st.cache_resource(show_spinner=False, max_entries=4)
def _images(
    root: str, sha256: str, known: bool, _dataset: datasets.Dataset | None, _reference: artifacts.Reference | None
) -> data_facts.Images | None:
    return data_facts.images(_dataset, _reference)


def cleaning_report(near: bool) -> CleaningReport | None:
    """What is wrong with the dataset's images, near copies sought where asked for (15 s); None without the pictures."""
    found = dataset()
    return _cleaning(found.sha256, near, found) if found else None


@st.cache_resource(show_spinner=False, max_entries=4)
def _cleaning(sha256: str, near: bool, _dataset: datasets.Dataset) -> CleaningReport:
    from fer_core.cleaning import inspect

    return inspect(_dataset, near=near)
