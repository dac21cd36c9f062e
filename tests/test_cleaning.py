"""What cleaning finds is what was put there, and nothing else; and the known figures of the published dataset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fer_core import duplicates
from fer_core.cleaning import INDEXES, blank, clean_index, image_ids, inspect, report_from_json
from fer_core.datasets import Dataset, content_sha256
from fer_core.fer2013_source import DatasetError
from fer_core.types import EMOTIONS
from tests import fer2013_builder as make
from tests.fer2013_builder import needs_real

pytest_plugins = ("tests.fer2013_fixtures",)

NF = 9


def dataset(faces, labels=None, splits=None, votes=None, ids=None) -> Dataset:
    n = len(faces)
    labels = np.zeros(n, np.uint8) if labels is None else np.array(labels, np.uint8)
    splits = np.zeros(n, np.uint8) if splits is None else np.array(splits, np.uint8)
    ids = np.arange(n, dtype=np.int32) if ids is None else np.array(ids, np.int32)
    return Dataset(faces, labels, splits, ids, votes, content_sha256(faces, labels, splits), "made")


@pytest.fixture
def troubled(data):
    """Ten pictures: 0 = 4 = 8 across splits, 1 = 5 with other labels, 2 ~ 6 nearly, 7 blank, 9 not a face, 3 alone."""
    faces = data.faces[:10].copy()
    faces[[4, 8]], faces[5], faces[7] = faces[0], faces[1], 128
    faces[6] = np.clip(faces[2].astype(int) + np.arange(48) % 3 - 1, 0, 255)
    votes = np.zeros((10, 10), np.uint8)
    votes[:, 0], votes[9] = 10, np.eye(10, dtype=np.uint8)[NF] * 10
    labels = [3, 0, 4, 6, 3, 1, 5, 2, 3, 6]
    splits = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2]
    return dataset(faces, labels, splits, votes, ids=np.arange(100, 110))


def test_a_report_finds_what_was_put_there(troubled):
    found = inspect(troubled, detector=lambda faces: np.arange(len(faces)) != 3)
    assert (found.images, found.distinct) == (10, 7)
    assert found.exact == ((100, 104, 108), (101, 105))
    assert found.conflicting == ((101, 105),)
    assert found.copied == {"PublicTest": (), "PrivateTest": (108,)}
    assert found.near == ((102, 106),)
    assert found.near_conflicting == ((102, 106),)
    assert found.near_copied == {"PublicTest": (106,), "PrivateTest": (108,)}
    assert (found.blank, found.not_a_face, found.no_face) == ((107,), (109,), (103,))


def test_what_nobody_looked_for_is_none(troubled):
    found = inspect(replace(troubled, votes=None), near=False)
    assert found.near is found.near_conflicting is found.near_copied is found.not_a_face is found.no_face is None
    assert "near" not in found.counts
    assert found.counts["copied PrivateTest"] == 1


def test_indexes_keep_what_they_say(troubled):
    kept = {name: clean_index(troubled, name).tolist() for name in INDEXES}
    assert kept == {"official": list(range(10)), "deduplicated": [0, 1, 2, 3, 6, 7, 9], "clean": [0, 2, 3]}
    looked = inspect(troubled, detector=lambda faces: np.arange(len(faces)) != 3)
    assert clean_index(troubled, "clean", looked).tolist() == [0, 2]


def test_the_training_copy_is_kept_wherever_it_stands(data):
    faces = np.stack([data.faces[0]] * 3)
    assert clean_index(dataset(faces, splits=[2, 1, 0]), "deduplicated").tolist() == [2]


def test_an_unknown_index_or_a_foreign_report_is_refused(troubled):
    with pytest.raises(DatasetError, match="Did you mean 'clean'"):
        clean_index(troubled, "cleaned")
    with pytest.raises(DatasetError, match="Expected a report on these 9 images"):
        clean_index(troubled.subset(np.arange(9)), "clean", inspect(troubled))


def test_a_report_without_near_copies_cannot_tell_what_is_clean(troubled):
    report = inspect(troubled, near=False)
    with pytest.raises(DatasetError, match=r"looked for near copies.*near=True, on the command line without --no-near"):
        clean_index(troubled, "clean", report)
    assert clean_index(troubled, "deduplicated", report).tolist() == [0, 1, 2, 3, 6, 7, 9]


def test_a_report_survives_json(troubled):
    found = inspect(troubled)
    assert report_from_json(found.to_json()) == found
    for text in ("", "[]", "{}", '{"counts": {}, "x": 1}'):
        with pytest.raises(DatasetError, match="data clean"):
            report_from_json(text)


def test_positions_stand_in_for_unknown_ids(data):
    assert image_ids(dataset(data.faces[:3], ids=[-1, -1, 7])).tolist() == [0, 1, 2]
    assert image_ids(dataset(data.faces[:3], ids=[9, 8, 7])).tolist() == [9, 8, 7]


def test_an_empty_dataset_has_no_trouble(data):
    found = inspect(dataset(data.faces[:0]))
    assert set(found.counts.values()) == {0}
    assert clean_index(dataset(data.faces[:0]), "clean").tolist() == []


def test_blank_means_one_value():
    faces = np.zeros((3, 48, 48), np.uint8)
    faces[1], faces[2, 47, 47] = 200, 1
    assert blank(faces).tolist() == [True, True, False]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=30))
def test_exact_groups_are_those_of_the_pictures(which):
    faces = make.sample(seed=2).faces[:9][which]
    groups = duplicates.exact_groups(faces)
    assert all((groups[i] == groups[j]) == (which[i] == which[j]) for i in range(len(which)) for j in range(i))


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(10)), st.lists(st.integers(0, 2), min_size=10, max_size=10))
def test_deduplicated_leaves_each_picture_once_whatever_the_order(order, splits):
    which = np.array([0, 0, 0, 1, 1, 2, 3, 4, 5, 5])[list(order)]
    whole = dataset(make.sample(seed=2).faces[:6][which], splits=splits)
    kept = clean_index(whole, "deduplicated")
    assert sorted(which[kept]) == [0, 1, 2, 3, 4, 5]
    for place in kept:
        assert splits[place] == min(s for s, w in zip(splits, which, strict=True) if w == which[place])


def test_near_copies_are_found_in_light_crop_and_noise_but_no_strangers(data):
    random = np.random.default_rng(0)
    base = data.faces[:12].astype(float)
    noisy = np.clip(base + random.normal(0, 4, base.shape), 0, 255).astype(np.uint8)
    darker = (base * 0.8).astype(np.uint8)
    pairs = duplicates.near_pairs(np.concatenate([data.faces[:12], noisy, darker]))
    assert {(i % 12, j % 12) for i, j in pairs.tolist()} == {(i, i) for i in range(12)}
    assert len(pairs) == 12 * 3
    assert len(np.unique(duplicates.near_groups(np.concatenate([data.faces[:12], noisy, darker])))) == 12


def test_correlation_is_pearsons_and_zero_for_blanks(data):
    faces = np.concatenate([data.faces[:2], 255 - data.faces[:1], np.zeros((1, 48, 48), np.uint8)])
    found = duplicates.correlations(faces, np.array([[0, 0], [0, 1], [0, 2], [0, 3]]))
    assert found == pytest.approx([1, np.corrcoef(faces[0].ravel(), faces[1].ravel())[0, 1], -1, 0])


def test_many_pairs_are_correlated_a_few_at_a_time(data, monkeypatch):
    pairs = np.array([(i, j) for i in range(9) for j in range(i, 9)])
    sizes, one_go = [], duplicates._correlations
    whole = one_go(data.faces, pairs)

    def heard(faces, some):
        sizes.append(len(some))
        return one_go(faces, some)

    monkeypatch.setattr(duplicates, "PAIRS", 7)
    monkeypatch.setattr(duplicates, "_correlations", heard)
    np.testing.assert_array_equal(duplicates.correlations(data.faces, pairs), whole)
    assert max(sizes) == 7 and sum(sizes) == len(pairs)


# The published dataset


@needs_real
def test_the_known_figures_of_the_published_dataset(real):
    found = inspect(real, near=False)
    assert (found.images, found.distinct, len(found.exact), len(found.conflicting)) == (35_887, 34_034, 1_516, 57)
    assert {split: len(ids) for split, ids in found.copied.items()} == {"PublicTest": 280, "PrivateTest": 288}
    assert len(found.blank) == 12
    kept = real.subset(clean_index(real, "deduplicated"))
    assert kept.counts == {"Training": 27_473, "PublicTest": 3_293, "PrivateTest": 3_268}


@needs_real
def test_fer_plus_finds_176_images_without_a_face(real):
    if real.votes is None:
        pytest.skip("fer2013new.csv of FER+ does not lie beside FER2013_PATH")
    found = inspect(real, near=False).not_a_face
    assert found is not None and len(found) == 176
    assert set(inspect(real, near=False).blank) <= set(found) | {5274}


@needs_real
def test_near_copies_among_the_published_disgust_share_their_label_mostly(real):
    part = real.subset(np.flatnonzero(np.isin(real.labels, [EMOTIONS.index("disgust"), EMOTIONS.index("angry")])))
    groups = duplicates.near_groups(part.faces)
    exact = duplicates.exact_groups(part.faces)
    assert len(np.unique(groups)) < len(np.unique(exact))
    pairs = duplicates.near_pairs(part.faces)
    assert (part.labels[pairs[:, 0]] == part.labels[pairs[:, 1]]).mean() > 0.8
