"""Images find their row of fer2013.csv by their pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from fer_core import fer2013_source as source
from fer_core.datasets import load
from fer_core.fer2013_rows import (
    identify,
    load_row_index,
    pixel_hashes,
    row_index,
    save_row_index,
    signatures,
    split_of,
)
from tests import fer2013_builder as make
from tests.fer2013_builder import needs_real

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 12))
def test_images_find_their_rows_in_any_order_and_no_row_twice(random, copies):
    data = make.sample(seed=1)
    faces = data.faces.copy()
    for _ in range(copies):
        faces[random.randrange(len(faces))] = faces[random.randrange(len(faces))]
    index = row_index(faces, data.labels)
    order = np.array(random.sample(range(len(faces)), k=random.randint(1, len(faces))))
    given_up = np.full(len(order), -1, np.int32)
    shuffled = source.Source(faces[order], data.labels[order], data.splits[order], given_up, "x")
    rows = identify(shuffled, index).rows
    assert (rows >= 0).all()
    assert len(set(rows.tolist())) == len(rows)
    np.testing.assert_array_equal(index.hashes[rows], index.hashes[order])


def test_copies_go_to_the_row_with_their_label_and_split():
    data = make.sample(seed=1)
    faces = data.faces.copy()
    faces[:4] = faces[0]
    labels = np.array([0, 1, 2, 3, *data.labels[4:]], np.uint8)
    index = row_index(faces, labels)
    order = np.array([2, 0, 3, 1])
    rows = np.full(4, -1, np.int32)
    found = identify(source.Source(faces[order], labels[order], data.splits[order], rows, "x"), index).rows
    assert found.tolist() == order.tolist()


def test_a_picture_given_twice_has_one_row_once():
    data = make.sample(seed=1)
    twice = np.array([5, 5])
    rows = np.full(2, -1, np.int32)
    given_twice = source.Source(data.faces[twice], data.labels[twice], data.splits[twice], rows, "x")
    assert sorted(identify(given_twice, row_index(data.faces, data.labels)).rows) == [-1, 5]


def test_a_blank_picture_does_not_make_a_dataset_fer2013(tmp_path):
    data = make.sample(seed=3)
    faces = data.faces.copy()
    faces[2], faces[5], faces[6] = 0, 130, np.arange(48) % 4
    blanks = make.Sample(faces, data.labels, data.splits, data.votes)
    make.assert_is(load(make.write_csv(blanks, tmp_path / "fer2013.csv")), blanks)


@pytest.mark.parametrize(("near", "known"), [(1, False), (4, True)])
def test_a_few_pictures_that_look_like_rows_do_not_make_a_dataset_fer2013(near, known):
    fer2013, foreign = make.sample(seed=1), make.sample(seed=5, per_class=(5, 2, 3))
    faces = foreign.faces.copy()
    faces[-near:] = [_jpeg(face) for face in fer2013.faces[:near]]
    claimed = np.arange(len(faces), dtype=np.int32)
    given = source.Source(faces, foreign.labels, foreign.splits, claimed, "x")
    found = identify(given, row_index(fer2013.faces, fer2013.labels))
    assert (found is not given) is known
    assert (found.rows >= 0).sum() == (near if known else len(faces))


def test_one_exact_copy_makes_a_dataset_fer2013():
    fer2013, foreign = make.sample(seed=1), make.sample(seed=5, per_class=(5, 2, 3))
    faces = foreign.faces.copy()
    faces[3] = fer2013.faces[7]
    given = source.Source(faces, foreign.labels, foreign.splits, np.arange(len(faces), dtype=np.int32), "x")
    rows = identify(given, row_index(fer2013.faces, fer2013.labels)).rows
    assert rows[3] == 7 and (np.delete(rows, 3) == -1).all()


def test_the_shipped_index_is_of_all_rows_and_holds_no_picture(tmp_path):
    index = load_row_index()
    assert index.hashes.shape == (35_887,)
    assert len(np.unique(index.hashes)) == 34_034
    assert index.signatures.shape == (35_887, 16)
    assert np.bincount(index.labels).tolist() == [4953, 547, 5121, 8989, 6077, 4002, 6198]
    save_row_index(index, tmp_path / "again.npz")
    np.testing.assert_array_equal(load_row_index(tmp_path / "again.npz").signatures, index.signatures)
    assert np.bincount(split_of(np.arange(35_887))).tolist() == [28_709, 3_589, 3_589]


@needs_real
def test_the_shipped_index_is_made_from_the_published_dataset(real):
    index = load_row_index()
    np.testing.assert_array_equal(index.hashes, pixel_hashes(real.faces))
    # One step of rounding apart at most: another machine may add in another order.
    assert np.abs(index.signatures.astype(int) - signatures(real.faces)).max() <= 1
    np.testing.assert_array_equal(index.labels, real.labels)


@needs_real
def test_jpegs_of_published_images_find_their_rows(real):
    chosen = np.random.default_rng(0).choice(len(real), 300, replace=False)
    lossy = np.stack([_jpeg(face) for face in real.faces[chosen]])
    rows = np.full(300, -1, np.int32)
    found = identify(source.Source(lossy, real.labels[chosen], real.splits[chosen], rows, "x"), load_row_index()).rows
    hashes = load_row_index().hashes
    assert (hashes[found] == hashes[chosen]).mean() > 0.99


def _jpeg(face: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "JPEG", quality=75)
    return np.asarray(Image.open(buffer))
