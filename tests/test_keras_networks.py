"""The Keras networks are the projects': sizes to the parameter, heads, weights that are carried over, what freezes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_core import catalog
from fer_core.catalog import CATALOG
from fer_core.keras_weights import named_weights
from fer_core.models import keras_applications, keras_efficientnet_lite0, keras_moodmirror
from fer_core.preprocess import network_input
from trainers import keras_step
from trainers.fitting import TrainingError
from trainers.keras_preprocess import adapt, zca
from trainers.recipe import Stage

PRINTED = {
    "keras-native": (232_803, 232_803),
    "keras-resnet50v2": (24_098_951, 533_575),
    "keras-resnet50v2-one": (23_579_143, 14_343),
    "keras-efficientnetv2b3": (38_361_669, None),
}
"""Parameters that the projects print: all, and those that learn while the backbone is frozen."""
FINE_TUNED = {"keras-resnet50v2": (49, 16_622_663), "keras-efficientnetv2b3": (109, 31_582_061)}
"""Last layers they unfreeze, and the parameters they print as trainable then; their 50 of ResNet count the pooling."""


@pytest.fixture(scope="module")
def networks() -> dict[str, keras.Model]:
    """The networks whose sizes are printed, built once."""
    return {id: catalog.network(id) for id in PRINTED}


def trainable(network: keras.Model) -> int:
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


@pytest.mark.parametrize("id", PRINTED)
def test_sizes_are_those_the_projects_print(id: str, networks) -> None:
    everything, head = PRINTED[id]
    assert networks[id].count_params() == catalog.spec(id).parameters == everything
    if head and id != "keras-native":
        keras_step.freeze(networks[id], Stage(epochs=1, train="head"))
        assert trainable(networks[id]) == head


@pytest.mark.parametrize("id", FINE_TUNED)
def test_the_last_layers_hold_as_many_parameters_as_the_projects_print(id: str, networks) -> None:
    count, printed = FINE_TUNED[id]
    keras_step.freeze(networks[id], Stage(epochs=1, train="layers", count=count))
    assert trainable(networks[id]) == printed


@pytest.mark.parametrize("id", ["moodmirror-basic", "moodmirror-advanced", "dzubak-vgg16-dense"])
def test_small_networks_have_what_the_catalog_promises(id: str) -> None:
    assert catalog.network(id).count_params() == catalog.spec(id).parameters


def test_moodmirror_basic_has_the_reports_layers() -> None:
    network = keras_moodmirror.basic()
    convolutions = [layer.filters for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    dropouts = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert convolutions == [32, 64, 256, 512] and dropouts == [0.1, 0.1, 0.1, 0.2]
    assert network.get_layer("hidden").units == 512


def test_moodmirror_advanced_takes_any_size_and_halves_it_five_times() -> None:
    network = keras_moodmirror.advanced(7)
    assert network(np.zeros((1, 40, 40, 1), np.float32)).shape == (1, 7)
    inner = keras.Model(network.inputs, network.get_layer("features").output)
    assert inner(np.zeros((1, 48, 48, 1), np.float32)).shape == (1, 2, 2, 512)


def test_every_keras_applications_row_names_a_network_of_it() -> None:
    rows = [spec for spec in CATALOG.values() if spec.build == "fer_core.models.keras_applications:build"]
    assert len(rows) > 30
    for spec in rows:
        assert callable(getattr(keras.applications, spec.options["application"]))
        assert spec.grad_cam_layer == "features" and spec.pretrained


def outputs(network: keras.Model, layer: str, x: np.ndarray) -> np.ndarray:
    inner = keras.Model(network.inputs, network.get_layer(layer).output)
    return keras.ops.convert_to_numpy(inner(x, training=False))


def stirred(model: keras.Model) -> keras.Model:
    """The model with running statistics that are no longer the neutral ones."""
    chance = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([chance.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model


@pytest.mark.parametrize(("application", "scale"), [("VGG16", 1.0), ("ResNet50V2", 1.0), ("EfficientNetB0", 255.0)])
def test_published_weights_carried_over_give_the_published_features(application: str, scale: float) -> None:
    x = np.random.default_rng(0).uniform(0, 1, (2, 48, 48, 3)).astype(np.float32)
    published = stirred(getattr(keras.applications, application)(include_top=False, weights=None))
    network = keras_applications.build(7, application=application, size=48)
    keras_applications.carry_over(published, network)
    seen = x[..., ::-1] if application in keras_applications.BGR else x
    expected = keras.ops.convert_to_numpy(published(scale * seen, training=False))
    assert expected.std() > 1e-4
    np.testing.assert_allclose(outputs(network, "features", x) / expected.std(), expected / expected.std(), atol=1e-3)


def test_weights_that_cannot_be_downloaded_are_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from keras.src.applications import vgg16

    monkeypatch.setattr(vgg16, "WEIGHTS_PATH_NO_TOP", "http://127.0.0.1:9/vgg16.h5")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(OSError, match=r"could not download them \(.*127\.0\.0\.1"):
        catalog.start_from_imagenet("dzubak-vgg16", catalog.network("dzubak-vgg16"))


@pytest.fixture(scope="module")
def twins() -> tuple[keras.Model, Any]:
    """EfficientNet-Lite0 in Keras and in PyTorch, both with the published weights and one and the same last layer."""
    theirs, ours = catalog.network("torch-efficientnet-lite0"), catalog.network("keras-efficientnet-lite0")
    catalog.start_from_imagenet("torch-efficientnet-lite0", theirs)
    catalog.start_from_imagenet("keras-efficientnet-lite0", ours)
    last = theirs[2]
    ours.get_layer("logits").set_weights([last.weight.detach().numpy().T, last.bias.detach().numpy()])
    return ours, theirs.eval()


@pytest.mark.parametrize("side", [96, 80, 57])
def test_the_keras_twin_answers_as_the_pytorch_one(twins: tuple[keras.Model, Any], side: int) -> None:
    import torch

    ours, theirs = twins
    x = np.random.default_rng(side).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()
    found = keras.ops.convert_to_numpy(ours(x, training=False))
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_twins_are_fed_and_trained_alike(twins: tuple[keras.Model, Any]) -> None:
    ours, theirs = twins
    specs = [catalog.spec(f"{framework}-efficientnet-lite0") for framework in ("keras", "torch")]
    assert specs[0].input == specs[1].input
    norms = [layer for layer in ours.layers if isinstance(layer, keras.layers.BatchNormalization)]
    others = [m for m in theirs.modules() if hasattr(m, "running_mean")]
    assert [(n.epsilon, round(1 - n.momentum, 6)) for n in norms] == [(m.eps, m.momentum) for m in others]
    assert ours.get_layer("head_dropout").rate == theirs[1][2].p
    assert trainable(ours) == sum(p.numel() for p in theirs.parameters()) == specs[1].parameters


def test_the_twins_recipes_are_equal_but_for_the_framework() -> None:
    from trainers.recipe import network_recipe

    (_, ours), (_, theirs) = (network_recipe(f"{framework}-efficientnet-lite0") for framework in ("keras", "torch"))
    same = theirs.model_copy(update={"architecture": ours.architecture, "title": ours.title})
    assert ours == same


def test_names_of_weights_do_not_depend_on_what_was_built_before() -> None:
    first, second = (keras_applications.build(7, application="InceptionV3", size=96) for _ in range(2))
    assert named_weights(first).keys() == named_weights(second).keys()
    assert len(named_weights(first)) == len(first.weights)


def whitened() -> keras.Model:
    return keras_applications.build(7, application="VGG16", size=48, whitened=True)


def test_preprocessing_is_learnt_from_the_training_images() -> None:
    chance = np.random.default_rng(0)
    smooth = np.kron(chance.integers(0, 200, (80, 12, 12, 1)), np.ones((1, 4, 4, 1))) + chance.integers(
        0, 55, (80, 48, 48, 1)
    )
    faces, network = smooth.astype(np.uint8), whitened()
    x = faces.astype(np.float32) / 255
    np.testing.assert_allclose(outputs(network, "preprocess", x), x, atol=1e-6)
    adapt(network, ["centre", "scale"], faces)
    scaled = outputs(network, "preprocess", x)
    assert abs(scaled.mean()) < 1e-4 and scaled.std() == pytest.approx(1, abs=1e-4)
    adapt(network, ["centre", "scale", "zca"], faces)
    flat = outputs(network, "preprocess", x).reshape(80, -1)
    assert not any("preprocess" in v.path for v in network.trainable_variables)
    assert np.abs(flat).max() < 50 and flat.std() != pytest.approx(1, abs=0.01)


def test_zca_leaves_pixels_uncorrelated_and_of_variance_one() -> None:
    chance = np.random.default_rng(0)
    x = chance.normal(size=(4000, 6)) @ chance.normal(size=(6, 6))
    matrix = zca(x.astype(np.float32))
    white = x @ matrix
    np.testing.assert_allclose(white.T @ white / len(x), np.eye(6), atol=2e-3)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)


def test_zca_of_fewer_images_than_pixels_keeps_unseen_ones_in_bounds() -> None:
    """The formula of Keras's ImageDataGenerator, a thin singular value decomposition; a repeated image adds nothing."""
    chance = np.random.default_rng(0)
    smooth = chance.normal(size=(90, 8)) @ chance.normal(size=(8, 100)) + chance.normal(size=(90, 100))
    seen, unseen = smooth[:40].astype(np.float32), smooth[40:]
    u, s, _ = np.linalg.svd(seen.T.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(zca(seen), (u * np.sqrt(len(seen)) / (s + 1e-6)) @ u.T, atol=1e-4)
    assert np.abs(unseen @ zca(seen)).max() < 10
    assert np.abs(unseen @ zca(np.concatenate([seen, seen[:3]]))).max() < 10


def test_preprocessing_without_its_layer_is_refused() -> None:
    with pytest.raises(TrainingError, match="no layer for zca"):
        adapt(catalog.network("keras-native"), ["zca"], np.zeros((2, 48, 48, 1), np.uint8))


@pytest.mark.parametrize(
    ("activation", "function"), [("relu", lambda z: np.maximum(z, 0)), ("sigmoid", lambda z: 1 / (1 + np.exp(-z)))]
)
def test_another_last_activation_gives_probabilities_in_its_proportion(activation: str, function) -> None:
    z = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]], np.float32)
    logits = keras_applications.LogActivation(activation)(z)
    found = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    expected = function(z) / function(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_value_ranges_are_those_of_the_published_weights() -> None:
    white = np.full((1, 48, 48, 3), 255, np.uint8)
    for id, expected in (("dzubak-vgg16", 255 - 123.68), ("dzubak-resnet50v2", 1.0), ("keras-resnet50v2", 1.0)):
        assert network_input(white, catalog.spec(id).input)[0, 0, 0, 0] == pytest.approx(expected, abs=1e-4)
    lite = network_input(white, catalog.spec("keras-efficientnetv2b3").input)[0, 0, 0]
    assert lite == pytest.approx((1 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225]), abs=1e-3)


def test_the_published_efficientnet_lite0_file_fits_to_the_last_array() -> None:
    network = keras_efficientnet_lite0.build()
    before = network.get_layer("logits").get_weights()[0]
    keras_efficientnet_lite0.imagenet(network)
    np.testing.assert_array_equal(network.get_layer("logits").get_weights()[0], before)
