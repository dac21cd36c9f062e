"""Test-time augmentation and ensembles: means of probabilities, by hand and behind the predictor interface."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_core import catalog
from fer_core.composite import LUMA, TEST_TIME, EnsemblePredictor, TestTimePredictor, views
from fer_core.predictor import BasePredictor
from fer_core.types import EMOTIONS, InputSpec

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)


def member(seed: int, framework: str = "torch", labels: tuple[str, ...] = EMOTIONS) -> BasePredictor:
    return catalog.untrained(f"tiny-{framework}", labels, seed)


def test_flip_adds_the_mirror_image(faces) -> None:
    one, two = views(faces, "flip")
    np.testing.assert_array_equal(np.stack(one), faces)
    np.testing.assert_array_equal(np.stack(two), faces[:, :, ::-1])


def test_ten_crops_are_four_corners_a_centre_and_their_mirrors(faces) -> None:
    found = views(faces, "ten_crop")
    assert len(found) == 10 and all(crop.shape == (44, 44, 3) for view in found for crop in view)
    np.testing.assert_array_equal(found[0][1], faces[1, :44, :44])
    np.testing.assert_array_equal(found[3][1], faces[1, 4:, 4:])
    np.testing.assert_array_equal(found[4][2], faces[2, 2:46, 2:46])
    np.testing.assert_array_equal(found[9][2], faces[2, 2:46, 2:46][:, ::-1])


def test_a_face_of_one_pixel_has_ten_crops() -> None:
    assert all(view[0].shape == (1, 1, 3) for view in views(np.zeros((1, 1, 1, 3), np.uint8), "ten_crop"))


@pytest.mark.parametrize("test_time", ["flip", "ten_crop"])
def test_the_answer_is_the_mean_over_the_views(faces, test_time: str) -> None:
    inner = member(1)
    by_hand = np.mean([inner.predict_proba(view) for view in views(faces, test_time)], axis=0)
    np.testing.assert_allclose(TestTimePredictor(member(1), test_time).predict_proba(faces), by_hand, atol=1e-6)


def test_flip_makes_the_answer_to_a_face_and_its_mirror_the_same(faces) -> None:
    both = TestTimePredictor(member(1), "flip")
    np.testing.assert_allclose(both.predict_proba(faces), both.predict_proba(faces[:, :, ::-1]), atol=1e-6)
    assert not np.allclose(member(1).predict_proba(faces), member(1).predict_proba(faces[:, :, ::-1]), atol=1e-6)


def test_the_temperature_is_the_means_own(faces) -> None:
    inner = member(1)
    inner.temperature = 2.5
    predictor = TestTimePredictor(inner, "flip")
    assert predictor.temperature == 2.5
    raw = np.exp(predictor.predict_logits(faces))
    np.testing.assert_allclose(raw, TestTimePredictor(member(1), "flip").predict_proba(faces), atol=1e-6)


def test_gradients_and_maps_stay_the_models_own(faces) -> None:
    predictor, inner = TestTimePredictor(member(1), "ten_crop"), member(1)
    np.testing.assert_array_equal(predictor.input_gradient(faces, "sad"), inner.input_gradient(faces, "sad"))
    np.testing.assert_array_equal(predictor.grad_cam(faces, "sad").values, inner.grad_cam(faces, "sad").values)
    assert predictor.parameters() == inner.parameters() and predictor.weights().keys() == inner.weights().keys()


def test_an_unknown_test_time_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"Unknown test-time augmentation 'tencrop'\. Did you mean 'ten_crop'"):
        TestTimePredictor(member(1), "tencrop")
    assert catalog.with_test_time(inner := member(1), TEST_TIME[0]) is inner


def test_an_ensemble_of_both_frameworks_is_the_mean_of_its_members(faces) -> None:
    one, two = member(1), member(2, "keras")
    two.temperature = 3.0
    ensemble = EnsemblePredictor(catalog.ENSEMBLE, [one, two])
    np.testing.assert_allclose(
        ensemble.predict_proba(faces), (one.predict_proba(faces) + two.predict_proba(faces)) / 2, atol=1e-6
    )
    assert ensemble.labels == EMOTIONS and ensemble.parameters() == one.parameters() + two.parameters()
    assert ensemble.weights() == {}
    with pytest.raises(ValueError, match="no weights of its own"):
        ensemble.load_weights({"a": np.zeros(1)})


def test_an_ensemble_has_gradients_and_maps(faces) -> None:
    ensemble = EnsemblePredictor(catalog.ENSEMBLE, [member(1), member(2, "keras")])
    gradient, maps = ensemble.input_gradient(faces, "happy"), ensemble.grad_cam(faces, "happy")
    own = ensemble.spec.input
    assert gradient.shape == (3, own.size, own.size, own.channels) and np.abs(gradient).max() > 0
    by_hand = np.mean([m.input_gradient(faces, "happy") for m in ensemble.members], axis=0)
    np.testing.assert_allclose(gradient, by_hand * np.array(LUMA), atol=1e-6)
    assert maps.values.shape == (3, 48, 48) and maps.values.min() >= 0 and maps.values.max() <= 1
    listed = ensemble.grad_cam(list(faces), "happy")
    np.testing.assert_allclose(listed.values, maps.values, atol=1e-6)


def test_an_ensembles_gradient_is_at_its_own_input_whatever_its_members_eat(faces) -> None:
    members = [member(1), catalog.untrained("torch-efficientnet-lite0")]
    gradient = EnsemblePredictor(catalog.ENSEMBLE, members).input_gradient(faces, "happy")
    assert gradient.shape == (3, 48, 48, 3)
    by_level = [m.input_gradient(faces, "happy").sum(axis=(1, 2, 3)) / m.spec.input.std[0] for m in members]
    np.testing.assert_allclose(gradient.sum(axis=(1, 2, 3)), 255 * np.mean(by_level, axis=0), rtol=1e-3, atol=1e-6)
    grey = EnsemblePredictor(replace(catalog.ENSEMBLE, input=InputSpec(24, 1, std=(1.0,))), members)
    small = grey.input_gradient(faces, "happy")
    assert small.shape == (3, 24, 24, 1)
    np.testing.assert_allclose(small.sum(axis=(1, 2, 3)), np.mean(by_level, axis=0), rtol=1e-3, atol=1e-6)


def test_an_ensembles_gradient_says_what_more_red_does() -> None:
    ensemble = EnsemblePredictor(catalog.ENSEMBLE, [member(1), member(2, "keras")])
    face = np.random.default_rng(3).integers(60, 180, (1, 48, 48, 3), dtype=np.uint8)
    red = ensemble.input_gradient(face, "happy")[..., 0]
    redder = face.copy()
    redder[..., 0] = face[..., 0] + (20 * np.sign(red)).astype(int)  # all that speaks for happy at once
    of = np.mean([m.predict_logits(redder) - m.predict_logits(face) for m in ensemble.members], axis=0)[0, 3]
    assert of > 0.01
    assert of == pytest.approx(np.abs(red).sum() * 20 / 255, rel=0.15)


@pytest.mark.parametrize("n", [0, 1])
def test_no_face_and_one_face(n: int, faces) -> None:
    for predictor in (
        TestTimePredictor(member(1), "ten_crop"), EnsemblePredictor(catalog.ENSEMBLE, [member(1), member(2)])
    ):  # fmt: skip
        for given in (faces[:n], list(faces[:n])):
            assert predictor.predict_proba(given).shape == (n, 7)
            assert predictor.grad_cam(given, "fear").values.shape == (n, 48, 48)
            assert len(predictor.input_gradient(given, "fear")) == n


def test_members_with_other_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="the same labels"):
        EnsemblePredictor(catalog.ENSEMBLE, [member(1), member(1, labels=("happy", "sad"))])
    with pytest.raises(ValueError, match="two members or more, got 1"):
        EnsemblePredictor(catalog.ENSEMBLE, [member(1)])
