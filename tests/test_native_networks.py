"""The two native networks are the Copenhagen project's, layer by layer, and shipped trained."""

import numpy as np
import pytest

from fer_core import artifacts, catalog
from fer_core.types import EMOTIONS


def test_keras_native_has_the_seeds_layers():
    network = catalog.network("keras-native")
    shapes = [tuple(layer.output.shape[1:]) for layer in network.layers]
    assert shapes == [
        (46, 46, 6), (44, 44, 128), (22, 22, 128), (20, 20, 64), (10, 10, 64), (8, 8, 32), (2048,), (64,), (32,), (7,),
    ]  # fmt: skip
    assert [layer.count_params() for layer in network.layers if layer.count_params()] == [
        60, 7_040, 73_792, 18_464, 131_136, 2_080, 231,
    ]  # fmt: skip


def test_keras_native_begins_with_edge_detectors_that_are_trained():
    first = catalog.network("keras-native").get_layer("conv_1")
    kernels = np.moveaxis(np.asarray(first.kernel.numpy())[:, :, 0], -1, 0)
    np.testing.assert_array_equal(kernels[0], [[-1, -1, -1], [0, 0, 0], [1, 1, 1]])
    np.testing.assert_array_equal(kernels[1], kernels[0].T)
    np.testing.assert_array_equal(kernels[2], [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])
    np.testing.assert_array_equal(kernels[3], [[2, 1, 0], [1, 0, -1], [0, -1, -2]])
    assert np.abs(kernels[4:]).max() < 1 and np.std(kernels[4:]) > 0
    assert first.trainable


def test_torch_native_has_the_seeds_layers():
    import torch

    network = catalog.network("torch-native")
    shapes, x = [], torch.zeros(1, 1, 48, 48)
    for layer in network:
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(128, 24, 24), (64, 12, 12), (32, 6, 6), (1152,), (256,), (256,), (64,), (64,), (7,)]
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == 599_815


@pytest.mark.parametrize("id", ["keras-native", "torch-native"])
def test_the_shipped_artifact_is_what_it_says(id):
    card, spec = artifacts.card(id), catalog.spec(id)
    assert card.architecture == id and card.framework == spec.framework and card.parameters == spec.parameters
    assert card.labels == EMOTIONS and card.initial_weights == "random"
    assert card.data.images == {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
    assert len(artifacts.curves(id)) == card.epochs >= card.best_epoch >= 1


@pytest.mark.parametrize("id", ["keras-native", "torch-native"])
def test_the_shipped_predictions_and_metrics_agree(id):
    stored, reports = artifacts.predictions(id), artifacts.metrics(id)
    assert len(stored.ids) == len(set(stored.ids.tolist())) == 7_178
    for number, split in enumerate(("Training", "PublicTest", "PrivateTest")):
        rows = stored.splits == number
        if split == "Training":
            assert not rows.any()
            continue
        accuracy = (stored.probabilities[rows].argmax(1) == stored.truth[rows]).mean()
        assert accuracy == pytest.approx(reports[split]["metrics"]["accuracy"][0], abs=1e-9)
        assert accuracy > 0.526  # the seed's best native figure, on both test parts together


def test_all_shipped_weights_are_small():
    sizes = {id: artifacts.card(id).weights_bytes for id in artifacts.ids()}
    assert sizes["keras-native"] + sizes["torch-native"] < 5_000_000
    assert max(sizes.values()) <= 50_000_000 and sum(sizes.values()) <= 150_000_000
