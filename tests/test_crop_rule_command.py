"""trainers.crop_rule: the framing is learned from pictures, and rules are compared by their errors and accuracies."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import artifacts, catalog, datasets
from fer_core.crop_rule import Framing, framed
from tests.artifact_cases import make
from tests.pasted_cases import Brightness, dataset
from trainers import crop_rule
from trainers.__main__ import app
from trainers.crop_rule import OLD, Similarity, compared, errors, learn, usual_places
from trainers.pasting import Readings, corners

TRUE = Framing(width=0.8, height=0.1, eyes=0.5, face=0.4, across=0.6, down=0.7, below=0.05)


def readings(n: int = 400, spoiled: int = 0) -> Readings:
    """Boxes and landmarks of many shapes with the frames that `TRUE` gives them, some frames spoiled."""
    chance = np.random.default_rng(5)
    low, h = chance.uniform(0, 500, (n, 2)), chance.uniform(30, 200, n)
    w = h * chance.uniform(0.6, 0.95, n)
    boxes = np.hstack([low, low + np.stack([w, h], axis=1)])
    shares = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) + chance.normal(
        0, 0.04, (n, 5, 2)
    )
    landmarks = low[:, None] + shares * np.stack([w, h], axis=1)[:, None]
    frames = corners([framed(tuple(box), points, TRUE) for box, points in zip(boxes, landmarks, strict=True)])
    frames[:spoiled] += 300
    return Readings(np.arange(n), boxes, landmarks, frames, np.zeros(1))


@pytest.mark.parametrize("spoiled", [0, 20])
def test_the_framing_is_found_again_though_some_faces_are_wrong(spoiled):
    found = learn(readings(spoiled=spoiled))["fer2013"]
    for name in ("width", "height", "eyes", "face", "across", "down", "below"):
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), abs=0.02), name


def test_the_rule_by_box_alone_is_the_poorer_one():
    found = readings()
    rules = compared(learn(found), Similarity(usual_places(found)))
    of = {name: errors(rule, found) for name, rule in rules.items()}
    assert of["FER2013's own frame"]["iou"] == [1, 1, 1] and of["FER2013's own frame"]["scale"] == 1
    assert of["box and landmarks"]["iou"][0] > 0.99
    assert of["box and landmarks"]["centre"] < of["box, learned"]["centre"]
    assert of["box, learned"]["iou"][0] > of["tight box"]["iou"][0]


@pytest.mark.parametrize("level", [True, False])
def test_a_similarity_finds_the_frame_of_landmarks_in_their_places(level):
    places = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    a = np.radians(25 if level else 0)
    turned = (places - 0.5) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    found = Similarity(places).frame(80 * turned + [300, 200], level)
    assert (found.x, found.y, found.width, found.roll) == pytest.approx((300, 200, 80, a))


def test_usual_places_are_the_same_left_and_right():
    places = usual_places(readings())
    assert places[0, 0] + places[1, 0] == pytest.approx(1) and places[0, 1] == places[1, 1]
    assert places[2, 0] == pytest.approx(0.5)


def test_the_command_keeps_what_it_found(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(catalog, "load", lambda name, root=None: Brightness())
    monkeypatch.setattr(crop_rule, "TILTED", 4)
    path, root = tmp_path / "astronauts.npz", tmp_path / "artifacts"
    make(root)
    datasets.save(dataset(24, 11), path)
    arguments = ["crop-rule", "--data", str(path), "--out", str(root)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    found = artifacts.study("crop_rule", root=root)
    assert found["learned_from"]["n"] == 24 and found["held_out"] == {"split": "PublicTest", "n": 10, "of": 11}
    assert found["used"] in found["errors"] and found["errors"]["box and landmarks"]["iou"][0] > 0.75
    assert Framing(**found["learned"]["fer2013"]).width
    for shown in ("upright", "tilted"):
        mine = found["accuracy"]["torch-native"][shown]
        assert set(mine) == {"n", *found["errors"]} and mine[OLD]["above_old"] == [0, 0, 0]
        assert mine["box and landmarks"]["accuracy"][0] == 1.0
    before = found["accuracy"]["torch-native"]
    monkeypatch.setattr(crop_rule, "accuracies", lambda *args: before["upright"] | {"n": 7})
    make(root, id="another")
    done = CliRunner().invoke(app, [*arguments, "another"])
    assert done.exit_code == 0, done.output
    asked = artifacts.study("crop_rule", root=root)["accuracy"]
    assert asked["torch-native"] == before  # asked before, kept while weights and rules are the same
    assert [one["n"] for one in asked["another"].values()] == [7, 7]


def test_an_unknown_artifact_is_told_before_faces_are_looked_for_and_nothing_is_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(crop_rule, "read", lambda *_: pytest.fail("faces were looked for"))
    make(tmp_path / "artifacts")
    datasets.save(dataset(24, 11), tmp_path / "astronauts.npz")
    asked = ["crop-rule", "torch-nativ", "--data", str(tmp_path / "astronauts.npz")]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "artifacts")])
    assert isinstance(done.exception, artifacts.ArtifactError) and "Did you mean 'torch-native'" in str(done.exception)
    with pytest.raises(artifacts.ArtifactError):
        artifacts.study("crop_rule", root=tmp_path / "artifacts")
