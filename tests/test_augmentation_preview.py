"""The illustration of augmentation against the trainers' own code, and against what can be seen on paper."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from fer_core.augmentation_preview import Augmentation, Change, apply, draw, examples
from trainers import augment as trained
from trainers.recipe import Augment

NOISE = gaussian_filter(np.random.default_rng(0).normal(size=(48, 48)), 2)
FACE = np.rint((NOISE - NOISE.min()) / np.ptp(NOISE) * 255).astype(np.uint8)


def trainers_say(monkeypatch, options, draws):
    """What trainers.augment makes of FACE where its draws are these, in their order."""
    queue = iter(draws)
    monkeypatch.setattr(
        trained, "_uniform", lambda n, low, high, generator: torch.tensor(next(queue)).reshape(n).float()
    )
    x = torch.from_numpy(FACE.astype(np.float32))[None, None]
    changed = trained.augment(x, Augment(**options), torch.Generator())
    assert next(queue, None) is None
    return changed[0, 0].numpy()


@pytest.mark.parametrize(
    ("draws", "change"),
    [
        ([0.0, 1.0, 0.1, [0.0, 0.0]], Change(mirrored=True)),
        ([0.0, 1.0, 0.9, [0.25, 0.0]], Change(shift=(0.125, 0.0))),
        ([0.0, 1.0, 0.9, [0.0, -0.3]], Change(shift=(0.0, -0.15))),
        ([np.radians(12.0), 1.0, 0.9, [0.0, 0.0]], Change(degrees=12.0)),
        ([0.0, 1.1, 0.9, [0.0, 0.0]], Change(scale=1.1)),
        ([np.radians(-9.0), 0.93, 0.2, [0.1, 0.04]], Change(True, -9.0, 0.93, (0.05, 0.02))),
    ],
)
def test_moves_agree_with_the_trainers(monkeypatch, draws, change):
    options = {"flip": True, "rotate_degrees": 15, "scale": (0.9, 1.1), "shift": 0.2}
    np.testing.assert_allclose(apply(FACE, change), trainers_say(monkeypatch, options, draws), atol=0.51)


def test_light_and_erasing_agree_with_the_trainers(monkeypatch):
    found = trainers_say(monkeypatch, {"brightness": 0.2, "contrast": 0.3}, [0.25, 0.1])
    np.testing.assert_allclose(apply(FACE, Change(brightness=0.1, contrast=1.25)), found, atol=0.51)
    # area, log ratio, top, left, chance: a square of 10 % in the middle
    found = trainers_say(monkeypatch, {"erase": 1.0}, [0.1, 0.0, 0.5, 0.5, 0.0])
    side = 48 * np.sqrt(0.1)
    hole = ((48 - side) / 2, (48 - side) / 2, side, side)
    np.testing.assert_allclose(apply(FACE, Change(hole=hole)), found, atol=0.51)


def test_a_flip_and_a_whole_shift_are_exact():
    np.testing.assert_array_equal(apply(FACE, Change()), FACE)
    np.testing.assert_array_equal(apply(FACE, Change(mirrored=True)), FACE[:, ::-1])
    np.testing.assert_array_equal(apply(FACE, Change(shift=(6 / 48, 0)))[:, :42], FACE[:, 6:])


def test_draws_stay_within_the_options_and_repeat_with_the_seed():
    options = Augmentation(True, 10, (0.9, 1.2), 0.1, 0.2, 0.3, 1.0)
    random = np.random.default_rng(0)
    for change in (draw(options, random) for _ in range(200)):
        assert abs(change.degrees) <= 10 and 0.9 <= change.scale <= 1.2 and max(map(abs, change.shift)) <= 0.1
        assert abs(change.brightness) <= 0.2 and 0.7 <= change.contrast <= 1.3
        assert change.hole is not None
        top, left, height, width = change.hole
        assert 0 <= top <= 48 - height and 0 <= left <= 48 - width and 0.01 < height * width / 48**2 < 0.21
    np.testing.assert_array_equal(examples(FACE, options, 3, seed=5), examples(FACE, options, 3, seed=5))
    assert (examples(FACE, options, 3, seed=5) != examples(FACE, options, 3, seed=6)).any()
    np.testing.assert_array_equal(examples(FACE, Augmentation(), 2), np.stack([FACE, FACE]))


def test_options_come_from_a_recipe_and_bad_pictures_are_refused():
    table = Augment(flip=True, scale=(0.9, 1.1)).model_dump(mode="json") | {"later": 1}
    assert Augmentation.from_recipe(table) == Augmentation(flip=True, scale=(0.9, 1.1))
    of_size = {"crop", "start_size"}  # how much of it, how large: not how it looks
    assert set(Augment.model_fields) - of_size == set(Augmentation.__dataclass_fields__)
    with pytest.raises(ValueError, match="grey square"):
        apply(np.zeros((48, 40), np.uint8), Change())
