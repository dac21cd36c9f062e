"""Augmentation: each option does what the recipe's word says, in PyTorch and in Keras alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from trainers import augment as augmenting
from trainers.augment import augment
from trainers.recipe import Augment

SIDE = 48
ALL = Augment(flip=True, rotate_degrees=12, scale=(0.85, 1.15), shift=0.12, brightness=0.3, contrast=0.3, erase=0.4)


def noise(n: int = 8, side: int = SIDE) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (n, 1, side, side))).float()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spot(right: float, down: float, n: int = 1) -> Tensor:
    """Black pictures with a small bright spot, so many pixels right of and below the centre."""
    y, x = torch.meshgrid(torch.arange(SIDE) - (SIDE - 1) / 2, torch.arange(SIDE) - (SIDE - 1) / 2, indexing="ij")
    picture = 255 * torch.exp(-((x - right) ** 2 + (y - down) ** 2) / 4)
    return picture.expand(n, 1, SIDE, SIDE).clone()


def centre(picture: np.ndarray) -> np.ndarray:
    """(right, down) of the spot's centre of mass in pixels from the picture's centre."""
    place = np.arange(SIDE) - (SIDE - 1) / 2
    mass = picture.reshape(SIDE, SIDE)
    return np.array([mass.sum(axis=0) @ place, mass.sum(axis=1) @ place]) / mass.sum()


def moved(option: Augment, right: float, down: float) -> np.ndarray:
    """Where the spot is after the augmentation."""
    return centre(augment(spot(right, down), option, seeded())[0].numpy())


@pytest.fixture
def extreme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw is the highest that is allowed, so that the outcome can be told beforehand."""
    monkeypatch.setattr(augmenting, "_uniform", lambda n, _low, high, _generator: torch.full((n,), float(high)))


def test_no_options_change_nothing() -> None:
    x = noise()
    assert torch.equal(augment(x, Augment(), seeded()), noise())


def test_flip_mirrors_exactly_about_half() -> None:
    x = noise(200, 8)
    flipped = augment(x, Augment(flip=True), seeded())
    same, mirrored = (torch.isclose(flipped, other, atol=1e-2).flatten(1).all(1) for other in (x, x.flip(-1)))
    assert bool((same ^ mirrored).all()), "each picture is itself or its mirror image"
    assert 70 < int(mirrored.sum()) < 130


@pytest.mark.usefixtures("extreme")
def test_scale_above_one_enlarges_the_face() -> None:
    np.testing.assert_allclose(moved(Augment(scale=(1.0, 1.25)), 12, 0), (15, 0), atol=0.3)
    np.testing.assert_allclose(moved(Augment(scale=(0.5, 0.5)), 12, -8), (6, -4), atol=0.3)


@pytest.mark.usefixtures("extreme")
def test_rotation_turns_by_the_angle_and_only_turns() -> None:
    (x_of_right, y_of_right), (x_of_low, y_of_low) = (moved(Augment(rotate_degrees=30), *p) for p in ((12, 0), (0, 12)))
    assert math.hypot(x_of_right, y_of_right) == pytest.approx(12, abs=0.3)
    assert abs(math.degrees(math.atan2(y_of_right, x_of_right))) == pytest.approx(30, abs=1.5)
    # a quarter turn takes the right spot to the low one before and after: no mirror, no shear
    np.testing.assert_allclose((x_of_low, y_of_low), (-y_of_right, x_of_right), atol=0.3)


@pytest.mark.usefixtures("extreme")
def test_shift_is_a_share_of_the_side() -> None:
    right, down = moved(Augment(shift=0.25), 4, -2)
    assert abs(right - 4) == pytest.approx(12, abs=0.3) and abs(down + 2) == pytest.approx(12, abs=0.3)


def test_random_draws_fill_their_ranges_and_stay_within() -> None:
    n = 400
    turned = augment(spot(14, 0, n), Augment(rotate_degrees=20), seeded()).numpy()
    angles = [math.degrees(math.atan2(*centre(picture)[::-1])) for picture in turned]
    assert -21 < min(angles) < -17 and 17 < max(angles) < 21
    shifted = augment(spot(0, 0, n), Augment(shift=0.25), seeded()).numpy()
    places = np.array([centre(picture) for picture in shifted])
    assert (np.abs(places) < 12.3).all() and (np.abs(places).max(axis=0) > 11).all()
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.2, "to the right and down are drawn apart"
    scaled = augment(spot(12, 0, n), Augment(scale=(0.8, 1.2)), seeded()).numpy()
    sizes = np.array([centre(picture)[0] for picture in scaled]) / 12
    assert 0.78 < sizes.min() < 0.84 and 1.16 < sizes.max() < 1.22


