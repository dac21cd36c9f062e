"""Caches of the stored studies of recipes and of the projects' figures beside ours."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fer_core import artifacts, seeds, studies as stored_studies
from fer_core.seeds import Compared
from fer_core.studies import SHORT_RUNS, Study


def recipe_studies() -> tuple[dict[str, Study], list[str]]:
    """The stored studies by id, the largest first, and in words what is wrong with those that cannot be read."""
    found, wrong = _all(stored_studies.FOLDER)
    return dict(sorted(found.items(), key=lambda one: -one[1].images * one[1].epochs)), wrong


def short_runs() -> tuple[dict[str, Study], list[str]]:
    """The stored short runs, as `recipe_studies`."""
    return _all(SHORT_RUNS)


def _all(folder: str) -> tuple[dict[str, Study], list[str]]:
    root = artifacts.default_root()
    found = {id: _study(id, str(root), folder, _changed(root, folder, id)) for id in stored_studies.ids(root, folder)}
    good = {id: study for id, study in found.items() if isinstance(study, Study)}
    return good, [problem for problem in found.values() if isinstance(problem, str)]


@st.cache_resource(show_spinner=False, max_entries=100)
def _study(id: str, root: str, folder: str, changed: int) -> Study | str:
    try:
        return stored_studies.load(id, Path(root), folder)
    except artifacts.ArtifactError as error:
        return str(error)


def _changed(root: Path, folder: str, id: str) -> int:
    return (root / folder / f"{id}.json").stat().st_mtime_ns


def seeds_compared() -> list[Compared]:
    """Every system of the five projects beside ours; a blank where an artifact's card or report cannot be read."""
    root = artifacts.default_root()
    short = tuple((id, _changed(root, SHORT_RUNS, id)) for id in stored_studies.ids(root, SHORT_RUNS))
    return _seeds_compared(str(root), (*((id, artifacts.changed(id)) for id in artifacts.ids()), *short))


@st.cache_resource(show_spinner=False, max_entries=8)
def _seeds_compared(root: str, changed: tuple[tuple[str, int], ...]) -> list[Compared]:
    return seeds.compared(Path(root))
