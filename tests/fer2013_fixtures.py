"""Fixtures around `fer2013_builder`; test modules ask for them with `pytest_plugins`."""

from __future__ import annotations

import numpy as np
import pytest

from fer_core import datasets
from fer_core.fer2013_rows import row_index
from tests.fer2013_builder import REAL, sample


@pytest.fixture
def own_places(tmp_path, monkeypatch):
    """A cache of the test's own, and no dataset in the environment."""
    monkeypatch.setenv("SEVEN_FACES_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FER2013_PATH", raising=False)


@pytest.fixture(scope="session")
def data():
    return sample()


@pytest.fixture
def known(data, monkeypatch):
    """As if the sample were FER2013: its rows are known by their pixels, and its splits end where the sample's do."""
    monkeypatch.setattr("fer_core.fer2013_rows.ENDS", np.cumsum(np.bincount(data.splits)))
    index = row_index(data.faces, data.labels)
    monkeypatch.setattr(datasets, "load_row_index", lambda: index)


@pytest.fixture(scope="session")
def real():
    """The published dataset, read into its usual cache once."""
    return datasets.load(REAL)
