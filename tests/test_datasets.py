"""FER2013 in every form gives the same images, and says what it is."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from PIL import Image

from fer_core import datasets
from fer_core.datasets import OFFICIAL_SHA256, DatasetMissing, load
from fer_core.fer2013_source import PixelError
from fer_core.fer2013_tables import face_from_text
from tests import fer2013_builder as make
from tests.fer2013_builder import needs_real

pytest_plugins = ("tests.fer2013_fixtures",)
pytestmark = pytest.mark.usefixtures("own_places")


FORMS = {
    "fer2013.csv": lambda d, to: make.write_csv(d, to / "fer2013.csv"),
    "csv by another name": lambda d, to: make.write_csv(d, to / "faces.data"),
    "icml_face_data.csv": lambda d, to: make.write_icml(d, to / "icml_face_data.csv"),
    "folder with a csv": lambda d, to: make.write_csv(d, to / "fer2013.csv").parent,
    "msambare tree": lambda d, to: make.write_msambare(d, to / "tree"),
    "zipped csv": make.zipped_csv,
    "zipped tree": lambda d, to: make.zipped(make.write_msambare(d, to / "tree"), to / "a.zip"),
    "tar.gz": lambda d, to: make.tarred(make.write_csv(d, to / "fer2013.csv"), to / "fer2013.tar.gz"),
    "parquet text": lambda d, to: make.write_parquet(d, to / "f.parquet", "text"),
    "parquet list": lambda d, to: make.write_parquet(d, to / "f.parquet", "list"),
    "parquet raw": lambda d, to: make.write_parquet(d, to / "f.parquet", "raw"),
    "parquet pictures": lambda d, to: make.write_parquet(d, to / "f.parquet", "picture"),
}

UNORDERED = {
    "ananthu017 tree": lambda d, to: make.write_ananthu(d, to / "tree"),
    "msambare tree, Kaggle's numbers": lambda d, to: make.write_msambare(d, to / "tree", rows=False),
    "msambare tree, JPEG": lambda d, to: make.write_msambare(d, to / "tree", rows=False, suffix="jpg"),
    "zipped ananthu017": lambda d, to: make.zipped(make.write_ananthu(d, to / "tree"), to / "a.zip"),
    "Hugging Face": lambda d, to: make.write_hugging_face(d, to / "hf"),
    "the challenge's two files": lambda d, to: make.write_challenge(d, to / "challenge"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_images(form, data, tmp_path):
    make.assert_is(load(FORMS[form](data, tmp_path)), data)


@pytest.mark.parametrize("form", UNORDERED)
def test_forms_without_rows_are_put_in_order_by_their_pixels(form, data, tmp_path, known):
    found = load(UNORDERED[form](data, tmp_path))
    if "JPEG" in form:
        assert np.abs(found.faces.astype(int) - data.faces).mean() < 8
        assert any("JPEG" in note for note in found.notes)
        found = replace(found, faces=data.faces)
    make.assert_is(found, data)


def test_a_tree_of_unknown_images_keeps_its_halves_unknown(data, tmp_path):
    found = load(make.write_ananthu(data, tmp_path / "tree"))
    assert found.counts == {"Training": 21, "PublicTest": 0, "PrivateTest": 0, "Test": 21}
    assert len(found.split("Test")) == 21
    assert (found.ids == -1).all()
    assert any("compare with neither" in note for note in found.notes)
    by_pixels = {face.tobytes(): label for face, label in zip(data.faces, data.labels, strict=True)}
    assert all(by_pixels[f.tobytes()] == label for f, label in zip(found.faces, found.labels, strict=True))


def test_kaggles_numbers_are_no_rows_but_tell_the_split(data, tmp_path):
    found = load(make.write_msambare(data, tmp_path / "tree", rows=False))
    assert found.counts == {"Training": 21, "PublicTest": 7, "PrivateTest": 14}
    assert (found.ids == -1).all()


def test_validation_beside_test_is_taken_for_public_and_private(data, tmp_path):
    found = load(make.write_ananthu(data, tmp_path / "tree", ("train", "validation", "test")))
    assert found.counts == {"Training": 21, "PublicTest": 7, "PrivateTest": 14}
    assert any("usual meaning" in note for note in found.notes)


def test_pictures_are_taken_in_the_order_a_person_counts(data, tmp_path):
    place = make.write_ananthu(data, tmp_path / "tree")
    for number in (2, 10):
        Image.fromarray(np.full((48, 48), number, np.uint8)).save(place / "train" / "happy" / f"zz{number}.png")
    found = load(place)
    flat = [int(f[0, 0]) for f in found.faces if (f == f[0, 0]).all()]
    assert flat == [2, 10]


def test_train_csv_is_read_with_the_test_csv_beside_it(data, tmp_path, known):
    found = load(make.write_challenge(data, tmp_path / "challenge") / "train.csv")
    make.assert_is(found, data)
    assert found.form == "train.csv+test.csv"


def test_a_test_csv_that_comes_later_is_read_too(data, tmp_path, known):
    folder = make.write_challenge(data, tmp_path / "challenge")
    (folder / "test.csv").rename(tmp_path / "elsewhere.csv")
    assert len(load(folder / "train.csv")) == 21
    (tmp_path / "elsewhere.csv").rename(folder / "test.csv")
    assert len(load(folder / "train.csv")) == 42


def test_a_test_csv_of_something_else_is_left_alone(data, tmp_path):
    folder = make.write_challenge(data, tmp_path / "challenge")
    for other in ("id,age\n1,2\n", (folder / "train.csv").read_text()):
        (folder / "test.csv").write_text(other)
        assert load(folder / "train.csv").form == "train.csv"


def test_train_csv_alone_has_the_training_images(data, tmp_path):
    folder = make.write_challenge(data, tmp_path / "challenge")
    (folder / "test.csv").unlink()
    found = load(folder / "train.csv")
    assert found.counts == {"Training": 21, "PublicTest": 0, "PrivateTest": 0}
    assert found.form == "train.csv"


def test_test_csv_without_labels_is_left_out_of_the_folder_with_a_note(data, tmp_path):
    found = load(make.write_challenge(data, tmp_path / "challenge"))
    assert len(found) == 21
    assert any("21 images without a label were left out" in note for note in found.notes)


def test_colour_and_size_of_pictures_are_made_good_with_a_note(data, tmp_path):
    place = make.write_msambare(data, tmp_path / "tree")
    picture = next(place.rglob("*.png"))
    Image.open(picture).convert("RGB").resize((96, 96)).save(picture)
    found = load(place)
    assert found.faces.shape == (len(data.labels), 48, 48)
    assert any("1 pictures were not 48 x 48" in note for note in found.notes)


def test_the_fullest_file_in_a_folder_wins(data, tmp_path):
    make.write_challenge(data, tmp_path / "all")
    make.write_icml(data, tmp_path / "all" / "icml_face_data.csv")
    (tmp_path / "all" / "example_submission.csv").write_text("id,emotion\n1,0\n")
    (tmp_path / "all" / "readme.txt").write_text("")
    assert load(tmp_path / "all").form == "icml_face_data.csv"


def test_a_table_that_only_lists_the_pictures_does_not_hide_them(data, tmp_path):
    place = make.write_msambare(data, tmp_path / "tree")
    (place / "labels.csv").write_text("image,label\ntrain/happy/Training_00000001.png,happy\n")
    make.assert_is(load(place), data)
    with pytest.raises(PixelError, match=r"labels\.csv, row 0: expected 2,304 whole numbers.*found 'train/happy"):
        load(place / "labels.csv")
    # pixels that begin beyond what is looked at first are taken on trust
    (place / "labels.csv").write_text(f"path,label,image\n{'x' * 9000},happy,none\n")
    with pytest.raises(PixelError, match="found 'none'"):
        load(place)


def test_a_saved_dataset_is_loaded_as_it_was(data, tmp_path):
    before = load(make.write_csv(data, tmp_path / "fer2013.csv"))
    datasets.save(before, tmp_path / "mine.npz")
    after = load(tmp_path / "mine.npz")
    make.assert_is(after, data)
    assert (after.sha256, after.form, after.notes) == (before.sha256, before.form, before.notes)


@settings(max_examples=15, deadline=None)
@given(arrays(np.uint8, (48, 48)))
def test_pixels_written_as_text_come_back(face):
    text = " ".join(map(str, face.ravel()))
    np.testing.assert_array_equal(face_from_text(text, "here"), face)


def test_each_system_is_told_how_its_shell_names_the_place(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert datasets.naming(r"C:\Users\Ada L\fer2013.csv") == r'$env:FER2013_PATH = "C:\Users\Ada L\fer2013.csv"'
    monkeypatch.setattr(sys, "platform", "darwin")
    assert datasets.naming("/Users/ada/my data") == "export FER2013_PATH='/Users/ada/my data'"


def test_without_a_path_the_message_says_what_to_download_and_where_to_put_it():
    with pytest.raises(DatasetMissing, match=r"(?s)FER2013_PATH.*301 MB.*f8428a1edbd2.*export FER2013_PATH=.*FERPlus"):
        load()


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(DatasetMissing, match=r"(?s)nowhere\.csv does not exist.*kaggle"):
        load(tmp_path / "nowhere.csv")


def test_the_environment_names_the_path(data, tmp_path, monkeypatch):
    monkeypatch.setenv("FER2013_PATH", str(make.write_csv(data, tmp_path / "fer2013.csv")))
    make.assert_is(load(), data)


def test_another_number_of_images_is_a_note(data, tmp_path):
    notes = load(make.write_csv(data, tmp_path / "fer2013.csv")).notes
    assert "Training has 21 images; the published FER2013 has 28,709." in notes


def test_a_check_takes_data_that_lack_an_emotion(data, tmp_path):
    kept = np.flatnonzero(data.labels > 1)
    part = make.Sample(data.faces[kept], data.labels[kept], data.splits[kept], data.votes[kept])
    found = datasets.check(make.write_csv(part, tmp_path / "fer2013.csv"))
    assert any(note.startswith("No image is of angry, disgust:") for note in found.dataset.notes)


def test_a_check_knows_the_published_files_by_their_md5(data, tmp_path):
    found = datasets.check(make.write_csv(data, tmp_path / "fer2013.csv"))
    assert re.fullmatch("[0-9a-f]{32}", found.md5 or "")
    assert found.published_as is None
    assert not found.identical
    assert datasets.check(make.write_msambare(data, tmp_path / "tree")).md5 is None


@needs_real
def test_the_published_dataset_is_recognised(real):
    assert real.sha256 == OFFICIAL_SHA256
    assert real.counts == {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
    np.testing.assert_array_equal(real.ids, np.arange(35_887))
