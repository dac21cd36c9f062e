"""Our maps held against captum's, and one network's in PyTorch against its twin's in Keras; nothing left behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest
import skimage.data
import torch
from captum.attr import GuidedBackprop, IntegratedGradients, LayerGradCam, NoiseTunnel, Occlusion, Saliency

from fer_core import catalog, keras_backend
from fer_core.compiled_predictor import CompiledPredictor
from fer_core.predictor import BasePredictor, resized
from fer_core.preprocess import network_input
from fer_core.saliency import METHODS, available, explain
from fer_core.saliency.gradients import NOISE, OFF, STEPS, path_integral, smooth_grad
from fer_core.saliency.task import Task, plain, spread
from fer_core.types import EMOTIONS, InputSpec, ModelSpec
from tests.pasted_cases import astronauts
from tests.saliency_cases import FRAMEWORKS, patch_reader

HAPPY = EMOTIONS.index("happy")
QUICK = [id for id, method in METHODS.items() if not method.slow]


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.repeat(astronauts(2)[..., None], 3, axis=3)


@pytest.fixture(scope="module")
def twins() -> dict[str, BasePredictor]:
    """EfficientNet-Lite0 with ImageNet's weights and one head, in both frameworks."""
    made = {framework: catalog.untrained(f"{framework}-efficientnet-lite0") for framework in FRAMEWORKS}
    for predictor in made.values():
        catalog.start_from_imagenet(predictor.spec.id, predictor._network)
    head = made["torch"].weights()
    kernel, bias = head["2.weight"].T, head["2.bias"]
    made["keras"]._network.get_layer("logits").set_weights([kernel, bias])
    return made


@pytest.fixture(scope="module")
def native() -> BasePredictor:
    """A network whose rectifiers are all modules, as captum wants them."""
    return catalog.untrained("torch-native", seed=4)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(np.ravel(one), np.ravel(other))[0, 1])


def raw(model: BasePredictor, faces: np.ndarray, method: str, target: str = "happy") -> np.ndarray:
    found = explain(model, faces, method, target).raw
    assert found is not None
    return found


def top(twins: dict[str, BasePredictor], faces: np.ndarray) -> str:
    """What the twins read in the first face: with so random a head other emotions' maps may be empty."""
    return EMOTIONS[int(twins["torch"].predict_logits(faces)[0].argmax())]


def as_torch(faces: Any, model: BasePredictor) -> torch.Tensor:
    return torch.from_numpy(network_input(faces, model.spec.input)).permute(0, 3, 1, 2)


def test_the_twins_answer_the_same(twins, faces):
    answers = [twin.predict_logits(faces) for twin in twins.values()]
    np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)


@pytest.mark.parametrize("method", [*QUICK, "occlusion"])
def test_the_twins_maps_are_one(twins, faces, method):
    one, other = (raw(twin, faces, method, top(twins, faces)) for twin in twins.values())
    assert np.ptp(one) > 0 and correlation(one, other) > 0.99


def test_captums_grad_cam_and_integrated_gradients_are_ours_in_either_framework(twins, faces):
    network: Any = twins["torch"]._network
    x, target = as_torch(faces, twins["torch"]), top(twins, faces)
    index = EMOTIONS.index(target)
    cam = (
        LayerGradCam(network, network[0][12].units[0])
        .attribute(x, index, relu_attributions=True)[:, 0]
        .detach()
        .numpy()
    )
    integral = IntegratedGradients(network).attribute(
        x, as_torch([plain(face) for face in faces], twins["torch"]), index, n_steps=STEPS, internal_batch_size=32
    )
    theirs = {
        "grad_cam": np.stack([resized(one, (48, 48)) for one in cam]),
        "integrated_gradients": np.stack([spread(one, (48, 48)) for one in integral.sum(1).float().numpy()]),
    }
    for method, expected in theirs.items():
        for framework, twin in twins.items():
            assert correlation(raw(twin, faces, method, target), expected) > 0.99, (method, framework)


def test_integrated_gradients_of_a_trained_network_take_the_steps_that_their_sum_needs():
    model, face = catalog.load("torch-native", engine="native"), skimage.data.astronaut()[20:200, 130:310]
    task = Task([face], "neutral", (96, 96))
    wanted = (model.predict_logits([face]) - model.predict_logits([plain(face)]))[0, EMOTIONS.index("neutral")]
    assert abs(path_integral(model, task, STEPS).sum() - wanted) > 0.5 * abs(wanted), "a hard one"
    assert raw(model, face[None], "integrated_gradients", "neutral").sum() == pytest.approx(wanted, abs=OFF)


def test_the_sum_is_held_against_the_engine_that_gives_the_gradients(monkeypatch):
    def rounded(self, x):
        raise AssertionError("the compiled engine may round otherwise")

    monkeypatch.setattr(CompiledPredictor, "_logits", rounded)
    face = skimage.data.astronaut()[None, 20:200, 130:310]
    assert np.ptp(raw(catalog.load("torch-compact", engine="compiled"), face, "integrated_gradients")) > 0


