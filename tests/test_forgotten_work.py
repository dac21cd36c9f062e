"""A page left open until its work was forgotten: the next click says so, and changes nothing else in its place."""

import pytest
from collection_cases import collection

from dashboard import cache
from fer_core import collection_edit as edit
from tests.page_runs import opened, text


@pytest.fixture
def left_open(tmp_path, monkeypatch):
    """How to open a page on a work that is forgotten then; without models, so that none is loaded."""
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))

    def left_open(page, key="work", **query):
        made = collection()
        id = cache.new_work_id()
        cache.works().put(id, edit.label_photo(made, made.photos[0].sha256, "sad"))
        at = opened(page, **{key: id}, **query)
        del cache.works()._kept[id]
        return at

    return left_open


def _told(at, key="work"):
    assert not at.exception, at.exception[0].message
    assert "no longer in memory" in text(at) and "undo brings them back" not in text(at)
    assert key not in at.query_params  # the example took nobody's place


@pytest.mark.parametrize(("page", "box"), [("collection", "2.1"), ("photos", "Everyone here poses")])
def test_a_label_for_faces_that_are_forgotten(left_open, page, box):
    at = left_open(page)
    next(one for one in at.selectbox if one.label == box).set_value("happy").run()
    _told(at)


def test_a_name_for_a_collection_that_is_forgotten_is_not_given_to_the_example(left_open):
    at = left_open("collection")
    at.text_input[0].set_value("Class of 2026").run()
    _told(at)


def test_labels_by_name_are_not_said_to_have_failed_for_the_names(left_open):
    at = left_open("collection")
    next(button for button in at.button if button.label == "From file and folder names").click().run()
    _told(at)
    assert not at.toast


def test_photos_are_added_all_the_same(left_open):
    at = left_open("photos")
    at.file_uploader[0].set_value(("a.png", b"no picture", "image/png")).run()
    assert not at.exception and "no longer in memory" in text(at)
    said = at.query_params["work"]
    made = cache.works().get(said if isinstance(said, str) else said[0])
    assert made is not None and [row.file for row in made.ledger] == ["a.png"]


def test_undo_in_a_gallery_that_is_forgotten(left_open):
    at = left_open("gallery", "gallery")
    next(button for button in at.button if button.label == "Undo").click().run()
    _told(at, "gallery")
