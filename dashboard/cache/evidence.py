"""Caches of every rater's stored answers and evaluations; keyed by when the artifact was changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from dashboard import looks
from dashboard.cache.models import cards
from fer_core import artifacts, evidence, seed_runs, test_time
from fer_core.metrics import EvaluationReport
from fer_core.types import ModelCard


def raters() -> tuple[evidence.Rater, ...]:
    """FER2013's truth, people and every model with stored answers, all on the same images; empty without the reference.

    A model whose stored answers cannot be read is left out here; `cards` and the Models page say what is wrong with it.
    """
    root, made = artifacts.default_root(), artifacts.changed(artifacts.REFERENCE)
    if not (others := _others(str(root), made)):
        return ()
    good, _ = cards()
    models = [rater_of(card, card.id, str(root), max(made, artifacts.changed(card.id))) for card in good]
    found = (*others, *(rater for rater in models if rater is not None))
    titles = looks.distinct({rater.id: rater.title for rater in found})
    return tuple(r if r.title == titles[r.id] else replace(r, title=titles[r.id]) for r in found)


@st.cache_resource(show_spinner=False, max_entries=8)
def _others(root: str, changed: int) -> tuple[evidence.Rater, ...]:
    """FER2013's truth and people; none without the reference."""
    if (found := reference_in(root)) is None:
        return ()
    return tuple(replace(rater, version=changed) for rater in (evidence.truth(found), *evidence.people(found)))


def reference() -> artifacts.Reference | None:
    """What is known of the test images; None where it was not made."""
    return reference_in(str(artifacts.default_root()))


def reference_in(root: str) -> artifacts.Reference | None:
    """The reference in that folder of artifacts; None where it was not made."""
    return _read_reference(root, artifacts.changed(artifacts.REFERENCE, Path(root)))


@st.cache_resource(show_spinner=False, max_entries=8)
def _read_reference(root: str, changed: int) -> artifacts.Reference | None:
    try:
        return artifacts.reference(Path(root))
    except artifacts.ArtifactError:
        return None


@st.cache_resource(show_spinner=False, max_entries=64)
def rater_of(_card: ModelCard, id: str, root: str, changed: int) -> evidence.Rater | None:
    """The stored answers of a model as a rater; None where they cannot be read."""
    found = reference_in(root)
    try:
        rater = evidence.model(_card, artifacts.predictions(id, Path(root)), found) if found else None
    except artifacts.ArtifactError:
        return None
    return replace(rater, version=changed) if rater else None


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


def most_accurate(labels: Mapping[str, Sequence[str]], most: int) -> list[str]:
    """The ids of at most so many of those in `labels`, which says what labels each knows; in the order they came in.

    Those that know most labels, of these the most accurate on PublicTest, where choices are made.
    """
    best = sorted(labels, key=lambda one: (len(labels[one]), _public_accuracy(one)), reverse=True)[:most]
    return [one for one in labels if one in best]


def _public_accuracy(id: str) -> float:
    report = reports(id).get("PublicTest")
    accuracy = report.metrics.get("accuracy") if report else None
    return accuracy.value if accuracy else 0.0


def reports_on(labels: tuple[str, ...], images: str) -> dict[str, EvaluationReport]:
    """By id, how each model that knows these labels, and people, did on a set's images with them, as if on no others.

    Empty without the reference, and where the set has no such image.
    """
    root, made = str(artifacts.default_root()), artifacts.changed(artifacts.REFERENCE)
    able = {r.id: r for r in raters() if r.kind != "truth" and set(labels) <= set(r.labels)}
    found = {id: _report_on(labels, images, id, root, rater.version, rater) for id, rater in able.items()}
    found[evidence.PERSON] = _report_on(labels, images, evidence.PERSON, root, made, None)
    return {id: report for id, report in found.items() if report is not None}


@st.cache_resource(show_spinner=False, max_entries=400)
def _report_on(
    labels: tuple[str, ...], images: str, id: str, root: str, version: int, _rater: evidence.Rater | None
) -> EvaluationReport | None:
    found = reference_in(root)
    return evidence.report_on(labels, _rater, found, images) if found else None


def uncalibrated(card: ModelCard, images: str) -> EvaluationReport | None:
    """How the model did on a set of `evidence.SETS` before its temperature, without intervals; None without answers."""
    return _uncalibrated(card, images, card.id, str(artifacts.default_root()), artifacts.changed(card.id))


@st.cache_resource(show_spinner=False, max_entries=200)
def _uncalibrated(_card: ModelCard, images: str, id: str, root: str, changed: int) -> EvaluationReport | None:
    found = reference_in(root)
    if found is None or not evidence.mask(found, images).any():
        return None
    try:
        rater = evidence.model(replace(_card, temperature=None), artifacts.predictions(id, Path(root)), found)
    except artifacts.ArtifactError:
        return None
    return evidence.report(rater, found, images, bootstrap=0)


def several_views(id: str) -> test_time.Study | None:
    """What test-time augmentation brings a model; None where nobody tried, or with other weights."""
    return _several_views(id, str(artifacts.default_root()), artifacts.changed(id))


@st.cache_resource(show_spinner=False, max_entries=200)
def _several_views(id: str, root: str, changed: int) -> test_time.Study | None:
    try:
        return test_time.study(id, Path(root))
    except artifacts.ArtifactError:
        return None


def other_seeds(id: str, images: str) -> seed_runs.Again | None:
    """A model's accuracy on a set by the seed it was trained with; None where there is but one, or a run is damaged."""
    place = seed_runs.place()
    changed = tuple((run, artifacts.changed(run, place)) for run in artifacts.ids(place) if run.startswith(f"{id}-"))
    return _other_seeds(id, images, str(artifacts.default_root()), (artifacts.changed(id), *changed))


@st.cache_resource(show_spinner=False, max_entries=200)
def _other_seeds(id: str, images: str, root: str, changed: tuple[object, ...]) -> seed_runs.Again | None:
    try:
        return seed_runs.again(id, images, Path(root))
    except artifacts.ArtifactError:
        return None
