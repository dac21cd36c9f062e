"""Caches of FER2013's pictures, where they are on this machine, and of what is known without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import data_facts
from dashboard.cache.evidence import reference
from fer_core import artifacts, crowd, datasets
from fer_core.cleaning_search import NearSearch
from fer_core.crowd import TaggerAgreement
from fer_core.types import Uint8

if TYPE_CHECKING:
    from fer_core.cleaning import CleaningReport


@st.cache_resource(show_spinner="Reading FER2013 …", max_entries=1)
def dataset() -> datasets.Dataset | None:
    """FER2013 where it is on this machine (FER2013_PATH, or found by fer_core.datasets), else None."""
    try:
        return datasets.load(mapped=True)
    except datasets.DatasetError:
        return None


def picture(id: int) -> Uint8 | None:
    """FER2013's face of that row, uint8 (48, 48) grey; None where the dataset or the row is not on this machine."""
    found = dataset()
    where = [] if found is None else (found.ids == id).nonzero()[0]
    return found.faces[where[0]] if found is not None and len(where) else None


def images() -> data_facts.Images | None:
    """What is known of FER2013 here: the dataset, else the test images by id and number, else None."""
    found, known = dataset(), reference()
    return _images(str(artifacts.default_root()), found.sha256 if found else "", known is not None, found, known)


@st.cache_resource(show_spinner=False, max_entries=4)
def _images(
    root: str, sha256: str, known: bool, _dataset: datasets.Dataset | None, _reference: artifacts.Reference | None
) -> data_facts.Images | None:
    return data_facts.images(_dataset, _reference)


@st.cache_data(show_spinner=False, max_entries=20)
def tagger_agreement(votes: Uint8) -> TaggerAgreement:
    """How far two of an image's taggers agree, from the images' votes uint8 (N, 10)."""
    return crowd.tagger_agreement(votes)


def cleaning_report() -> CleaningReport | None:
    """What is wrong with the dataset's images but for near copies; None without the pictures."""
    found = dataset()
    return _cleaning(found.sha256, found) if found else None


@st.cache_resource(show_spinner=False, max_entries=4)
def _cleaning(sha256: str, _dataset: datasets.Dataset) -> CleaningReport:
    from fer_core.cleaning import inspect

    return inspect(_dataset, near=False)


def near_search() -> NearSearch | None:
    """The search for near copies in this dataset, one for all users; None without the pictures."""
    found = dataset()
    return _near_search(found.sha256) if found else None


@st.cache_resource(show_spinner=False, max_entries=4)
def _near_search(sha256: str) -> NearSearch:
    return NearSearch(sha256)
