"""fer_core.saliency: maps that are known beforehand, on PyTorch and Keras alike, and what surrounds them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from fer_core import catalog
from fer_core.composite import EnsemblePredictor, TestTimePredictor
from fer_core.predictor import BasePredictor
from fer_core.saliency import METHODS, Stopped, available, describe, explain, remark, shared_scale
from fer_core.saliency.gradients import path_integral
from fer_core.saliency.task import Task, plain
from fer_core.types import EMOTIONS, SaliencyMap
from tests.saliency_cases import FRAMEWORKS, PATCH, by_hand, hand_face, linear, patch_reader, patchy_face

pytestmark = pytest.mark.usefixtures("tiny")
SLOPE = 255  # the network by hand eats pixels as they are, and slopes are from black to white
WORKED_OUT = {
    ("grad_cam", "happy"): [[1, 1], [1.5, 1.5]],
    ("grad_cam", ("happy", "sad")): [[0, 0], [0, 1.5]],
    ("grad_cam_plus_plus", "happy"): [[1 / 4 + 11 / 30, 1 / 2], [3 / 4, 11 / 10]],
    ("hires_cam", "happy"): [[0, 0], [0, 6]],
    ("guided_backpropagation", "happy"): [[SLOPE, 0], [0, 4 * SLOPE]],
    ("guided_backpropagation", ("happy", "sad")): [[0, 0], [0, 4 * SLOPE]],
}


def raw(*asked: Any, **more: Any) -> np.ndarray:
    """The maps of `explain` before scaling."""
    found = explain(*asked, **more).raw
    assert found is not None
    return found


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module", params=FRAMEWORKS)
def model(request: pytest.FixtureRequest, tiny: object) -> BasePredictor:
    return catalog.untrained(f"tiny-{request.param}", seed=3)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("method", "target"), WORKED_OUT)
def test_a_two_layer_network_worked_out_by_hand(framework, method, target):
    found = explain(by_hand(framework), hand_face(), method, target)
    assert found.raw is not None
    expected = np.array(WORKED_OUT[method, target])
    np.testing.assert_allclose(found.raw[0], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.maxima, [expected.max()], rtol=1e-5)
    np.testing.assert_allclose(found.values[0], expected / expected.max(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_reads_one_patch_lights_that_patch(framework, method):
    found = explain(patch_reader(framework), patchy_face()[None], method, "happy").values[0]
    near = np.zeros((48, 48), bool)
    margin = {"occlusion": 8, "rise": 48}.get(method, 0)  # a patch of 8 pixels hides what is 8 pixels away
    near[max(0, 24 - margin) : 36 + margin, max(0, 12 - margin) : 24 + margin] = True
    assert found[near].sum() > 0.98 * found.sum(), "hardly any of the map lies elsewhere"
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert 24 <= row < 36 and 12 <= column < 24
    outside = np.ones((48, 48), bool)
    outside[PATCH] = False
    assert found[PATCH].mean() > 4 * found[outside].mean()


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("method", [id for id, method in METHODS.items() if method.signed])
def test_signs_turn_with_the_target(framework, method):
    reader, face = patch_reader(framework), patchy_face()[None]
    happy, sad = (raw(reader, face, method, target) for target in ("happy", "sad"))
    both = raw(reader, face, method, ("happy", "sad"))
    np.testing.assert_allclose(sad, -happy / 2, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(both, happy - sad, rtol=1e-3, atol=1e-5)


def test_integrated_gradients_sum_to_the_difference_of_logits(faces, model):
    base = np.stack([plain(face) for face in faces])
    for target, of in (("fear", lambda p: p[:, 2]), (("sad", "neutral"), lambda p: p[:, 4] - p[:, 6])):
        expected = of(model.predict_logits(faces)) - of(model.predict_logits(base))
        assert np.abs(expected).max() > 0.02, "there is a difference to be complete about"
        error = np.abs(raw(model, faces, "integrated_gradients", target).sum(axis=(1, 2)) - expected)
        finely = path_integral(model, Task(faces, target, (48, 48)), 1024).sum(axis=(1, 2))
        assert error.max() < 0.1 * np.abs(expected).max()
        np.testing.assert_allclose(finely, expected, rtol=0.005, atol=2e-4)


def test_maps_of_another_size_keep_the_sum(model):
    face = np.kron(np.random.default_rng(1).integers(0, 256, (12, 12, 1)), np.ones((8, 8, 3))).astype(np.uint8)[None]
    expected = model.predict_logits(face) - model.predict_logits(plain(face[0])[None])
    found = explain(model, face, "integrated_gradients", "happy")
    assert found.values.shape == (1, 96, 96)
    assert found.raw is not None
    np.testing.assert_allclose(found.raw.sum(), expected[0, 3], rtol=0.02, atol=0.02)


def test_shapley_values_of_a_linear_network_are_its_terms():
    chance = np.random.default_rng(2)
    weights, face = chance.normal(size=(16, 16)), np.repeat(chance.integers(0, 256, (16, 16, 1), dtype=np.uint8), 3, 2)
    terms = weights * (face[..., 0].astype(float) - plain(face)[..., 0]) / 255
    cells = terms.reshape(8, 2, 8, 2).sum(axis=(1, 3))
    found = raw(linear(weights), face[None], "shapley", "happy")[0]
    np.testing.assert_allclose(found, np.kron(cells, np.ones((2, 2))), atol=1e-4)


def test_occlusion_of_a_linear_network_is_the_mean_of_what_its_patches_hide():
    chance = np.random.default_rng(3)
    weights, face = chance.normal(size=(16, 16)), np.repeat(chance.integers(0, 256, (16, 16, 1), dtype=np.uint8), 3, 2)
    terms = weights * (face[..., 0].astype(float) - plain(face)[..., 0]) / 255
    padded, expected = np.pad(terms, 3), np.zeros((16, 16))  # the patch is 3 pixels (16 / 6) and moves by one
    for row in range(16):
        for column in range(16):
            over = [
                padded[row + 1 + i : row + 4 + i, column + 1 + j : column + 4 + j].sum()
                for i in range(3)
                for j in range(3)
            ]
            expected[row, column] = np.mean(over)
    np.testing.assert_allclose(raw(linear(weights), face[None], "occlusion", "happy")[0], expected, atol=1e-4)


def test_rise_finds_the_terms_of_a_linear_network():
    weights = np.zeros((48, 48))
    weights[8:16, 30:38] = 1
    face = np.full((48, 48, 3), 40, np.uint8)
    face[8:16, 30:38] = 200
    found = raw(linear(weights, 48), face[None], "rise", "happy")[0]
    worth = 64 * (200 - int(plain(face)[0, 0, 0])) / 255
    assert 0.3 * worth < found[12, 34] < 0.6 * worth, "a mask's soft edges show half of a block that is hardly larger"
    assert np.abs(found[30:]).max() < 0.2 * worth


def test_a_pair_is_the_difference_of_its_gradients(faces, model):
    a, b = (model.input_gradient(faces, target) for target in ("sad", "neutral"))
    np.testing.assert_allclose(model.input_gradient(faces, ("sad", "neutral")), a - b, atol=1e-6)
    layer = model.layer_gradient(faces, ("sad", "neutral"))[1]
    of = [model.layer_gradient(faces, target)[1] for target in ("sad", "neutral")]
    np.testing.assert_allclose(layer, of[0] - of[1], atol=1e-6)


def test_guided_gradients_are_none_where_no_rectifier_lets_them_pass(faces, model):
    plain_one, guided = (model.gradient_at(faces[..., :1] / np.float32(255), "happy", guided=g) for g in (False, True))
    assert plain_one.shape == guided.shape and not np.allclose(plain_one, guided)
    assert (guided[plain_one == 0] == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_maps_have_the_faces_size_and_are_scaled(method, model):
    face = np.random.default_rng(4).integers(0, 256, (2, 30, 20, 3), dtype=np.uint8)
    found = explain(model, face, method, "sad")
    assert found.values.shape == (2, 30, 20) and found.values.dtype == np.float32
    assert found.values.min() >= 0 and found.values.max() <= 1
    assert found.raw is not None
    np.testing.assert_allclose(
        np.maximum(found.raw, 0), found.values * found.maxima[:, None, None], rtol=1e-4, atol=1e-6
    )


def test_crops_of_one_size_in_a_list_are_as_an_array_and_of_several_come_in_one_size(model, faces):
    listed, whole = (explain(model, given, "occlusion", "sad") for given in (list(faces), faces))
    np.testing.assert_array_equal(listed.values, whole.values)
    mixed = explain(model, [faces[0], np.zeros((20, 31, 3), np.uint8)], "grad_cam", "sad")
    assert mixed.values.shape == (2, 96, 96)
    for method in METHODS:
        assert explain(model, [], method, "sad").maxima.shape == (0,)
        assert explain(model, np.empty((0, 30, 20, 3), np.uint8), method, "sad").values.shape == (0, 30, 20)


def test_chance_is_the_seeds(model, faces):
    for method in ("smooth_grad", "rise", "shapley"):
        one, again, other = (raw(model, faces[:1], method, "sad", seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)


@pytest.mark.parametrize("method", METHODS)
def test_progress_is_told_and_a_stop_ends_it(model, faces, method):
    heard: list[tuple[int, int]] = []
    before = explain(model, faces, method, "sad", progress=lambda done, of: heard.append((done, of)))
    assert heard == [(step, heard[-1][1]) for step in range(len(heard))] and heard[-1][0] == heard[-1][1] > 0
    asked = iter(range(1000))
    with pytest.raises(Stopped, match="Stopped after"):
        explain(model, faces, method, "sad", stop=lambda: next(asked) == heard[-1][1] // 2)
    assert next(asked) == heard[-1][1] // 2 + 1, "it ended at once"
    np.testing.assert_array_equal(explain(model, faces, method, "sad").values, before.values)


def test_users_at_the_same_time_get_their_own_maps(model, faces):
    asked = [(method, target, n) for method in METHODS for target in ("sad", ("happy", "fear")) for n in range(2)]
    alone = [raw(model, faces[n : n + 1], method, target) for method, target, n in asked]
    barrier = threading.Barrier(6)

    def ask(job: tuple) -> np.ndarray:
        method, target, n = job
        return raw(model, faces[n : n + 1], method, target)

    def user(order: np.ndarray) -> list[np.ndarray]:
        barrier.wait()
        return [ask(asked[i]) for i in order]

    orders = [np.random.default_rng(seed).permutation(len(asked)) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        for order, answers in zip(orders, pool.map(user, orders), strict=True):
            for i, found in zip(order, answers, strict=True):
                np.testing.assert_allclose(found, alone[i], rtol=1e-4, atol=1e-6)


def test_an_ensemble_answers_as_one_or_by_the_mean_of_its_members(faces):
    members = [catalog.untrained(f"tiny-{framework}", seed=seed) for seed, framework in enumerate(FRAMEWORKS)]
    ensemble = EnsemblePredictor(catalog.ENSEMBLE, members)
    assert available(ensemble) == tuple(METHODS)
    maps = [raw(member, faces, "integrated_gradients", "sad") for member in members]
    by_hand = np.mean([one / np.abs(one).max(axis=(1, 2), keepdims=True) for one in maps], axis=0)
    np.testing.assert_allclose(raw(ensemble, faces, "integrated_gradients", "sad"), by_hand, atol=1e-5)
    over = [(slice(0, down), slice(0, right)) for down in (4, 8) for right in (4, 8)]  # the patches over the corner
    hidden = np.stack([faces[0]] * 4)
    for one, window in zip(hidden, over, strict=True):
        one[window] = plain(faces[0])[window]
    drops = (ensemble.predict_logits(faces[:1]) - ensemble.predict_logits(hidden))[:, EMOTIONS.index("sad")]
    assert raw(ensemble, faces, "occlusion", "sad")[0, 0, 0] == pytest.approx(drops.mean(), abs=1e-5)


def test_test_time_augmentation_counts_where_answers_do_and_not_where_gradients_do(faces):
    inner, mirrored = (catalog.untrained("tiny-torch", seed=1) for _ in range(2))
    flip = TestTimePredictor(mirrored, "flip")
    one, other = (raw(m, faces, "smooth_grad", "sad") for m in (inner, flip))
    np.testing.assert_array_equal(one, other)
    found = raw(flip, faces, "occlusion", "sad")
    turned = raw(flip, faces[:, :, ::-1], "occlusion", "sad")
    np.testing.assert_allclose(found, turned[:, :, ::-1], atol=1e-5)


def test_what_is_not_to_be_had_is_refused_with_what_is(faces):
    smooth = catalog.untrained("tiny-torch")
    smooth.spec = catalog.spec("moodmirror-efficientnetb0")
    assert "guided_backpropagation" not in available(smooth) and len(available(smooth)) == len(METHODS) - 1
    with pytest.raises(ValueError, match=r"cannot answer 'guided_backpropagation'\. It has: grad_cam, .*shapley"):
        explain(smooth, faces, "guided_backpropagation", "sad")
    with pytest.raises(ValueError, match="guided backpropagation"):
        smooth.gradient_at(faces[..., :1] / np.float32(255), "sad", guided=True)
    with pytest.raises(ValueError, match=r"Unknown method 'gradcam'\. Did you mean 'grad_cam'"):
        explain(catalog.untrained("tiny-torch"), faces, "gradcam", "sad")
    refused: Any = (("hapy", "happy"), (("sad", "hapy"), "happy"), (("sad", "happy", "fear"), "emotion or two"))
    for wrong, said in refused:
        with pytest.raises(ValueError, match=said):
            explain(catalog.untrained("tiny-torch"), faces, "occlusion", wrong)


def test_a_map_that_means_nothing_is_said_to(faces):
    sick = catalog.untrained("tiny-torch")
    sick.load_weights({name: np.full_like(array, np.nan) for name, array in sick.weights().items()})
    for method in ("grad_cam", "integrated_gradients", "occlusion"):
        found = explain(sick, faces[:1], method, "sad")
        assert np.isnan(found.maxima[0]) and not found.values.any()
        assert "Not a number" in remark(found.values[0], found.maxima[0])
    dead = catalog.untrained("tiny-torch")
    dead.load_weights({name: np.zeros_like(array) for name, array in dead.weights().items()})
    empty = explain(dead, faces[:1], "smooth_grad", "sad")
    assert remark(empty.values[0], empty.maxima[0]).startswith("All zero") and empty.maxima[0] == 0
    assert remark(np.ones((4, 4), np.float32), 0.3).startswith("The same everywhere")
    assert remark(np.eye(4, dtype=np.float32), 0.3) == ""
    assert describe(np.zeros((48, 48), np.float32)).startswith("All zero")


def test_one_scale_for_several_maps():
    maps = [SaliencyMap(np.ones((2, 3, 3), np.float32), np.array(m, np.float32)) for m in ((1, 4), (2, np.nan))]
    first, second = shared_scale(maps)
    np.testing.assert_allclose([first[0, 0, 0], first[1, 0, 0], second[0, 0, 0], second[1, 0, 0]], [0.25, 1, 0.5, 0])
    empty = SaliencyMap(np.zeros((1, 3, 3), np.float32), np.zeros(1, np.float32))
    assert not shared_scale([empty])[0].any() and shared_scale([]) == []


def test_the_alternative_text_says_where_the_mass_lies():
    mouth = np.zeros((48, 48), np.float32)
    mouth[38:42, 20:28] = 1
    assert describe(mouth).startswith("Of the map's mass: mouth 100 %")
    assert "Densest on mouth" in describe(mouth) and "at the bottom" in describe(mouth)


def test_every_method_has_its_source_and_unit():
    for id, method in METHODS.items():
        assert method.id == id and method.title and method.unit and any(c.isdigit() for c in method.source)
    assert set(EMOTIONS) >= {"sad"} and available(catalog.untrained("tiny-torch")) == tuple(METHODS)


def test_a_map_is_as_large_as_the_face_but_never_larger_than_anything_looks_at(model):
    large = np.random.default_rng(1).integers(0, 256, (1, 600, 400, 3), dtype=np.uint8)
    assert raw(model, large, "grad_cam", "happy").shape == raw(model, list(large), "grad_cam", "happy").shape
    assert raw(model, large, "integrated_gradients", "happy").shape == (1, 192, 128)
    assert raw(model, large[:, :150, :100], "grad_cam", "happy").shape == (1, 150, 100)
