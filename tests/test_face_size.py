"""fer_core.face_size and the command that makes its studies: which faces are too small for which model."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import artifacts, catalog, datasets, face_size
from fer_core.crop_rule import DEFAULT_RULE, frame
from fer_core.face_size import Size, Study, size_of, studies, study, trust
from fer_core.types import EMOTIONS, Face, Interval
from tests.artifact_cases import make
from tests.pasted_cases import Brightness, dataset
from trainers import face_size as command
from trainers.__main__ import app

SOME = Interval(0.6, 0.58, 0.62)


def size(side: int, loss: float) -> Size:
    return Size(side, 100, 90, 1, SOME, Interval(loss, loss - 0.02, loss + 0.02), SOME, None)


def made(*losses: tuple[int, float]) -> Study:
    return Study("ab", str(DEFAULT_RULE), "PublicTest", 100, SOME, tuple(size(side, loss) for side, loss in losses))


@pytest.mark.parametrize(
    ("losses", "smallest"),
    [
        ([(20, 0.2), (30, 0.04), (48, 0.0)], 30),
        ([(20, 0.05), (48, -0.01)], 20),
        ([(20, 0.01), (30, 0.09), (48, 0.0)], 48),  # 20 is luck: the next larger loses too much
        ([(20, 0.2), (48, 0.06)], None),
    ],
)
def test_the_smallest_size_from_which_on_all_are_enough(losses, smallest):
    assert made(*losses).smallest == smallest


def test_trust_tells_models_apart():
    known = {"good": made((20, 0.1), (30, 0.02), (48, 0.0)), "poor": made((20, 0.3), (30, 0.2), (48, 0.0))}
    small, middle, large = trust(25, known), trust(30, known), trust(300, known)
    assert (small.large_enough, small.too_small) == ((), ("good", "poor"))
    assert (middle.large_enough, middle.too_small) == (("good",), ("poor",))
    assert (large.large_enough, large.too_small, large.warning) == (("good", "poor"), (), "")
    assert small.loss == {"good": pytest.approx(0.06), "poor": pytest.approx(0.25)}
    assert large.loss["poor"] == 0.0
    assert "25 pixels" in small.warning and "too small for models; about 25 of 100" in small.warning
    assert "1 of 2 models" in middle.warning and "20 of 100" in middle.warning


def test_a_model_that_no_size_suits_is_trusted_at_none():
    assert trust(1000, {"hopeless": made((20, 0.4), (48, 0.2))}).too_small == ("hopeless",)


def test_without_studies_nothing_is_said():
    nothing = trust(12, {})
    assert (nothing.large_enough, nothing.too_small, nothing.warning) == ((), (), "")


@pytest.mark.parametrize("pixels", [0, -3, float("nan")])
def test_an_impossible_size_is_refused(pixels):
    with pytest.raises(ValueError, match="more than 0"):
        trust(pixels, {})


def test_a_faces_size_is_that_of_fer2013s_frame():
    points = np.array([[122, 138], [160, 138], [141, 160], [125, 179], [157, 179]], np.float32)
    face = Face((100.0, 100.0, 180.0, 205.0), 0.99, points, np.zeros((3, 3, 3), np.uint8))
    assert size_of(face) == frame(face.box, points).width == pytest.approx(100, rel=0.1)
    enlarged = replace(face, box=(200.0, 200.0, 360.0, 410.0), landmarks=2 * points)
    assert size_of(enlarged) == pytest.approx(2 * size_of(face), rel=1e-5)


@pytest.fixture
def root(tmp_path):
    make(tmp_path)
    return tmp_path


def keep(root, found: Study) -> str:
    sha256 = artifacts.card("torch-native", root).weights_sha256
    artifacts.save_study("face_size", asdict(replace(found, weights_sha256=sha256)), "torch-native", root)
    return sha256


def test_a_study_is_kept_with_its_artifact(root):
    found = made((20, 0.1), (48, 0.0))
    sha256 = keep(root, found)
    assert study("torch-native", root) == replace(found, weights_sha256=sha256)
    assert studies(root) == {"torch-native": replace(found, weights_sha256=sha256)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(weights_sha256="other"), "other weights"),
        (lambda c: c.update(rule="another"), "another crop rule"),
        (lambda c: c.update(sizes=[]), "another crop rule"),
        (lambda c: c.pop("sizes"), "sizes"),
        (lambda c: c["sizes"][0].update(side="wide"), "sizes.0.side"),
        (lambda c: c["sizes"][1]["accuracy"].pop("low"), "accuracy.low"),
    ],
)
def test_a_damaged_or_outdated_study_is_refused_and_left_out(root, change, words):
    keep(root, made((20, 0.1), (48, 0.0)))
    content = artifacts.study("face_size", "torch-native", root)
    change(content)
    artifacts.save_study("face_size", content, "torch-native", root)
    with pytest.raises(artifacts.ArtifactError, match=rf"{words}.*python -m trainers face-size torch-native"):
        study("torch-native", root)
    assert studies(root) == {}


def test_a_missing_or_torn_file_names_the_command(root):
    for content in (None, '{"n": '):
        if content:
            (root / "torch-native" / "face_size.json").write_text(content)
        with pytest.raises(artifacts.ArtifactError, match="python -m trainers face-size torch-native"):
            study("torch-native", root)


def test_an_unknown_study_gets_the_nearest_name(root):
    with pytest.raises(KeyError, match="Did you mean 'face_size'"):
        artifacts.study("face_sise", "torch-native", root)


@pytest.fixture
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("own_place")
def test_measured_counts_what_was_found_and_what_was_missed():
    images, model = dataset(2, 13), Brightness()
    found = command.detected(images.split("PublicTest"), 64)
    public = images.split("PublicTest")
    knows = np.isin(public.labels, [EMOTIONS.index("happy"), EMOTIONS.index("sad")])
    own = command.answered_right(model, list(np.repeat(public.faces[..., None], 3, axis=3)), public.labels)
    everything = command.measured(model, public, 64, found, own, np.ones(13, bool))
    assert (everything.side, everything.pasted, everything.found, everything.false) == (64, 13, 12, 0)
    assert everything.accuracy.value == 1.0 and everything.accuracy.low < 1
    assert everything.of_all.value == pytest.approx(12 / 13)
    assert everything.loss.value == 0.0 and everything.missed and everything.missed.value == 0.0
    known = command.measured(model, public, 64, found, own, knows)
    assert (known.pasted, known.found, known.missed) == (12, 12, None)


@pytest.mark.usefixtures("own_place")
def test_loss_is_what_the_same_faces_lose():
    public = dataset(2, 13).split("PublicTest")
    found = command.detected(public, 64)
    wrong_at_first = np.zeros(13, bool)
    gained = command.measured(Brightness(), public, 64, found, wrong_at_first, np.ones(13, bool))
    assert gained.loss.value == -1.0


@pytest.mark.usefixtures("own_place")
def test_the_command_makes_the_study_of_each_artifact_once(root, monkeypatch, tmp_path):
    asked: list[str] = []

    def load(id, root=None, engine="native", precision="auto"):
        asked.append(id)
        return Brightness()

    monkeypatch.setattr(catalog, "load", load)
    monkeypatch.setattr(command, "SIDES", (30, 64))
    path = tmp_path / "astronauts.npz"
    datasets.save(dataset(2, 9), path)
    arguments = ["face-size", "--data", str(path), "--out", str(root)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    found = study("torch-native", root)
    assert [s.side for s in found.sizes] == [30, 64] and found.n == 8  # the picture of noise is angry, which it lacks
    assert found.original.value == 1.0 and found.smallest == 30
    assert "100.0%" in done.output
    again = CliRunner().invoke(app, arguments)
    assert "has its study" in again.output and asked == ["torch-native"]
    assert CliRunner().invoke(app, [*arguments, "torch-native"]).exit_code == 0 and len(asked) == 2


def test_the_stored_studies_are_readable_and_of_the_present_weights():
    kept = {id: artifacts.default_root() / id / artifacts.STUDIES["face_size"] for id in artifacts.ids()}
    there = [id for id, path in kept.items() if path.exists()]  # not every artifact was asked yet
    assert there
    for id in there:
        content = artifacts.study("face_size", id)
        assert json.dumps(asdict(face_size.study(id))) == json.dumps(content)
