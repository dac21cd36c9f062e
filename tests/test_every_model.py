"""The contract: whatever is in the catalog, trained or not, behaves alike. A new model joins by being listed."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fer_core import artifacts, catalog, onnx_exports
from fer_core.compiled_predictor import CompiledPredictor
from fer_core.preprocess import network_input
from fer_core.types import EMOTIONS

TRAINED = artifacts.ids()
EXPORTED = [id for id in TRAINED if onnx_exports.here(id)]
_BUILDERS = {spec.build for spec in catalog.CATALOG.values()}
ARCHITECTURES = sorted(
    min((s for s in catalog.CATALOG.values() if s.build == build), key=lambda s: s.parameters).id for build in _BUILDERS
)
"""The smallest architecture of each build function; the others share its code, and theirs is their own test."""


def _faces(n, height=48, width=48, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module", params=[
        *ARCHITECTURES, *(f"trained:{id}" for id in TRAINED), *(f"compiled:{id}" for id in EXPORTED)
    ])  # fmt: skip
def model(request):
    how, _, id = request.param.rpartition(":")
    if how == "compiled":
        return catalog.load(id, engine="compiled", precision="float32")
    return catalog.load(id) if how else catalog.untrained(id)


@pytest.fixture
def network(model):
    """A model with a network of its own; what an ensemble answers in its place, tests/test_composite.py holds."""
    if not model.spec.build:
        pytest.skip("An ensemble has no network of its own.")
    return model


def test_parameters_are_those_the_catalog_promises(network):
    model = network
    if model.labels == EMOTIONS:
        assert model.parameters() == model.spec.parameters


def test_probabilities_have_the_promised_shape_type_and_sum(model):
    p = model.predict_proba(_faces(5))
    assert p.shape == (5, len(model.labels)) and p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert (p >= 0).all()


def test_no_face_gives_no_rows(model):
    nothings: list = [[], np.empty((0, 48, 48, 3), np.uint8)]
    for nothing in nothings:
        assert model.predict_proba(nothing).shape == (0, len(model.labels))
        assert model.grad_cam(nothing, model.labels[0]).maxima.shape == (0,)


def test_one_face_keeps_its_batch_axis(model):
    assert model.predict_proba(_faces(1)).shape == (1, len(model.labels))


def test_labels_are_emotions_in_order(model):
    assert [EMOTIONS.index(e) for e in model.labels] == sorted(EMOTIONS.index(e) for e in model.labels)


def test_the_answer_does_not_depend_on_the_batch(model):
    faces = _faces(70)  # more than one batch of 64
    together = model.predict_proba(faces)
    alone = np.concatenate([model.predict_proba(faces[i : i + 1]) for i in (0, 33, 63, 64, 69)])
    np.testing.assert_allclose(together[[0, 33, 63, 64, 69]], alone, atol=2e-6)


def test_crops_of_many_sizes_answer_as_each_alone(model):
    crops = [_faces(1, h, w, seed=h)[0] for h, w in ((20, 20), (48, 48), (97, 61), (300, 200), (1, 1))]
    alone = np.concatenate([model.predict_proba([crop]) for crop in crops])
    np.testing.assert_allclose(model.predict_proba(crops), alone, atol=2e-6)


def test_the_input_is_left_as_it_was(model):
    faces = _faces(3)
    before = faces.copy()
    model.predict_proba(faces)
    model.input_gradient(faces, model.labels[-1])
    model.grad_cam(faces, model.labels[-1])
    np.testing.assert_array_equal(faces, before)


def test_several_threads_answer_as_one(model):
    batches = [_faces(3, seed=seed) for seed in range(12)]
    expected = [model.predict_proba(batch) for batch in batches]
    with ThreadPoolExecutor(6) as pool:
        answered = list(pool.map(model.predict_proba, batches * 2))
    for p, q in zip(expected * 2, answered, strict=True):
        np.testing.assert_allclose(p, q, atol=2e-6)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((2, 48, 48, 3), np.float32),
        np.zeros((48, 48, 3), np.uint8),
        np.zeros((2, 48, 48), np.uint8),
        np.zeros((2, 48, 48, 1), np.uint8),
        np.zeros((2, 48, 48, 4), np.uint8),
        np.zeros((2, 0, 48, 3), np.uint8),
        [np.zeros((48, 48), np.uint8)],
        ["a face"],
    ],
    ids=["float", "no batch axis", "grey", "one channel", "four channels", "no rows", "grey in a list", "text"],
)
def test_what_is_no_batch_of_faces_is_refused_in_words(model, bad):
    with pytest.raises(ValueError, match=r"Expected .*got"):
        model.predict_proba(bad)


def test_an_unknown_target_is_refused_with_the_nearest_emotion(model):
    with pytest.raises(ValueError, match="happy"):
        model.grad_cam(_faces(1), "hapy")


def test_the_input_gradient_agrees_with_finite_differences(network):
    model = network
    spec, target = model.spec.input, model.labels[3]
    faces = _faces(2, spec.size, spec.size)
    gradient = model.input_gradient(faces, target)
    assert gradient.shape == (2, spec.size, spec.size, spec.channels) and gradient.dtype == np.float32
    x = network_input(faces, spec).astype(np.float64)
    direction = gradient / np.linalg.norm(gradient.reshape(2, -1), axis=1)[:, None, None, None]
    step = 3e-3  # small, for ReLU6 has many corners
    index = model.labels.index(target)
    up, here, down = (model._logits((x + s * direction).astype(np.float32))[:, index] for s in (step, 0, -step))
    steepness = (gradient * direction).sum(axis=(1, 2, 3))
    found = np.stack([(up - down) / 2, up - here, here - down]) / step  # beside a corner one of its sides is right
    nearest = np.take_along_axis(found, np.abs(found - steepness).argmin(axis=0)[None], axis=0)[0]
    np.testing.assert_allclose(nearest, steepness, rtol=0.08, atol=1e-6)


def test_grad_cam_is_scaled_and_of_the_faces_size(model):
    maps = model.grad_cam(_faces(4, 60, 40), model.labels[3])
    assert maps.values.shape == (4, 60, 40) and maps.values.dtype == np.float32
    assert maps.values.min() >= 0 and maps.values.max() <= 1 + 1e-6
    np.testing.assert_allclose(maps.values.max(axis=(1, 2)), (maps.maxima > 0).astype(float), atol=1e-5)


def test_grad_cam_leaves_no_hook_and_no_other_mode_behind(model):
    faces = _faces(2)
    before = model.predict_proba(faces)
    for _ in range(3):
        model.grad_cam(faces, model.labels[0])
    np.testing.assert_array_equal(model.predict_proba(faces), before)
    if isinstance(model, CompiledPredictor):
        model = model.native
    if model.spec.framework == "torch":
        assert not any(m._forward_hooks for m in model._network.modules())
        assert not model._network.training


def test_weights_saved_and_loaded_give_the_same_answers(network):
    model = network
    faces = _faces(4)
    other = catalog.untrained(model.spec.id, model.labels, seed=7)
    other.temperature = model.temperature
    # weights and not answers: those of a deep network with random weights are all but the same whatever the seed
    assert any(not np.array_equal(array, other.weights()[name]) for name, array in model.weights().items())
    other.load_weights(model.weights())
    # a compiled network adds in another order: 2e-6 apart on a processor with AVX2 alone
    np.testing.assert_allclose(other.predict_proba(faces), model.predict_proba(faces), atol=5e-6)


def test_weights_of_another_network_are_refused(network):
    model = network
    weights = model.weights()
    name = sorted(weights)[0]
    for wrong, said in (
        ({}, "lack"),
        (weights | {"stray": np.zeros(1)}, "stray"),
        (weights | {name: np.zeros((9, 9))}, "shape"),
    ):
        with pytest.raises(ValueError, match=said):
            model.load_weights(wrong)


def test_temperature_only_softens(model):
    faces = _faces(6)
    kept = model.temperature
    try:
        model.temperature = None
        sharp = model.predict_proba(faces)
        model.temperature = 4.0
        soft = model.predict_proba(faces)
    finally:
        model.temperature = kept
    np.testing.assert_array_equal(sharp.argmax(1), soft.argmax(1))
    assert (soft.max(1) <= sharp.max(1)).all()


@pytest.mark.parametrize("id", ARCHITECTURES)
def test_networks_with_fewer_labels_are_built(id):
    four = ("happy", "sad", "surprise", "neutral")
    assert catalog.untrained(id, four).predict_proba(_faces(2)).shape == (2, 4)


@pytest.mark.parametrize("id", ARCHITECTURES)
def test_the_seed_decides_the_initial_weights(id):
    first, again, other = (catalog.untrained(id, seed=s).weights() for s in (1, 1, 2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert any(not np.array_equal(array, other[name]) for name, array in first.items())


def test_unknown_names_are_met_with_the_nearest():
    with pytest.raises(KeyError, match="torch-native"):
        catalog.spec("torch-nativ")
    with pytest.raises(artifacts.ArtifactError, match="trainers train no-such"):
        catalog.load("no-such")


@pytest.mark.parametrize("order", ["keras_backend,torch_backend", "torch_backend,keras_backend"])
def test_both_frameworks_live_in_one_process_whichever_comes_first(order):
    code = (
        "import importlib, numpy as np\n"
        f"for name in '{order}'.split(','): importlib.import_module('fer_core.' + name)\n"
        "from fer_core import catalog\n"
        "faces = np.zeros((2, 48, 48, 3), np.uint8)\n"
        "for id in ('keras-native', 'torch-native', 'keras-native'):\n"
        "    print(catalog.untrained(id).predict_proba(faces).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("(2, 7)") == 3
