"""fer_core.inside and a predictor's layers: kernels of the training's own start, every layer's output in order."""

from __future__ import annotations

import numpy as np
import pytest

from fer_core import artifacts, catalog, inside

FACE = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize("id", ["keras-native", "torch-native"])
def test_a_trainings_start_is_made_anew(id):
    card = artifacts.card(id)
    start = catalog.initial(card).weights()
    again = catalog.untrained(card.architecture, card.labels, card.seed).weights()
    assert all(np.array_equal(start[name], again[name]) for name in again)


def test_the_designed_kernels_come_first_and_training_moved_them():
    card = artifacts.card("keras-native")
    found = inside.kernels(card, catalog.load("keras-native"))
    assert found.before.shape == found.after.shape == (6, 3, 3, 1)
    assert found.flat[0][0].tolist() == [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]
    assert found.names[0] == "horizontal edges" and found.names[4:] == ("", "")
    assert (found.change > 0).all() and (np.abs(found.likeness) <= 1 + 1e-6).all()
    unmoved = inside.Kernels(found.before, found.before, found.names, "random")
    assert not unmoved.change.any() and unmoved.likeness == pytest.approx(np.ones(6))


def test_torchs_kernels_are_all_of_the_first_layer():
    found = inside.kernels(artifacts.card("torch-native"), catalog.load("torch-native"))
    assert found.after.shape == (128, 3, 3, 1) and not any(found.names)
    assert found.after[..., 0] == pytest.approx(catalog.load("torch-native").weights()["0.0.weight"][:, 0])


def test_a_kernel_of_colours_moved_as_far_as_all_its_weights_did():
    before = np.zeros((1, 3, 3, 3), np.float32)
    before[0, 1, 1] = 1.0, -1.0, 0.1  # red against green: its mean over the channels is next to nothing
    after = before.copy()
    after[0, 1, 1, 2] = 0.4
    found = inside.Kernels(before, after, ("",), "imagenet")
    assert found.change[0] == pytest.approx(0.3 / np.sqrt(2.01)) and found.likeness[0] > 0.97
    assert found.flat[1][0, 1, 1] == pytest.approx(0.4 / 3)


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_every_layer_that_keeps_places_is_heard_once_in_order(tiny, framework):
    predictor = catalog.untrained(tiny[framework].id)
    outputs = predictor.layer_outputs(FACE)
    assert [maps.shape for maps in outputs.values()] == [(6, 6, 8)] * 3  # convolution, norm, rectifier
    conv, norm, relu = outputs.values()
    assert np.array_equal(relu, np.maximum(norm, 0)) and not np.array_equal(conv, norm)
    before = predictor.predict_logits(FACE[None])
    predictor.layer_outputs(FACE)
    assert np.array_equal(predictor.predict_logits(FACE[None]), before)


def test_a_rectifier_in_place_does_not_overwrite_what_came_before():
    outputs = list(catalog.untrained("torch-efficientnet-lite0").layer_outputs(FACE).items())
    negative = [name for name, maps in outputs if maps.min() < 0]
    assert any("BatchNorm" in name for name in negative) and not any("ReLU" in name for name in negative)


def test_nested_networks_are_heard_inside():
    names = list(catalog.untrained("keras-efficientnet-lite0").layer_outputs(FACE))
    assert len(names) > 40


def test_test_time_augmentation_shows_the_models_own_layers(tiny):
    predictor = catalog.untrained(tiny["torch"].id)
    outputs = catalog.with_test_time(predictor, "flip").layer_outputs(FACE)
    assert len(outputs) == 3
