"""Drawn splits keep copies together, their shares, and their seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fer_core import datasets, fer2013_source as source
from fer_core.datasets import load
from fer_core.duplicates import exact_groups
from fer_core.splits import SCHEMES, copies, in_training, resplit
from tests import fer2013_builder as make
from tests.fer2013_builder import needs_real
from trainers.run import data_card

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([name for name, shares in SCHEMES.items() if shares]),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 40), min_size=60, max_size=60),
    st.lists(st.integers(0, 6), min_size=60, max_size=60),
)
def test_groups_stay_whole_and_shares_are_kept(scheme, seed, groups, labels):
    numbers, y = np.array(groups), np.array(labels, np.uint8)
    whole = _dataset(np.zeros((60, 48, 48), np.uint8), y)
    parts = resplit(whole, scheme, seed, numbers)
    assert all(len(set(parts.splits[numbers == g].tolist())) == 1 for g in set(groups))
    np.testing.assert_array_equal(parts.splits, resplit(whole, scheme, seed, numbers).splits)
    first = {g: y[groups.index(g)] for g in groups}
    for label in range(7):
        mine = np.array([first[g] == label for g in groups])
        largest = max((groups.count(g) for g in first if first[g] == label), default=0)
        shares = np.array(SCHEMES[scheme]) * mine.sum()
        assert np.abs(np.bincount(parts.splits[mine], minlength=3) - shares).max(initial=0) <= largest


def test_another_seed_gives_another_split_and_says_so(data, tmp_path):
    whole = load(make.write_csv(data, tmp_path / "fer2013.csv"))
    one, two = resplit(whole, "70/20/10", 1), resplit(whole, "70/20/10", 2)
    assert one.sha256 != two.sha256 != whole.sha256
    assert "seed 1" in one.notes[-1]
    assert resplit(whole, "official") is whole
    with pytest.raises(source.DatasetError, match="Known: official, 80/10/10, 70/20/10, grouped"):
        resplit(whole, "90/10")
    with pytest.raises(source.DatasetError, match="one group number for each"):
        resplit(whole, "80/10/10", groups=np.zeros(3))


def test_the_form_and_notes_say_how_it_was_split_and_no_longer_that_it_is_published(data, tmp_path, monkeypatch):
    whole = load(make.write_csv(data, tmp_path / "fer2013.csv"))
    monkeypatch.setattr("fer_core.dataset_notes.OFFICIAL_SHA256", whole.sha256)
    whole = load(tmp_path / "fer2013.csv")
    assert "exactly those of the published" in whole.notes[0] and not source.drawn_anew(whole.form)
    datasets.save(resplit(resplit(whole, "80/10/10"), "70/20/10", 3), tmp_path / "mine.npz")
    found = load(tmp_path / "mine.npz")
    assert found.form == "fer2013.csv, split anew 70/20/10, seed 3" and source.drawn_anew(found.form)
    assert [note for note in found.notes if "published" in note] == [
        "Split anew 70/20/10 with seed 3, copies kept together: figures compare with no published ones."
    ]
    assert data_card(found).name == "FER2013 (fer2013.csv, split anew 70/20/10, seed 3)"
    with pytest.raises(source.DatasetError, match=r"published splits, found .*split anew 70/20/10.*Give fer2013\.csv"):
        resplit(found, "official")


def test_votes_follow_their_images_into_another_split(data, tmp_path):
    make.write_votes(data, tmp_path / "fer2013new.csv")
    whole = load(make.write_csv(data, tmp_path / "fer2013.csv"))
    datasets.save(resplit(whole, "80/10/10"), tmp_path / "mine.npz")
    np.testing.assert_array_equal(load(tmp_path / "mine.npz").votes, whole.votes)


def test_grouped_keeps_near_copies_on_one_side_and_copies_in_training_are_counted(data):
    lighter = np.clip(data.faces[:20].astype(int) + 9, 0, 255).astype(np.uint8)
    whole = _dataset(np.concatenate([data.faces[:20], lighter, data.faces[:20]]), np.zeros(60, np.uint8))
    parts = resplit(whole, "grouped", 1)
    for first in range(20):
        assert len({*parts.splits[[first, first + 20, first + 40]].tolist()}) == 1
    near, exact = copies(whole.faces, "grouped"), copies(whole.faces, "80/10/10")
    assert set(in_training(parts, near).values()) == {0}
    whole.splits[20:] = np.repeat([1, 2], 20)
    assert in_training(whole, exact) == {"PublicTest": 0, "PrivateTest": 20}
    assert in_training(whole, near) == {"PublicTest": 20, "PrivateTest": 20}


def test_exact_copies_stay_on_one_side_without_being_asked():
    faces = np.repeat(make.sample().faces[:20], 5, axis=0)
    parts = resplit(_dataset(faces, np.zeros(100, np.uint8)), "80/10/10", 4)
    for group in np.arange(100).reshape(20, 5):
        assert len(set(parts.splits[group].tolist())) == 1


def _dataset(faces: np.ndarray, labels: np.ndarray) -> datasets.Dataset:
    zeros = np.zeros(len(labels), np.uint8)
    return datasets.Dataset(faces, labels, zeros, np.arange(len(labels), dtype=np.int32), None, "0" * 64, "made")


@needs_real
def test_resplitting_the_published_dataset_keeps_copies_together(real):
    groups = exact_groups(real.faces)
    parts = resplit(real, "80/10/10", groups=groups)
    sides = np.zeros((groups.max() + 1, 3), bool)
    sides[groups, parts.splits] = True
    assert (sides.sum(axis=1) == 1).all()
    for label in range(7):
        share = np.bincount(parts.splits[real.labels == label], minlength=3) / (real.labels == label).sum()
        np.testing.assert_allclose(share, (0.8, 0.1, 0.1), atol=0.01)
