"""What is Keras's own in its trainer: value range, draws that do not hang together, averages, stages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from fer_core import artifacts, catalog
from fer_core.catalog import CATALOG
from fer_core.preprocess import network_input, to_pixels
from fer_core.types import InputSpec, ModelSpec
from tests.training_cases import Killed, assert_same, killer
from trainers import fit_keras, keras_step, precision
from trainers.fitting import Fitted, Images, Run, TrainingError, class_weights
from trainers.keras_augment import Affine
from trainers.keras_batches import Batches
from trainers.keras_checkpoint import Progress
from trainers.keras_keeper import Keeper, follow
from trainers.recipe import Recipe, Stage
from trainers.run_notes import DEVICES, PRECISIONS

ALL = {
    "flip": True,
    "rotate_degrees": 12,
    "scale": [0.85, 1.15],
    "shift": 0.12,
    "brightness": 0.2,
    "contrast": 0.3,
    "erase": 0.4,
}
ANY_SIZE = ModelSpec("any-size", "Any size", "keras", f"{__name__}:any_size", InputSpec(48, 1), 0, "features", "a test")


def any_size(classes: int = 7) -> keras.Model:
    """Two named blocks and a head, for pictures of any size."""
    x = inputs = keras.Input((None, None, 1))
    for number in (1, 2):
        x = layers.Conv2D(6, 5, strides=4, padding="same", name=f"block{number}_conv")(x)
        x = layers.BatchNormalization(name=f"block{number}_norm")(x)
        x = layers.ReLU(name=f"block{number}_relu")(x)
    x = layers.GlobalAveragePooling2D(name="head_pool")(layers.Identity(name="features")(x))
    return keras.Model(inputs, layers.Dense(classes, dtype="float32", name="logits")(x), name="any_size")


@pytest.fixture(autouse=True, scope="module")
def architectures(tiny: object) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CATALOG, ANY_SIZE.id, ANY_SIZE)
        yield


def recipe_of(**tables: Any) -> Recipe:
    content = {"title": "A test", "architecture": "tiny-keras", "optimizer": {"learning_rate": 0.03}}
    return Recipe.model_validate(content | {"schedule": {"epochs": 1, "batch_size": 16}} | tables)


def fit(recipe: Recipe, lessons: tuple[Images, Images], folder: Path, **listeners: Any) -> Fitted:
    return fit_keras.fit(catalog.spec(recipe.architecture), recipe, *lessons, Run(folder, **listeners))


def test_the_precision_is_set_back_whatever_happens(lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)

    def stop(*_: object) -> None:
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(recipe_of(precision="bf16"), lessons, tmp_path, step=stop)
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_pytorchs_for_weighted_soft_targets(smoothing: float) -> None:
    import torch
    from torch.nn import functional

    chance = np.random.default_rng(0)
    logits, targets = chance.normal(size=(9, 7)).astype(np.float32), chance.dirichlet(np.ones(7), 9).astype(np.float32)
    weight = class_weights(np.repeat(np.arange(7), np.arange(1, 8)), recipe_of(regularise={"class_weights": "inverse"}))
    expected = functional.cross_entropy(
        torch.from_numpy(logits), torch.from_numpy(targets), torch.from_numpy(weight), label_smoothing=smoothing,
        reduction="none",
    )  # fmt: skip
    told = np.concatenate([targets, np.zeros((9, 1), np.float32)], axis=1)
    found = keras_step.SoftCrossEntropy(weight, smoothing).call(keras.ops.convert_to_tensor(told), logits)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected.numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    "spec",
    [InputSpec(48, 1), InputSpec(48, 3, (1.0, 2.0, 3.0), (127.5, 100.0, 90.0)), InputSpec(48, 1, (0.0,), (1.0,))],
)
def test_training_feeds_the_network_what_predicting_does(spec: InputSpec) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    seen = keras_step.Normalise(spec)(to_pixels(faces, spec))
    np.testing.assert_allclose(np.asarray(seen), network_input(faces, spec), atol=1e-5)


def test_weights_have_the_names_that_a_predictor_asks_for(lessons, tmp_path: Path) -> None:
    fitted = fit(recipe_of(), lessons, tmp_path)
    assert fitted.weights.keys() == catalog.untrained("tiny-keras").weights().keys()


@pytest.mark.parametrize("name", ["sgd", "adam", "nadam", "rmsprop"])
def test_weight_decay_is_in_the_gradient(name: str) -> None:
    """A weight of gradient 0 under decay goes as one whose gradient is the decay's."""
    ends = []
    for decay, gradient in ((0.5, 0.0), (0.0, 1.0)):
        variable = keras.Variable(np.array([2.0], np.float32))
        options = recipe_of(
            optimizer={"name": name, "learning_rate": 0.1, "weight_decay": decay, "momentum": 0}
        ).optimizer
        chosen = keras_step.optimizer(options)
        chosen.build([variable])
        chosen.apply([keras.ops.convert_to_tensor(np.array([gradient], np.float32))], [variable])
        ends.append(float(np.asarray(variable.numpy())[0]))
    assert ends[0] == pytest.approx(ends[1], abs=1e-6) and ends[0] < 2


