"""A FER2013 of noise and an empty database for the tests of the quiz's pages; modules ask with `pytest_plugins`."""

import pytest

from dashboard import cache
from fer_core.human.database import Database
from tests.quiz_pages import noise_fer2013


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    place = tmp_path_factory.mktemp("noise") / "noise.npz"
    return place, noise_fer2013(place)


@pytest.fixture
def noise_faces(noise, monkeypatch):
    monkeypatch.setenv("FER2013_PATH", str(noise[0]))
    cache.dataset.clear()
    yield noise[1]
    cache.dataset.clear()


@pytest.fixture
def quiz_database(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/quiz.sqlite3"
    monkeypatch.setenv("SEVEN_FACES_DATABASE", url)
    opened = Database(url)
    yield opened
    opened.close()
