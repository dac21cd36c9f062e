"""fer_core.average_maps and its command: maps of aligned faces, and nothing made of faces that are too few."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import artifacts, average_maps, catalog, datasets
from fer_core.average_maps import SIDE, Group, Study, mean_faces, pack, study
from fer_core.types import EMOTIONS, Interval
from tests.artifact_cases import make
from tests.pasted_cases import Brightness, dataset
from trainers import average_maps as command
from trainers.__main__ import app

SOME = Interval(0.4, 0.3, 0.5)


class Mouth(Brightness):
    """Says happy of bright faces and sad of dark ones, and by Grad-CAM's account looks at the lower half."""

    def _activations(self, x, weights):
        activations = np.zeros((len(x), 4, 4, 1), np.float32)
        activations[:, 3] = 1.0
        return activations, np.ones_like(activations)


def made(**changes):
    map = pack(np.eye(SIDE, dtype=np.float32))
    one = Group(7, 9, 0, map, {"mouth": SOME}, {"mouth": 0.1})
    whole = Study("", "PublicTest", 20, 100, 0, "ab", {"happy": {"right": one, "wrong": replace(one, n=0, map=None)}})
    return replace(whole, **changes)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_CACHE", str(tmp_path / "cache"))
    make(tmp_path)
    return tmp_path


def keep(root, found):
    sha256 = artifacts.card("torch-native", root).weights_sha256
    artifacts.save_study("average_maps", asdict(replace(found, weights_sha256=sha256)), "torch-native", root)
    return sha256


def test_a_map_is_kept_to_a_255th_of_its_largest_value():
    values = np.random.default_rng(0).random((SIDE, SIDE), np.float32) * 5
    packed = pack(values)
    assert np.abs(packed.unpacked() - values).max() <= values.max() / 255 / 2 + 1e-6
    assert len(packed.bytes) == SIDE * SIDE * 4 // 3
    assert not pack(np.zeros((SIDE, SIDE), np.float32)).unpacked().any()


def test_a_study_is_kept_with_its_artifact(root):
    sha256 = keep(root, made())
    assert study("torch-native", root) == made(weights_sha256=sha256)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(weights_sha256="other"), "other weights"),
        (lambda c: c.pop("groups"), "groups"),
        (lambda c: c["groups"]["happy"]["right"]["map"].update(bytes="AAAA"), "damaged"),
        (lambda c: c["groups"]["happy"]["right"]["map"].update(bytes="no base64!"), "damaged"),
    ],
)
def test_a_damaged_or_outdated_study_is_refused(root, change, words):
    keep(root, made())
    content = artifacts.study("average_maps", "torch-native", root)
    change(content)
    artifacts.save_study("average_maps", content, "torch-native", root)
    with pytest.raises(artifacts.ArtifactError, match=rf"(?s){words}.*python -m trainers average-maps torch-native"):
        study("torch-native", root)


def test_faces_are_moved_so_that_landmarks_lie_in_their_places(root):
    found = command.aligned(dataset(2, 9).split("PublicTest"))
    assert len(found.faces) == 8  # one picture is noise
    for i in range(8):
        for point, place in zip(found.landmarks[i], found.places, strict=True):
            spot = np.zeros((48, 48), np.float32)
            down, across = np.mgrid[:48, :48]
            spot += np.exp(-((across + 0.5 - 48 * point[0]) ** 2 + (down + 0.5 - 48 * point[1]) ** 2) / 8)
            moved = np.nan_to_num(found.moved(spot, i, 48))
            row, column = np.unravel_index(moved.argmax(), moved.shape)
            assert (column + 0.5, row + 0.5) == pytest.approx(tuple(48 * place), abs=2.5)


def test_the_command_averages_where_the_model_looks(root, monkeypatch):
    monkeypatch.setattr(catalog, "load", lambda _id, _root=None: Mouth())
    path = root / "astronauts.npz"
    datasets.save(dataset(2, 13), path)
    done = CliRunner().invoke(app, ["average-maps", "--data", str(path), "--out", str(root)])
    assert done.exit_code == 0, done.output
    found = study("torch-native", root)
    happy = found.groups["happy"]["right"]
    assert (found.faces, happy.n, happy.of, happy.empty) == (12, 6, 6, 0)
    assert found.groups["happy"]["wrong"] == Group(0, 0, 0, None, {}, {})
    assert happy.map is not None
    values = happy.map.unpacked()
    assert values[21:].mean() > 2 and values[:10].mean() < 0.1
    assert happy.shares["mouth"].value > 2 * happy.areas["mouth"] and happy.shares["brows"].value < 0.02
    assert sum(share.value for share in happy.shares.values()) == pytest.approx(1)
    faces = mean_faces(root)
    assert faces is not None
    assert faces.n == {"happy": 6, "sad": 6} and faces.face("happy").mean() > faces.face("sad").mean() + 30
    again = CliRunner().invoke(app, ["average-maps", "--data", str(path), "--out", str(root)])
    assert "has its study" in again.output


def test_without_any_face_there_are_no_maps_and_no_error(tiny_artifacts, fer2013_csv, tmp_path):
    root = tmp_path / "artifacts"
    shutil.copytree(tiny_artifacts, root)
    done = CliRunner().invoke(app, ["average-maps", "torch-native", "--data", str(fer2013_csv), "--out", str(root)])
    assert done.exit_code == 0, done.output
    found = study("torch-native", root)
    assert set(found.groups) == set(EMOTIONS)
    assert all(one.n <= found.faces for groups in found.groups.values() for one in groups.values())


def test_nobody_made_mean_faces(tmp_path):
    assert mean_faces(tmp_path) is None


def test_the_stored_studies_are_readable_and_of_the_present_weights():
    kept = {id: artifacts.default_root() / id / artifacts.STUDIES["average_maps"] for id in artifacts.ids()}
    there = [id for id, path in kept.items() if path.exists()]  # not every artifact was asked yet
    assert there and mean_faces() is not None
    for id in there:
        content = artifacts.study("average_maps", id)
        assert json.dumps(asdict(average_maps.study(id))) == json.dumps(content)