@pytest.mark.parametrize("size", [(20, 31), (96, 40), (40, 40)])
def test_a_map_brought_to_another_size_keeps_its_sum_whatever_is_at_its_edge(size):
    amounts = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)
    amounts[0], amounts[:, -1] = 5, -5
    found = spread(amounts, size)
    assert found.shape == size and found.sum() == pytest.approx(amounts.sum(), abs=1e-3)


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_captums_guided_backpropagation_and_occlusion_are_ours(native, faces):
    network, x = native._network, as_torch(faces, native)
    guided = GuidedBackprop(network).attribute(x, HAPPY).sum(1).abs().detach().numpy()
    np.testing.assert_allclose(raw(native, faces, "guided_backpropagation"), guided, rtol=1e-3, atol=1e-6)
    base = as_torch([plain(face) for face in faces], native)
    hidden = Occlusion(network).attribute(x, (1, 8, 8), (1, 4, 4), base, HAPPY)[:, 0].numpy()
    inner = (slice(None), slice(8, 40), slice(8, 40))  # captum hides the edges less often than the middle
    np.testing.assert_allclose(raw(native, faces, "occlusion")[inner], hidden[inner], rtol=1e-3, atol=1e-5)


def test_captums_smooth_grad_is_ours_with_our_noise(faces, monkeypatch):
    """Captum draws its noise by torch.normal; given what ours draws, the maps are one number for number."""
    model, samples = catalog.untrained("torch-compact", seed=4), 20
    x = as_torch(faces, model)
    for one, mine in zip(x, faces, strict=True):
        chance = Task(mine[None], "happy", (48, 48)).chance()
        drawn = torch.from_numpy(np.stack([chance.standard_normal((48, 48, 1), np.float32) for _ in range(samples)]))
        noises = drawn.permute(0, 3, 1, 2)
        handed: list[int] = []

        def normal(mean: float, std: torch.Tensor, noises: Any = noises, handed: list = handed) -> torch.Tensor:
            handed.append(len(std))
            return mean + std * noises

        monkeypatch.setattr(torch, "normal", normal)
        theirs = NoiseTunnel(Saliency(model._network)).attribute(
            one[None], nt_type="smoothgrad", nt_samples=samples, target=HAPPY, abs=False,
            stdevs=NOISE * float(np.ptp(one.numpy())),
        )  # fmt: skip
        assert handed == [samples], "captum asked for its noise once, and got ours"
        ours = smooth_grad(model, Task(mine[None], "happy", (48, 48)), samples)
        expected = theirs[0, 0].abs().numpy()
        assert expected.max() > 0
        np.testing.assert_allclose(ours[0], expected, rtol=1e-3, atol=1e-3 * expected.max())


def test_a_guided_relu6_is_guided_too(twins, faces):
    """Captum passes over it, and would give the plain gradient."""
    x = network_input(faces, twins["torch"].spec.input)
    guided, usual = (twins["torch"].gradient_at(x, "happy", guided=g) for g in (True, False))
    assert correlation(guided, usual) < 0.9


@pytest.fixture(scope="module")
def nested() -> Iterator[tuple[BasePredictor, BasePredictor]]:
    """A network with a backbone that is a network, and the same layers in a row."""
    from keras import Input, Model, Sequential, layers

    convolutions = [layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Conv2D(6, 3, name="last")]
    inner = Sequential([Input((16, 16, 1)), *convolutions])
    flat, dense = layers.Flatten(), layers.Dense(7, name="logits")
    inputs = Input((16, 16, 1))
    outer = Model(inputs, dense(flat(Model(inner.inputs[0], inner.outputs[0], name="backbone")(inputs))))
    row = Sequential([Input((16, 16, 1)), *inner.layers, layers.Flatten(), dense])
    spec = ModelSpec("nested", "Nested", "keras", "", InputSpec(16, 1), 0, "backbone/last", "")
    flat_spec = ModelSpec("row", "In a row", "keras", "", InputSpec(16, 1), 0, "last", "")
    yield keras_backend.make(spec, EMOTIONS, outer, None), keras_backend.make(flat_spec, EMOTIONS, row, None)


@pytest.mark.parametrize("method", METHODS)
def test_a_layer_inside_a_nested_backbone_is_found(nested, method):
    face = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    outer, row = nested
    np.testing.assert_allclose(raw(outer, face, method), raw(row, face, method), rtol=1e-4, atol=1e-6)
    assert raw(row, face, method).any()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_nothing_is_left_in_the_network(framework):
    model = patch_reader(framework)
    faces = np.random.default_rng(1).integers(0, 256, (2, 48, 48, 3), dtype=np.uint8)
    before = model.predict_logits(faces)
    for method in available(model):
        explain(model, faces, method, "happy")
    np.testing.assert_array_equal(model.predict_logits(faces), before)
    if framework == "torch":
        for module in model._network.modules():
            assert not module._forward_hooks and not module._backward_hooks and not module.training
        assert all(p.grad is None and p.requires_grad for p in model._network.parameters())
    else:
        assert all("call" not in vars(layer) for layer in model._network.layers)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_hundred_runs_leave_no_memory_behind(framework):
    model = patch_reader(framework)
    faces = np.random.default_rng(1).integers(0, 256, (2, 48, 48, 3), dtype=np.uint8)

    def runs(count: int) -> float:
        for _ in range(count):
            for method in QUICK:
                explain(model, faces, method, "happy")
        gc.collect()
        return psutil.Process().memory_info().rss / 2**20

    settled = runs(20)
    assert runs(100) - settled < 20, "MB; a batch of gradients kept each time would be 60"