def test_adamw_decays_apart_from_the_gradient() -> None:
    variable = keras.Variable(np.array([2.0], np.float32))
    options = recipe_of(optimizer={"name": "adamw", "learning_rate": 0.1, "weight_decay": 0.5}).optimizer
    chosen = keras_step.optimizer(options)
    chosen.build([variable])
    chosen.apply([keras.ops.convert_to_tensor(np.zeros(1, np.float32))], [variable])
    assert float(np.asarray(variable.numpy())[0]) == pytest.approx(2 * (1 - 0.1 * 0.5), abs=1e-6)


def test_the_average_moves_by_its_decay() -> None:
    slow, fast = any_size(), any_size()
    for network, value in ((slow, 1.0), (fast, 11.0)):
        network.set_weights([np.full_like(array, value) for array in network.get_weights()])
    average = [np.array(array) for array in slow.get_weights()]
    average = follow(average, fast, 0.9)
    assert all(np.allclose(array, 2.0) for array in average), "running statistics too"
    assert all(np.allclose(array, 11.0) for array in fast.get_weights())


def test_the_average_is_what_is_judged_and_kept(lessons, tmp_path: Path) -> None:
    plain = fit(recipe_of(), lessons, tmp_path / "plain")
    average = fit(recipe_of(regularise={"ema": 0.9999}), lessons, tmp_path / "average")
    with np.load(tmp_path / "average" / "last.npz") as content:
        kept = [content[f"average/{number}"] for number in range(len(average.weights))]
        learnt = [content[f"network/{number}"] for number in range(len(average.weights))]
    for stored, array in zip(kept, average.weights.values(), strict=True):
        np.testing.assert_array_equal(stored, array)
    for stored, array in zip(learnt, plain.weights.values(), strict=True):
        np.testing.assert_allclose(stored, array, atol=1e-6)
    assert average.curves[0]["train_loss"] == pytest.approx(plain.curves[0]["train_loss"], abs=1e-6)
    assert average.curves[0]["public_loss"] != pytest.approx(plain.curves[0]["public_loss"], abs=1e-6)


@pytest.mark.parametrize(
    ("stage", "learns"),
    [
        ({"train": "all"}, {"block1_conv", "block1_norm", "block2_conv", "block2_norm", "logits"}),
        ({"train": "head"}, {"logits"}),
        ({"train": "layers", "count": 2}, {"block2_norm", "logits"}),
        ({"train": "layers", "count": 99}, {"block1_conv", "block1_norm", "block2_conv", "block2_norm", "logits"}),
        ({"train": "blocks", "count": 1}, {"block2_conv", "block2_norm", "logits"}),
        ({"train": "blocks", "count": 0}, {"logits"}),
    ],
)
def test_a_stage_trains_the_layers_it_names(stage: dict[str, Any], learns: set[str]) -> None:
    network = any_size()
    keras_step.freeze(network, Stage(epochs=1, **stage))
    assert {v.path.split("/")[-2] for v in network.trainable_variables} == learns


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(TrainingError, match="name no blocks"):
        keras_step.freeze(catalog.network("tiny-keras"), Stage(epochs=1, train="blocks", count=1))
    names = ["input", "conv2d", "batch_normalization", "conv2d_17", "mixed0"]  # as InceptionV3
    with pytest.raises(TrainingError, match="name no blocks"):
        keras_step._first_of_blocks(names, 1)
    assert keras_step._first_of_blocks([*names, "block17_1_conv", "conv2d_18", "conv_7b"], 2) == len(names)


def staged() -> Recipe:
    return recipe_of(
        architecture="any-size",
        optimizer={"name": "adam", "learning_rate": 0.01},
        schedule={"epochs": 4, "batch_size": 16, "shape": "plateau"},
        augment=ALL | {"crop": 40, "start_size": 24},
        regularise={"mixup": 0.2, "mixup_off": 1, "ema": 0.9, "class_weights": "inverse"},
        stages=[{"epochs": 2, "train": "head"}, {"epochs": 2, "train": "blocks", "count": 1, "learning_rate": 0.003}],
    )


