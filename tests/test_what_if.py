"""fer_core.what_if and its command: how often a model's answer changes when a face is disturbed."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import artifacts, catalog, datasets, what_if
from fer_core.disturbances import DISTURBANCES
from fer_core.types import Interval
from fer_core.what_if import Point, Study, study
from tests.artifact_cases import make
from tests.pasted_cases import Brightness, dataset
from trainers import what_if as command
from trainers.__main__ import app

SOME = Interval(0.5, 0.4, 0.6)
POINT = Point(0.0, Interval(0.0, 0.0, 0.1), SOME, (3, 2))


def made(**changes):
    curves = {
        d.id: tuple(replace(POINT, strength=float(s), flips=SOME) for s in d.tried) for d in DISTURBANCES.values()
    }
    whole = Study("", "PublicTest", 5, 0, "ab", 5, ("happy", "sad"), POINT, curves)
    return replace(whole, **changes)


@pytest.fixture
def root(tmp_path):
    make(tmp_path)
    return tmp_path


def keep(root, found):
    sha256 = artifacts.card("torch-native", root).weights_sha256
    artifacts.save_study("what_if", asdict(replace(found, weights_sha256=sha256)), "torch-native", root)
    return sha256


def test_a_study_is_kept_with_its_artifact(root):
    sha256 = keep(root, made())
    assert study("torch-native", root) == made(weights_sha256=sha256)


def test_a_curve_has_the_undisturbed_faces_in_its_place():
    strengths = [point.strength for point in made().curve("rotate")]
    assert strengths == sorted(strengths) and 0 in strengths and len(strengths) == 1 + len(DISTURBANCES["rotate"].tried)
    assert made().curve("mirror") == (POINT, made().curves["mirror"][0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(weights_sha256="other"), "other weights"),
        (lambda c: c["curves"].pop("blur"), "other disturbances"),
        (lambda c: c["curves"]["blur"][0].update(strength=0.7), "other disturbances"),
        (lambda c: c.pop("plain"), "plain"),
        (lambda c: c["curves"]["blur"][0]["flips"].pop("low"), "flips.low"),
    ],
)
def test_a_damaged_or_outdated_study_is_refused(root, change, words):
    keep(root, made())
    content = artifacts.study("what_if", "torch-native", root)
    change(content)
    artifacts.save_study("what_if", content, "torch-native", root)
    with pytest.raises(artifacts.ArtifactError, match=rf"{words}.*python -m trainers what-if torch-native"):
        study("torch-native", root)


def test_a_missing_study_names_the_command(root):
    with pytest.raises(artifacts.ArtifactError, match="python -m trainers what-if torch-native"):
        study("torch-native", root)


def test_a_model_of_brightness_changes_its_mind_in_the_dark_and_nowhere_else_where_it_must_not(root, monkeypatch):
    monkeypatch.setattr(catalog, "load", lambda *_asked: Brightness())
    asked = []
    faces = dataset(2, 13).split("PublicTest")
    found = command.examine("torch-native", faces, root, lambda *at: asked.append(at))
    assert (found.n, found.knows) == (13, 12)  # the picture of noise is angry, which it does not know
    assert found.plain.flips.value == 0 and found.plain.accuracy.value == 1 and sum(found.plain.answers) == 13
    bright = found.plain.answers[0]
    darkest = found.curves["darken"][-1]
    assert darkest.answers == (0, 13) and darkest.flips.value == pytest.approx(bright / 13)
    assert darkest.accuracy.value == 0.5  # every other one is dark and sad
    assert found.curves["mirror"][0].flips.value == 0
    of = 1 + sum(len(d.tried) for d in DISTURBANCES.values())
    assert asked == [(done, of) for done in range(1, of + 1)]


def test_the_faces_are_the_same_for_every_model_and_no_more_than_asked(monkeypatch):
    images = dataset(2, 13).split("PublicTest")
    assert command.drawn(images).ids.tolist() == images.ids.tolist()
    monkeypatch.setattr(command, "FACES", 5)
    some = command.drawn(images)
    assert len(set(some.ids.tolist())) == 5 and np.array_equal(some.ids, command.drawn(images).ids)


def test_the_command_makes_the_study_of_each_artifact_once(tiny_artifacts, fer2013_csv, tmp_path):
    root = tmp_path / "artifacts"
    shutil.copytree(tiny_artifacts, root)
    arguments = ["what-if", "--data", str(fer2013_csv), "--out", str(root)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for id in ("keras-native", "torch-native"):
        found = study(id, root)
        assert (found.n, found.knows, found.seed) == (28, 28, 0)
        assert found.data_sha256 == datasets.load(fer2013_csv).split("PublicTest").sha256
        assert all(sum(point.answers) == 28 for points in found.curves.values() for point in points)
    again = CliRunner().invoke(app, arguments)
    assert "has its study" in again.output


def test_the_stored_studies_are_readable_and_of_the_present_weights():
    kept = {id: artifacts.default_root() / id / artifacts.STUDIES["what_if"] for id in artifacts.ids()}
    there = [id for id, path in kept.items() if path.exists()]  # not every artifact was asked yet
    assert there
    for id in there:
        content = artifacts.study("what_if", id)
        assert json.dumps(asdict(what_if.study(id))) == json.dumps(content)
