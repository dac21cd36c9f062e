"""Caches of what studies found of face sizes and crop rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from fer_core import artifacts, face_size
from fer_core.face_size import Study


def face_sizes() -> Mapping[str, Study]:
    """The face-size study of every artifact that has one, by id: what `face_size.trust` asks for."""
    found = {id: _study(id, str(artifacts.default_root()), artifacts.changed(id)) for id in artifacts.ids()}
    return {id: study for id, study in found.items() if isinstance(study, Study)}


def without_face_sizes() -> dict[str, str]:
    """For each artifact without a readable study, in words why, by id."""
    found = {id: _study(id, str(artifacts.default_root()), artifacts.changed(id)) for id in artifacts.ids()}
    return {id: problem for id, problem in found.items() if isinstance(problem, str)}


@st.cache_resource(show_spinner=False, max_entries=200)
def _study(id: str, root: str, changed: int) -> Study | str:
    try:
        return face_size.study(id, Path(root))
    except artifacts.ArtifactError as error:
        return str(error)


def crop_rules() -> Mapping[str, Any] | None:
    """What the study of crop rules found; None where it was not made."""
    return _crop_rules(str(artifacts.default_root()), artifacts.changed(artifacts.REFERENCE))


@st.cache_resource(show_spinner=False, max_entries=8)
def _crop_rules(root: str, changed: int) -> Mapping[str, Any] | None:
    try:
        return artifacts.study("crop_rule", root=Path(root))
    except artifacts.ArtifactError:
        return None