def test_what_is_frozen_stays_and_frozen_statistics_too(lessons, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    began = {name: np.asarray(w) for name, w in catalog.untrained("any-size").weights().items()}
    recipe = staged().model_copy(update={"regularise": recipe_of().regularise})
    fitted = fit(recipe, lessons, tmp_path)
    assert [row["stage"] for row in fitted.curves] == [1, 1, 2, 2]
    assert [row["learning_rate"] for row in fitted.curves][::2] == pytest.approx([0.01, 0.003])
    with np.load(tmp_path / "last.npz") as content:
        last = [content[f"network/{number}"] for number in range(len(began))]
    still = {name.split("/", 1)[1]: np.allclose(a, b) for (name, a), b in zip(began.items(), last, strict=True)}
    assert all(same == name.startswith("block1") for name, same in still.items()), still


@pytest.mark.parametrize("epochs", [1, 2, 3], ids=["within a stage", "between stages", "within the second"])
def test_a_run_with_stages_and_growing_pictures_is_resumed_to_the_same_result(
    epochs: int, lessons, tmp_path: Path, straight: Fitted
) -> None:
    with pytest.raises(Killed):
        fit(staged(), lessons, tmp_path, epoch=killer(epochs))
    assert_same(fit(staged(), lessons, tmp_path), straight)


@pytest.fixture(scope="module")
def straight(architectures: None, lessons, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """The staged run that nobody stopped."""
    return fit(staged(), lessons, tmp_path_factory.mktemp("straight"))


def test_initial_weights_are_those_that_the_run_begins_with(lessons, tmp_path: Path) -> None:
    def begin(network: keras.Model) -> None:
        network.get_layer("logits").set_weights([np.zeros((288, 7)), np.array([0, 0, 0, 50.0, 0, 0, 0])])

    frozen = recipe_of(optimizer={"learning_rate": 1e-12})
    fitted = fit(frozen, lessons, tmp_path, begin=begin)
    assert fitted.weights["tiny_keras/logits/bias"] == pytest.approx([0, 0, 0, 50, 0, 0, 0], abs=1e-5)


@pytest.mark.parametrize(
    ("augment", "architecture", "message"),
    [
        (
            {"crop": 40},
            "tiny-keras",
            r"tiny-keras takes pictures of 48 px, the recipe would show it 40 px",
        ),
        ({"start_size": 24}, "tiny-keras", "Leave both out"),
        ({"crop": 64}, "any-size", "expected at most 48"),
    ],
)
def test_pictures_that_do_not_fit_the_network_are_refused(augment, architecture, message, lessons, tmp_path) -> None:
    with pytest.raises(TrainingError, match=message):
        fit(recipe_of(augment=augment, architecture=architecture), lessons, tmp_path)


def keeper_of(lessons: tuple[Images, Images], recipe: Recipe) -> tuple[Keeper, keras.Model]:
    """A keeper over the tiny network's model, not compiled."""
    network = catalog.network("tiny-keras")
    model = keras_step.learning_model(network, catalog.spec("tiny-keras").input, recipe)
    models = keras_step.Models(network, None, model, model)
    keeper = Keeper(models, recipe, Batches(lessons[0], recipe), lessons[1], Run(Path("nowhere")), Progress())
    keeper.set_model(model)
    return keeper, model


def drawn(lessons: tuple[Images, Images], seed: int) -> list[tuple[int, ...]]:
    """The state of every random generator in the model at the beginning of each of two epochs."""
    keeper, model = keeper_of(lessons, recipe_of(seed=seed, augment=ALL))
    states: list[tuple[int, ...]] = []
    for epoch in range(2):
        keeper.on_epoch_begin(epoch)
        found = [v for v in model.variables if v.name == "seed_generator_state"]
        states += [tuple(keras.ops.convert_to_numpy(v).tolist()) for v in found]
    return states


def test_every_layer_draws_for_itself(lessons) -> None:
    # with one seed for all, a face turned left was always enlarged, flipped and darkened as well
    states = drawn(lessons, seed=0)
    assert len(states) == 2 * 5, "four layers of augmentation and one of dropout, two epochs"
    assert len({first for first, _ in states}) == len(states)
    assert drawn(lessons, seed=0) == states
    assert not set(drawn(lessons, seed=1)) & set(states)


def test_flip_rotation_zoom_and_shift_do_not_hang_together(lessons) -> None:
    keeper, model = keeper_of(lessons, recipe_of(augment=ALL))
    keeper.on_epoch_begin(0)
    (affine,) = [layer for layer in model.layers if isinstance(layer, Affine)]
    a, b, _, c, d, _ = np.asarray(affine._transforms(500, 48), float).T[:6]
    size = np.hypot(a, c)
    mirror = np.sign(a * d - b * c)
    angle = np.arctan2(-b, d)
    centre = np.asarray(affine._transforms(500, 48), float)[:, 2]
    assert np.abs(np.corrcoef([size, mirror, angle, centre]) - np.eye(4)).max() < 0.2
    assert np.ptp(size) > 0.25 and set(mirror) == {-1, 1} and np.ptp(angle) > np.radians(20)


def test_a_leftover_of_a_killed_write_harms_nothing(lessons, tmp_path: Path) -> None:
    (tmp_path / "unfinished-last.npz").write_bytes(b"half")
    fit(recipe_of(), lessons, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [artifacts.CURVES, DEVICES, "last.npz", PRECISIONS]