def test_light_goes_both_ways() -> None:
    x = noise(400, 8) / 4 + 90  # far from 0 and 255, so that nothing is cut off
    mean, spread = x.mean(dim=(1, 2, 3)), x.std(dim=(1, 2, 3))
    bright = augment(x, Augment(brightness=0.2), seeded()).mean(dim=(1, 2, 3)) - mean
    assert -51.1 < bright.min() < -40 and 40 < bright.max() < 51.1
    changed = augment(x, Augment(contrast=0.4), seeded())
    contrast = changed.std(dim=(1, 2, 3)) / spread
    assert 0.59 < contrast.min() < 0.65 and 1.35 < contrast.max() < 1.41
    torch.testing.assert_close(changed.mean(dim=(1, 2, 3)), mean, atol=1e-2, rtol=0)


@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_erase_takes_its_share_of_pictures_and_of_pixels(probability: float) -> None:
    x = noise(2000, 24)
    changed = (augment(x, Augment(erase=probability), seeded()) != x).float().mean(dim=(1, 2, 3))
    assert float((changed > 0).float().mean()) == pytest.approx(probability, abs=0.04)
    erased = changed[changed > 0]
    assert 0.09 < float(erased.mean()) < 0.13 and float(erased.max()) < 0.25


def test_erased_pixels_get_the_pictures_mean() -> None:
    x = noise(50, 24)
    out = augment(x, Augment(erase=1.0), seeded())
    means = x.mean(dim=(1, 2, 3), keepdim=True).expand_as(x)
    torch.testing.assert_close(out[out != x], means[out != x])


def test_values_stay_within_pixels() -> None:
    x = torch.cat([noise(100), torch.zeros(50, 1, SIDE, SIDE), torch.full((50, 1, SIDE, SIDE), 255.0)])
    out = augment(x, ALL, seeded())
    assert out.shape == x.shape and out.dtype == torch.float32
    assert float(out.min()) >= 0 and float(out.max()) <= 255


def test_what_leaves_the_picture_is_filled_with_its_edge() -> None:
    white = torch.full((20, 1, SIDE, SIDE), 200.0)
    geometry = Augment(rotate_degrees=40, scale=(0.5, 0.8), shift=0.3)
    torch.testing.assert_close(augment(white, geometry, seeded()), white, atol=1e-2, rtol=0)


@pytest.mark.parametrize(
    "options",
    [
        Augment(flip=True),
        Augment(rotate_degrees=9),
        Augment(brightness=0.3),
        Augment(contrast=0.3),
        Augment(erase=1),
        ALL,
    ],
)
def test_the_input_is_left_as_it_was(options: Augment) -> None:
    x = noise()
    out = augment(x, options, seeded())
    assert torch.equal(x, noise()) and not torch.equal(out, x)


def test_the_seed_alone_decides_and_each_picture_draws_for_itself() -> None:
    same = noise(1).expand(6, 1, SIDE, SIDE)
    first = augment(same, ALL, seeded(1))
    assert torch.equal(first, augment(same, ALL, seeded(1)))
    assert not torch.equal(first, augment(same, ALL, seeded(2)))
    assert len(torch.unique(first.flatten(1), dim=0)) == 6


def test_draws_for_the_next_batch_are_new() -> None:
    generator, x = seeded(), noise(2)
    assert not torch.equal(augment(x, ALL, generator), augment(x, ALL, generator))


def test_three_channels_change_alike() -> None:
    x = noise(10).expand(10, 3, SIDE, SIDE)
    out = augment(x, ALL, seeded())
    assert torch.equal(out[:, 0], out[:, 1]) and torch.equal(out[:, 0], out[:, 2])


def in_keras(x: Tensor, options: Augment) -> np.ndarray:
    """The same options through Keras's layers, as in training; (N, 1, s, s) in and out."""
    import keras

    from trainers.keras_augment import augmentation

    keras.utils.set_random_seed(0)
    out = keras.ops.convert_to_tensor(x.permute(0, 2, 3, 1).numpy())
    for layer in augmentation(options):
        out = layer(out, training=True)
    return np.moveaxis(keras.ops.convert_to_numpy(out), -1, 1)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Augment(), []),
        (Augment(flip=True), ["Affine"]),
        (Augment(scale=(1.2, 1.2)), ["Affine"]),
        (Augment(crop=44), ["Affine"]),
        (Augment(erase=0.5), ["RandomErasing"]),
        (ALL, ["Affine", "RandomBrightness", "RandomContrast", "RandomErasing"]),
    ],
)
def test_keras_gets_a_layer_for_each_option_and_no_other(options: Augment, expected: list[str]) -> None:
    from trainers.keras_augment import augmentation

    assert [type(layer).__name__ for layer in augmentation(options)] == expected


