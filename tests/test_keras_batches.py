"""Batches of the Keras trainer: every image once, repeats, taught and mixed targets, in the recipe's order."""

from functools import partial

import numpy as np
import pytest

from tests.training_cases import recipe_of as recipe_for
from trainers import keras_step
from trainers.fitting import Images, epoch_rows
from trainers.keras_batches import Batches

recipe_of = partial(recipe_for, "keras")
pytestmark = pytest.mark.usefixtures("tiny")


def test_batches_hold_every_image_once_in_the_epochs_order(lessons):
    train, _ = lessons
    recipe = recipe_of(seed=3)
    batches = Batches(train, recipe)
    assert len(batches) == 4
    for epoch in (0, 4):
        batches.begin(epoch)
        inputs, targets = zip(*(batches[n] for n in range(4)), strict=True)
        order, told = epoch_rows(train.y, recipe, epoch), np.concatenate(targets)
        np.testing.assert_array_equal(np.concatenate([i["pixels"] for i in inputs]), train.pixels[order])
        np.testing.assert_array_equal(told[:, :7].argmax(axis=1), train.y[order])
        np.testing.assert_array_equal(told[:, 7], train.y[order])


def test_rare_emotions_are_repeated_as_the_recipe_says(lessons):
    train, _ = lessons
    batches = Batches(train, recipe_of(sampling={"at_least": 20, "emotions": ["disgust"]}))
    labels = np.concatenate([batches[n][1][:, 7] for n in range(len(batches))])
    assert np.bincount(labels.astype(int)).tolist() == [8, 20, 8, 8, 8, 8, 8]


def test_a_teachers_answers_are_the_targets_and_the_label_stays_the_label(lessons):
    train, _ = lessons
    soft = np.full((56, 7), 1 / 7, np.float32)
    batches = Batches(Images(train.pixels, train.y, soft), recipe_of(distil={"teacher": "a", "share": 0.7}))
    _, told = batches[0]
    own = told[np.arange(16), told[:, 7].astype(int)]
    np.testing.assert_allclose(own, 0.3 + 0.1, rtol=1e-5)
    np.testing.assert_allclose(told[:, :7].sum(axis=1), 1, rtol=1e-5)


def test_mixup_blends_images_and_labels_alike(lessons):
    train, _ = lessons
    mixed, whole = (Batches(train, recipe_of(regularise={"mixup": alpha})) for alpha in (0.4, 0.0))
    (inputs, told), (_, plain) = mixed[1], whole[1]
    share, partner = inputs["share"][0], inputs["partner"]
    np.testing.assert_allclose(told[:, :7], share * plain[:, :7] + (1 - share) * plain[partner, :7], atol=1e-6)
    assert sorted(partner) == list(range(16)) and 0 < share < 1
    pixels = inputs["pixels"].astype(np.float32)
    seen = np.asarray(keras_step.Blend()([pixels, partner, inputs["share"]]))
    np.testing.assert_allclose(seen, share * pixels + (1 - share) * pixels[partner], atol=1e-3)
    np.testing.assert_array_equal(mixed[1][1], told)
    mixed.begin(1)
    assert not np.array_equal(mixed[1][1], told)


def test_answers_to_mixed_images_are_compared_with_the_label_of_the_larger_share(lessons):
    train, _ = lessons
    batches, shares = Batches(train, recipe_of(regularise={"mixup": 0.4})), []
    for epoch in range(3):
        batches.begin(epoch)
        for number in range(len(batches)):
            inputs, told = batches[number]
            np.testing.assert_array_equal(told[:, 7], told[:, :7].argmax(axis=1))
            shares.append(inputs["share"][0])
    assert min(shares) < 0.4 and max(shares) > 0.6, "else nothing was shown"


def test_mixup_ends_before_the_last_epochs(lessons):
    train, _ = lessons
    recipe = recipe_of(schedule={"epochs": 3, "batch_size": 16}, regularise={"mixup": 0.4, "mixup_off": 1})
    batches = Batches(train, recipe)
    shares = []
    for epoch in range(3):
        batches.begin(epoch)
        shares.append(float(batches[0][0]["share"][0]))
    assert shares[0] < 1 and shares[1] < 1 and shares[2] == 1


def test_the_last_batch_holds_what_is_left(lessons):
    train, _ = lessons
    batches = Batches(Images(train.pixels[:17], train.y[:17]), recipe_of())
    assert [len(batches[n][1]) for n in range(len(batches))] == [16, 1]
