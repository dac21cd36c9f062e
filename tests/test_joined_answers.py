"""An ensemble's answers are the mean of those that its members gave: nobody waits for the same network twice."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import skimage.data
from collection_cases import card, collection
from PIL import Image

from dashboard import cache
from fer_core import artifacts, catalog
from fer_core.collection_answers import answer, joining, members_first
from fer_core.composite import EnsemblePredictor
from fer_core.detection import DEFAULT_OPTIONS
from fer_core.photo_sources import Input
from fer_core.predict_run import Run
from tests.page_runs import run

MEMBERS = (replace(card("a"), temperature=1.5), card("b", weights="b" * 64))
BOTH = replace(card("both", weights="c" * 64), framework="ensemble", temperature=1.3)


@pytest.fixture
def both(tiny):
    """Two networks and their ensemble, as the cards have them."""
    members = [catalog.untrained("tiny-torch", seed=seed) for seed in (1, 2)]
    members[0].temperature = MEMBERS[0].temperature
    return EnsemblePredictor(members[0].spec, members, BOTH.temperature)


@pytest.fixture
def answered(both):
    """Six faces with the answers of both members."""
    made = collection()
    for one, member in zip(MEMBERS, both.members, strict=True):
        made = answer(made, one, member.predict_proba)
    return made


def asked_of(made, both, members=MEMBERS):
    """How many crops the ensemble is asked about, and what the collection then has of it, a row a face."""
    counts = []

    def predict(crops):
        counts.append(len(crops))
        return both.predict_proba(crops)

    now = answer(made, BOTH, joining(made, members, both, predict))
    return sum(counts), np.stack([now.answers["both"].probabilities[face.found.digest] for face in now.faces])


def test_it_is_not_asked_about_faces_that_all_members_have_answered(both, answered):
    n, joined = asked_of(answered, both)
    asked, straight = asked_of(collection(), both)
    assert (n, asked) == (0, 6)
    np.testing.assert_array_equal(joined, straight)


@pytest.mark.parametrize("members", [
    (MEMBERS[0], replace(MEMBERS[1], weights_sha256="d" * 64)),
    (replace(MEMBERS[0], temperature=None), MEMBERS[1]),
    MEMBERS[:1],
], ids=["other weights", "another temperature", "a card that is gone"])  # fmt: skip
def test_it_is_asked_where_one_members_answers_do_not_count(both, answered, members):
    n, found = asked_of(answered, both, members)
    assert n == 6
    np.testing.assert_array_equal(found, asked_of(answered, both)[1])


def test_any_other_model_is_asked_itself(both, answered):
    def predict(crops):
        return crops

    assert joining(answered, (), both.members[0], predict) is predict


@pytest.fixture
def never(monkeypatch):
    """What the shipped ensemble says of the example's face, and then nobody may ask it again."""
    face = cache.example_work().faces[0].face.crop
    said = catalog.load("ensemble", engine="auto").predict_proba([face])[0]

    def again(self, faces):
        raise AssertionError("the members were asked again")

    monkeypatch.setattr(EnsemblePredictor, "predict_logits", again)
    return said


def test_the_page_reads_each_network_once(never):
    at = run("photos")
    assert not at.exception
    made = cache.example_work()
    for one in members_first(cache.cards()[0]):
        made = cache.read_by(made, one)
    (found,) = made.answers["ensemble"].probabilities.values()
    np.testing.assert_allclose(found, never, atol=1e-6)


def test_the_command_does_too_and_loads_each_once(never, tmp_path):
    ids = ["ensemble", *artifacts.card("ensemble").recipe["members"]]
    photo = tmp_path / "a.png"
    Image.fromarray(skimage.data.astronaut()).save(photo)
    out = Run([artifacts.card(id) for id in ids], DEFAULT_OPTIONS, tmp_path / "faces.csv")
    out.take(Input(photo.name, photo.read_bytes()))
    with (tmp_path / "faces.csv").open(newline="", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert float(row["ensemble:happy"]) == pytest.approx(never[3], abs=1e-4)
    joint, *members = out.predictors
    assert isinstance(joint, EnsemblePredictor) and joint.members == tuple(members)
