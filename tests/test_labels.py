"""Spellings of emotions, and label sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from fer_core import datasets, fer2013_source as source
from fer_core.datasets import load
from fer_core.labels import LABEL_SETS, SPELLINGS, EmotionError, emotion, label_set, positions
from fer_core.types import EMOTIONS
from tests import fer2013_builder as make

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


@given(st.sampled_from(sorted(SPELLINGS)), st.randoms(use_true_random=False))
def test_every_spelling_in_any_case_is_understood(spelling, random):
    mixed = "".join(random.choice((c.upper(), c.lower())) for c in spelling)
    assert emotion(f" {mixed} ") == SPELLINGS[spelling]


@pytest.mark.parametrize(
    ("name", "message"),
    [("contempt", "eighth|none of FER2013"), ("hapy", "'happy'"), ("7", "Unknown"), ("", "Unknown")],
)
def test_other_emotions_are_refused(name, message):
    with pytest.raises(EmotionError, match=message):
        emotion(name)


def test_label_sets_are_in_the_order_of_emotions():
    assert {name: len(labels) for name, labels in LABEL_SETS.items()} == {"seven": 7, "six": 6, "five": 5, "four": 4}
    assert LABEL_SETS["five"] == ("angry", "happy", "sad", "surprise", "neutral")
    assert LABEL_SETS["four"] == ("happy", "sad", "surprise", "neutral")
    assert label_set(["Surprised", "sadness"]) == ("sad", "surprise")
    with pytest.raises(EmotionError, match="Did you mean 'seven'"):
        label_set("sevn")


@pytest.mark.parametrize("name", LABEL_SETS)
def test_a_label_set_chooses_rows_and_leaves_their_labels(name, data, tmp_path):
    whole = load(make.write_csv(data, tmp_path / "fer2013.csv"))
    part = datasets.with_labels(whole, name)
    assert {EMOTIONS[i] for i in part.labels} == set(LABEL_SETS[name])
    np.testing.assert_array_equal(part.labels, data.labels[part.ids])
    np.testing.assert_array_equal(part.faces, data.faces[part.ids])
    places = positions(part.labels, LABEL_SETS[name])
    assert [LABEL_SETS[name][p] for p in places] == [EMOTIONS[i] for i in part.labels]


def test_a_label_outside_the_set_has_no_position():
    with pytest.raises(EmotionError, match="found disgust"):
        positions(np.array([0, 1], np.uint8), LABEL_SETS["six"])


def test_a_split_must_have_a_name_of_one(data, tmp_path):
    with pytest.raises(source.DatasetError, match="Did you mean 'PublicTest'"):
        load(make.write_csv(data, tmp_path / "fer2013.csv")).split("Publictest")