def test_keras_scale_above_one_enlarges_the_face_too() -> None:
    np.testing.assert_allclose(centre(in_keras(spot(12, 0), Augment(scale=(1.25, 1.25)))), (15, 0), atol=0.5)
    np.testing.assert_allclose(centre(in_keras(spot(12, -8), Augment(scale=(0.5, 0.5)))), (6, -4), atol=0.5)


@pytest.mark.parametrize(
    ("options", "side"),
    [(Augment(scale=(1.2, 1.2)), 48), (Augment(scale=(0.9, 0.9)), 32), (Augment(crop=48, start_size=24), 24)],
)
def test_keras_resamples_as_pytorch_does(options: Augment, side: int) -> None:
    import keras

    from trainers.keras_augment import Affine

    x = noise(3)
    mine = Affine(options, side)(x.permute(0, 2, 3, 1).numpy(), training=True)
    theirs = augment(x, options, seeded(), side).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(mine), theirs, atol=0.05)


def test_keras_crops_at_random_and_keeps_the_scale() -> None:
    found = np.array([centre_of(p) for p in in_keras(spot(0, 0, 300), Augment(crop=32))])
    assert in_keras(noise(1), Augment(crop=32)).shape == (1, 1, 32, 32)
    assert (np.abs(found) < 8.5).all() and (np.abs(found).max(axis=0) > 7.5).all()


def centre_of(picture: np.ndarray) -> np.ndarray:
    """As `centre`, for pictures of any side."""
    side = picture.shape[-1]
    place = np.arange(side) - (side - 1) / 2
    mass = picture.reshape(side, side)
    return np.array([mass.sum(axis=0) @ place, mass.sum(axis=1) @ place]) / mass.sum()


def test_keras_draws_fill_the_same_ranges() -> None:
    n = 300
    angles = [math.degrees(math.atan2(*centre(p)[::-1])) for p in in_keras(spot(14, 0, n), Augment(rotate_degrees=20))]
    assert -21.5 < min(angles) < -17 and 17 < max(angles) < 21.5
    places = np.array([centre(picture) for picture in in_keras(spot(0, 0, n), Augment(shift=0.25))])
    assert (np.abs(places) < 12.6).all() and (np.abs(places).max(axis=0) > 11).all()
    sizes = np.array([centre(picture)[0] for picture in in_keras(spot(12, 0, n), Augment(scale=(0.8, 1.2)))]) / 12
    assert 0.76 < sizes.min() < 0.84 and 1.14 < sizes.max() < 1.23


def test_keras_light_goes_both_ways() -> None:
    x = noise(300, 8) / 4 + 90
    bright = in_keras(x, Augment(brightness=0.2)).mean(axis=(1, 2, 3)) - x.mean(dim=(1, 2, 3)).numpy()
    assert -51.1 < bright.min() < -40 and 40 < bright.max() < 51.1
    contrast = in_keras(x, Augment(contrast=0.4)).std(axis=(1, 2, 3)) / x.std(dim=(1, 2, 3), correction=0).numpy()
    assert 0.59 < contrast.min() < 0.65 and 1.35 < contrast.max() < 1.41


@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_keras_erase_takes_the_same_share(probability: float) -> None:
    x = noise(1000, 24)
    changed = (in_keras(x, Augment(erase=probability)) != x.numpy()).mean(axis=(1, 2, 3))
    assert (changed > 0).mean() == pytest.approx(probability, abs=0.05)
    assert 0.08 < changed[changed > 0].mean() < 0.13 and changed.max() < 0.25


def test_keras_values_stay_within_pixels_and_the_input_as_it_was() -> None:
    x = noise(60)
    out = in_keras(x, ALL)
    assert out.shape == tuple(x.shape) and out.min() >= 0 and out.max() <= 255
    assert torch.equal(x, noise(60)) and not np.array_equal(out, x.numpy())


def test_keras_leaves_pictures_alone_when_it_is_not_training() -> None:
    from trainers.keras_augment import augmentation

    x = noise(4).permute(0, 2, 3, 1).numpy()
    for layer in augmentation(ALL):
        np.testing.assert_array_equal(np.asarray(layer(x, training=False)), x)
