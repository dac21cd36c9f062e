"""The gallery after Undo: a picture without its label breaks nothing, and there is always a way on."""

from io import BytesIO
from pathlib import Path

import pytest
import skimage
from collection_cases import answered_collection, card
from PIL import Image

from dashboard import cache
from fer_core import collection_edit as edit
from tests.page_runs import opened, text

ASTRONAUT = Path(skimage.__file__).parent / "data" / "astronaut.png"


def face(shift=0):
    buffer = BytesIO()
    Image.open(ASTRONAUT).convert("RGB").crop((60 + shift, 0, 380 + shift, 300)).save(buffer, "PNG")
    return buffer.getvalue()


def click(at, label):
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception, at.exception[0].message


def give(at, asked=None):
    if asked:
        at.pills[0].set_value(asked).run()
    at.file_uploader[0].set_value(("me.png", face(), "image/png")).run()
    assert not at.exception, at.exception[0].message


def work(at):
    return cache.works().get("".join(at.query_params["gallery"]))  # a list of one, or the id itself


def labels(at):
    return [one.label for one in work(at).faces]


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """No models, so that no test here loads one."""
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))


@pytest.fixture
def undone(quick):
    """The gallery whose only picture lost its label by Undo."""
    at = opened("gallery", **{"with": "file"})
    give(at)
    click(at, "Undo")
    return at


def test_each_of_several_files_that_is_refused_is_named_with_its_reason(quick):
    at = opened("gallery", **{"with": "seven"})
    files = [("a*b*_happy.png", b"no picture"), ("me_sad.png", face()), ("holiday.png", face())]
    at.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    assert not at.exception and labels(at) == ["sad"]
    assert "a\\*b\\*\\_happy\\.png: This file is not a photo" in text(at)
    assert "holiday\\.png: The name tells no expression" in text(at)


def test_of_two_files_of_one_expression_the_second_is_named(quick):
    at = opened("gallery", **{"with": "seven"})
    files = [("a_sad.png", face()), ("b_sad.png", face(1)), ("c_happy.png", b"no picture"), ("d_happy.png", face(2))]
    at.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    assert "b\\_sad\\.png: Another of these files shows sad already" in text(at)
    assert sorted(labels(at)) == ["happy", "sad"] and "d\\_happy" not in text(at)


def test_undo_says_what_became_of_the_picture_and_redo_brings_it_back(undone):
    assert labels(undone) == [None] and "**0 of 7**" in text(undone)
    assert "A picture has no label" in text(undone) and "Redo brings back" in text(undone)
    click(undone, "Redo")
    assert labels(undone) == ["angry"] and "has no label" not in text(undone)


def test_a_reload_after_undo_still_has_redo(undone):
    again = opened("gallery", gallery=undone.query_params["gallery"])
    click(again, "Redo")
    assert labels(again) == ["angry"]


def test_the_same_picture_can_be_given_again_for_another_expression(undone):
    give(undone, "happy")
    assert labels(undone) == ["happy"] and "**1 of 7**" in text(undone)
    give(undone, "sad")  # with a label it is in the gallery, once
    assert labels(undone) == ["happy"] and "in the gallery already" in text(undone)


def test_a_picture_without_a_label_can_be_removed(undone):
    click(undone, "Remove it")
    assert not work(undone).faces and "has no label" not in text(undone)
    click(undone, "Undo")
    assert labels(undone) == [None] and "has no label" in text(undone)


def test_nothing_but_undo_and_redo_is_offered_without_a_labelled_picture(undone):
    assert {"Undo", "Redo"} <= {button.label for button in undone.button}
    assert not {"Explain", "Open as a collection: results, export, save"} & {button.label for button in undone.button}


def test_a_name_is_shown_as_it_is_and_the_accuracies_say_what_they_are_of(quick, monkeypatch):
    made = edit.renamed(answered_collection(), "*Anna* $x$")
    id = cache.new_work_id()
    cache.works().put(id, edit.label(made, {made.faces[1].key: "happy"}))
    monkeypatch.setattr(cache, "cards", lambda: ([card()], []))
    monkeypatch.setattr(cache, "unable", lambda one: "")
    monkeypatch.setattr(cache, "read_by", lambda now, one: now)
    at = opened("gallery", gallery=id)
    assert "How well \\*Anna\\* \\$x\\$ is read" in [one.value for one in at.subheader]
    assert at.metric[0].value == "1 of 1"
    assert "labels that the model knows; below it, its accuracy on FER2013's PrivateTest" in text(at)


def test_only_labelled_faces_are_in_the_table(quick):
    made = answered_collection()
    id = cache.new_work_id()
    cache.works().put(id, edit.label(made, {made.faces[1].key: "happy"}))
    (table,) = [one.value for one in opened("gallery", gallery=id).dataframe if "posed" in one.value]
    assert table["posed"].tolist() == ["happy"]
