"""Caches of what the Curves page draws of a rater; keyed by the version of its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from dashboard import curve_facts
from dashboard.cache.evidence import reference, reference_in
from dashboard.cache.models import cards
from fer_core import artifacts, evidence
from fer_core.curves import RocCurve

Key = tuple[str, int, str]
"""A rater's id, the version of its answers, and where artifacts are."""


def confidences(rater: evidence.Rater, name: str, calibrated: bool = True) -> curve_facts.Confidences | None:
    """Reliability and risk-coverage of a rater on a set; at temperature 1 where not `calibrated`."""
    return _confidences(_key(rater), name, calibrated, rater)


@st.cache_resource(show_spinner=False, max_entries=400)
def _confidences(key: Key, name: str, calibrated: bool, _rater: evidence.Rater) -> curve_facts.Confidences | None:
    found = reference()
    if found and not calibrated and _rater.kind == "model":
        _rater = _uncalibrated(key) or _rater
    return curve_facts.confidences(_rater, found, name) if found else None


@st.cache_resource(show_spinner=False, max_entries=100)
def _uncalibrated(key: Key) -> evidence.Rater | None:
    """A model's answers at temperature 1; None where they cannot be read any more."""
    id, _, root = key
    found, card = reference_in(root), next((card for card in cards()[0] if card.id == id), None)
    try:
        stored = artifacts.predictions(id, Path(root))
        return curve_facts.uncalibrated(card, stored, found) if card and found else None
    except artifacts.ArtifactError:
        return None


def roc(rater: evidence.Rater, name: str) -> Mapping[str, RocCurve]:
    """The ROC curves of a rater on a set, by label, then "micro" and "macro"."""
    return _roc(_key(rater), name, rater)


@st.cache_resource(show_spinner=False, max_entries=200)
def _roc(key: Key, name: str, _rater: evidence.Rater) -> Mapping[str, RocCurve]:
    found = reference()
    return curve_facts.roc(_rater, found, name) if found else {}


def distances(raters: Sequence[evidence.Rater], name: str) -> list[curve_facts.Distance]:
    """How far each of the raters is from FER+'s votes on a set."""
    return _distances(tuple(map(_key, raters)), name, raters)


@st.cache_resource(show_spinner=False, max_entries=100)
def _distances(key: tuple[Key, ...], name: str, _raters: Sequence[evidence.Rater]) -> list[curve_facts.Distance]:
    found = reference()
    return curve_facts.distances(_raters, found, name) if found else []


def _key(rater: evidence.Rater) -> Key:
    return rater.id, rater.version, str(artifacts.default_root())
