"""fer_core.saliency_checks and the command that takes the weights away."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_core import artifacts, catalog
from fer_core.face_regions import USUAL, usual
from fer_core.saliency import METHODS
from fer_core.saliency.task import Task
from fer_core.saliency_checks import (
    REGIONS,
    THRESHOLD,
    agreement,
    insertion_deletion,
    region_areas,
    region_shares,
    regions,
    sanity,
    study,
)
from fer_core.saliency_checks.randomised import STUDY
from tests.saliency_cases import PATCH, patch_reader, patchy_face
from trainers.__main__ import app

pytestmark = pytest.mark.usefixtures("tiny")


def test_every_pixel_is_in_one_region_and_landmarks_are_in_theirs():
    masks = regions(None, (48, 48))
    assert tuple(masks) == REGIONS and (np.sum(list(masks.values()), axis=0) == 1).all()
    places = usual((48, 48)).astype(int)
    for (x, y), name in zip(places, ("eyes", "eyes", "nose", "mouth", "mouth"), strict=True):
        assert masks[name][y, x]
    assert masks["brows"][13, 14] and masks["rest"][0, 0] and masks["rest"][24, 4]


def test_the_usual_places_are_those_that_were_measured():
    measured = artifacts.study("crop_rule")["landmarks"]
    np.testing.assert_allclose(USUAL, measured, atol=1e-3)


def test_regions_turn_and_grow_with_the_face():
    upright = regions(None, (40, 40))
    turned = np.stack([40 - usual((40, 40))[:, 1], usual((40, 40))[:, 0]], axis=1)  # a quarter clockwise
    for name, mask in regions(turned, (40, 40)).items():
        assert (np.rot90(mask) != upright[name]).mean() < 0.02, name
    large = region_areas(usual((40, 40)) * 3, (120, 120))
    for name, share in region_areas(None, (40, 40)).items():
        assert large[name] == pytest.approx(share, abs=0.02)


def test_shares_are_of_what_speaks_for_the_target():
    map2d = np.zeros((48, 48), np.float32)
    (x, y), *_ = usual((48, 48))[3:].astype(int)
    map2d[y, x], map2d[0, 0], map2d[1, 1], map2d[2, 2] = 3, 1, -5, np.nan
    assert region_shares(map2d) == {"brows": 0, "eyes": 0, "nose": 0, "mouth": 0.75, "rest": 0.25}
    assert set(region_shares(-np.ones((48, 48), np.float32)).values()) == {0.0}
    assert sum(region_areas(None, (48, 48)).values()) == pytest.approx(1)


@pytest.mark.parametrize("wrong", [np.zeros((4, 2)), np.full((5, 2), np.nan)])
def test_landmarks_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="five landmarks"):
        regions(wrong, (48, 48))


def test_one_point_five_times_is_no_crash():
    assert sum(m.sum() for m in regions(np.full((5, 2), 20.0), (48, 48)).values()) == 48 * 48


def test_a_map_of_what_the_model_reads_beats_chance_and_its_opposite_does_not():
    model, face = patch_reader("torch"), patchy_face()
    truth = np.zeros((48, 48), np.float32)
    truth[PATCH] = 1
    good, bad = (insertion_deletion(model, face, m, "happy") for m in (truth, 1 - truth))
    assert good.insertion_area > good.chance_insertion_area > bad.insertion_area
    assert good.deletion_area < good.chance_deletion_area < bad.deletion_area
    full, none = model.predict_proba([face])[0, 3], good.deletion[-1]
    assert good.fractions[0] == 0 and good.fractions[-1] == 1 and len(good.insertion) == len(good.fractions)
    assert good.insertion[-1] == pytest.approx(full) and good.deletion[0] == pytest.approx(full)
    # the patch is 1/16 of the face: 2 of 24 steps hold all of it
    np.testing.assert_allclose(good.deletion[2:], none, atol=1e-6)
    np.testing.assert_allclose(good.insertion[2:], full, atol=1e-6)
    by_hand = np.trapezoid(good.deletion, good.fractions)
    assert good.deletion_area == pytest.approx(by_hand, abs=1e-5)


def test_a_pair_is_asked_about_alone():
    model, face = patch_reader("torch"), patchy_face()
    truth = np.zeros((48, 48), np.float32)
    truth[PATCH] = 1
    curves = insertion_deletion(model, face, truth, ("happy", "sad"))
    p = model.predict_proba([face])[0]
    assert curves.insertion[-1] == pytest.approx(p[3] / (p[3] + p[4]), abs=1e-5)


def test_methods_agree_by_rank():
    chance = np.random.default_rng(0)
    one = chance.random((6, 6)).astype(np.float32)
    table = agreement({"a": one, "cubed": one**3, "against": -one, "flat": np.ones_like(one)})
    np.testing.assert_allclose(table.correlations[:3, :3], [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], atol=1e-6)
    assert np.isnan(table.correlations[3]).all() and table.mean == pytest.approx(-1 / 3)
    with pytest.raises(ValueError, match="one size"):
        agreement({"a": one, "b": one[:3]})


def test_a_method_that_draws_the_face_fails_and_one_that_asks_the_weights_passes(monkeypatch, tiny):
    def draw(_part: object, task: Task) -> np.ndarray:
        return np.stack([face[..., 0] for face in task.faces]).astype(np.float32)

    drawing = replace(METHODS["grad_cam"], id="drawing", function=draw)
    monkeypatch.setitem(METHODS, "drawing", drawing)
    model = catalog.untrained("tiny-torch", seed=5)
    before = {name: array.copy() for name, array in model.weights().items()}
    faces = np.random.default_rng(1).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    heard: list[tuple[int, int]] = []
    stages, outcomes = sanity(model, faces, ["drawing", "integrated_gradients"], progress=lambda *at: heard.append(at))
    drawn, asked = outcomes
    assert stages == (1, 2, 3) and drawn.n == asked.n == 5
    assert drawn.passed is False and [one.value for one in drawn.similarity] == pytest.approx([1, 1, 1])
    assert asked.passed is True and asked.similarity[-1].value < THRESHOLD and drawn.heeds_target is False
    assert heard[-1] == (8, 8)
    for name, array in model.weights().items():
        np.testing.assert_array_equal(array, before[name])


def test_an_empty_border_is_no_likeness(monkeypatch):
    faces = np.random.default_rng(1).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)
    assert catalog.spec("keras-native").grad_cam_border == 2
    asked = catalog.untrained("keras-native", seed=5), faces, ["grad_cam"]
    with_border = sanity(*asked)
    monkeypatch.setitem(catalog.CATALOG, "keras-native", replace(catalog.spec("keras-native"), grad_cam_border=0))
    assert sanity(*asked) == with_border


def test_a_method_without_a_single_map_is_not_judged():
    model = catalog.untrained("tiny-torch")
    model.load_weights({name: np.zeros_like(array) for name, array in model.weights().items()})
    _, (outcome,) = sanity(model, np.zeros((2, 48, 48, 3), np.uint8), ["smooth_grad"])
    assert outcome.n == 0 and outcome.passed is None and outcome.heeds_target is None


def test_the_command_leaves_its_study_beside_the_artifact(tiny_artifacts: Path, fer2013_csv: Path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    asked = ["sanity", "torch-native", "--data", str(fer2013_csv), "--faces", "4", "--out", str(tiny_artifacts)]
    done = CliRunner().invoke(app, [*asked, "--method", "grad_cam", "--method", "hires_cam"])
    assert done.exit_code == 0, done.output
    found = study("torch-native", tiny_artifacts)
    assert "HiResCAM" in done.output and found.faces == 4 and found.layers == max(found.stages)
    assert [one.method for one in found.outcomes] == ["grad_cam", "hires_cam"]
    assert not found.failed("occlusion"), "which was not checked"
    other = replace(found, weights_sha256="another")
    artifacts.save_study(STUDY, json.loads(json.dumps(asdict(other))), "torch-native", tiny_artifacts)
    with pytest.raises(artifacts.ArtifactError, match=r"other weights\. Make it with: python -m trainers sanity"):
        study("torch-native", tiny_artifacts)


def test_without_a_name_the_command_checks_all_but_those_made_of_several(tiny_artifacts, fer2013_csv, tmp_path):
    root = tmp_path / "artifacts"
    shutil.copytree(tiny_artifacts, root)
    card = json.loads((artifacts.default_root() / "ensemble" / "card.json").read_text("utf-8"))
    card["recipe"]["members"] = ["keras-native", "torch-native"]
    (root / "ensemble").mkdir()
    (root / "ensemble" / "card.json").write_text(json.dumps(card), "utf-8")
    asked = ["sanity", "--data", str(fer2013_csv), "--faces", "1", "--out", str(root), "--method", "grad_cam"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert study("keras-native", root).faces == study("torch-native", root).faces == 1


def test_an_unknown_method_is_answered_with_the_nearest(fer2013_csv: Path):
    done = CliRunner().invoke(app, ["sanity", "--data", str(fer2013_csv), "--method", "gradcam"])
    assert done.exit_code != 0 and "grad_cam" in str(done.exception)


@pytest.mark.parametrize(
    "id", [id for id in artifacts.ids() if (artifacts.default_root() / id / "sanity.json").exists()]
)
def test_shipped_checks_are_of_the_shipped_weights(id: str):
    assert study(id).outcomes
