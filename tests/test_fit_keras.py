"""What is Keras's own in its trainer: batches, value range, draws that do not hang together, what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_core import catalog
from fer_core.preprocess import network_input, to_pixels
from fer_core.types import InputSpec
from trainers import fit_keras
from trainers.fitting import Fitted, Images, Run, TrainingError, epoch_order
from trainers.recipe import Recipe

pytestmark = pytest.mark.usefixtures("tiny")
ALL = {
    "flip": True,
    "rotate_degrees": 12,
    "scale": [0.85, 1.15],
    "shift": 0.12,
    "brightness": 0.2,
    "contrast": 0.3,
    "erase": 0.4,
}


def recipe_of(**tables: Any) -> Recipe:
    content = {"title": "A test", "architecture": "tiny-keras", "optimizer": {"learning_rate": 0.03}}
    return Recipe.model_validate(content | {"schedule": {"epochs": 1, "batch_size": 16}} | tables)


def fit(recipe: Recipe, lessons: tuple[Images, Images], folder: Path, **listeners: Any) -> Fitted:
    return fit_keras.fit(catalog.spec("tiny-keras"), recipe, *lessons, Run(folder, **listeners))


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"regularise": {"ema": 0.9}}, r"regularise\.ema: .* Set it to 0"),
        ({"optimizer": {"learning_rate": 0.1, "weight_decay": 1e-4}}, r"optimizer\.weight_decay: .* Use adamw"),
    ],
)
def test_what_only_pytorch_can_is_refused_with_a_remedy(tables, message: str, lessons, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=message):
        fit(recipe_of(**tables), lessons, tmp_path)
    assert keras.config.dtype_policy().name == "float32"


def test_the_precision_is_set_back_whatever_happens(lessons, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(recipe_of(precision="bf16"), lessons, tmp_path, step=stop)
    assert keras.config.dtype_policy().name == "float32"


def test_batches_hold_every_image_once_in_the_epochs_order(lessons) -> None:
    train, _ = lessons
    recipe = recipe_of(seed=3)
    batches = fit_keras.Batches(train, recipe)
    assert len(batches) == 4
    for epoch in (0, 4):
        batches.begin(epoch)
        pixels, labels = (np.concatenate(parts) for parts in zip(*(batches[n] for n in range(4)), strict=True))
        order = epoch_order(56, 3, epoch)
        np.testing.assert_array_equal(pixels, train.pixels[order])
        np.testing.assert_array_equal(labels.argmax(axis=1), train.y[order])
        assert pixels.dtype == labels.dtype == np.float32 and pixels.max() > 1, "pixels, 0..255"


def test_mixup_blends_images_and_labels_alike(lessons) -> None:
    train, _ = lessons
    mixed, whole = (fit_keras.Batches(train, recipe_of(regularise={"mixup": alpha})) for alpha in (0.4, 0.0))
    (x, y), (x_whole, y_whole) = mixed[1], whole[1]
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    assert not np.array_equal(y, y_whole)
    share = float(y[0, y_whole[0].argmax()])
    partners = [o for o in range(16) if np.allclose(share * x_whole[0] + (1 - share) * x_whole[o], x[0], atol=1e-2)]
    assert partners, "the labels' share is the pixels' share"
    np.testing.assert_array_equal(mixed[1][0], x)
    mixed.begin(1)
    assert not np.array_equal(mixed[1][0], x)


def test_the_last_batch_holds_what_is_left(lessons) -> None:
    train, _ = lessons
    batches = fit_keras.Batches(Images(train.pixels[:17], train.y[:17]), recipe_of())
    assert [len(batches[n][1]) for n in range(len(batches))] == [16, 1]


@pytest.mark.parametrize(
    "spec", [InputSpec(48, 1), InputSpec(48, 1, (127.5,), (127.5,)), InputSpec(48, 1, (0.0,), (1.0,))]
)
def test_training_feeds_the_network_what_predicting_does(spec: InputSpec) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    seen = fit_keras.Normalise(spec)(to_pixels(faces, spec).astype(np.float32))
    np.testing.assert_allclose(np.asarray(seen), network_input(faces, spec), atol=1e-6)


def test_weights_have_the_names_that_a_predictor_asks_for(lessons, tmp_path: Path) -> None:
    fitted = fit(recipe_of(), lessons, tmp_path)
    assert fitted.weights.keys() == catalog.untrained("tiny-keras").weights().keys()


def drawn(images: Images, seed: int) -> list[tuple[int, ...]]:
    """The state of every random generator in the model at the beginning of each of two epochs."""
    recipe = recipe_of(seed=seed, augment=ALL)
    network = catalog.network("tiny-keras")
    model = fit_keras._training_model(network, catalog.spec("tiny-keras").input, recipe)
    keeper = fit_keras._Keeper(network, fit_keras.Batches(images, recipe), recipe, Run(Path("nowhere")))
    keeper.set_model(model)
    states: list[tuple[int, ...]] = []
    for epoch in range(2):
        keeper.on_epoch_begin(epoch)
        found = [v for v in model.variables if v.name == "seed_generator_state"]
        states += [tuple(keras.ops.convert_to_numpy(v).tolist()) for v in found]
    return states


def test_every_layer_draws_for_itself(lessons) -> None:
    # with one seed for all, a face turned left was always enlarged, flipped and darkened as well
    train, _ = lessons
    states = drawn(train, seed=0)
    assert len(states) == 2 * 8, "seven layers of augmentation and one of dropout, two epochs"
    assert len({first for first, _ in states}) == len(states)
    assert drawn(train, seed=0) == states
    assert not set(drawn(train, seed=1)) & set(states)


def test_flip_rotation_zoom_and_light_do_not_hang_together(lessons) -> None:
    recipe = recipe_of(augment=ALL)
    network = catalog.network("tiny-keras")
    model = fit_keras._training_model(network, catalog.spec("tiny-keras").input, recipe)
    keeper = fit_keras._Keeper(network, fit_keras.Batches(lessons[0], recipe), recipe, Run(Path("nowhere")))
    keeper.set_model(model)
    keeper.on_epoch_begin(0)
    faces = keras.ops.zeros((500, 48, 48, 1))
    names = {
        "RandomFlip": "flips",
        "RandomRotation": "angle",
        "RandomZoom": "height_zoom",
        "RandomBrightness": "rgb_delta",
    }
    layers = {type(layer).__name__: layer for layer in model.layers}
    draws = [
        np.asarray(layers[kind].get_random_transformation(faces, training=True)[name], float).ravel()
        for kind, name in names.items()
    ]
    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.2


def test_a_leftover_of_a_killed_write_harms_nothing(lessons, tmp_path: Path) -> None:
    (tmp_path / "unfinished-last.npz").write_bytes(b"half")
    fit(recipe_of(), lessons, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last.npz"]
