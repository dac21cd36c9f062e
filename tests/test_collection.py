"""Corrections are a log: each can be undone and done again, and none damages what was found."""

import hypothesis.strategies as st
import pytest
from collection_cases import BOXES, collection, picture, reads, snapshot
from hypothesis import given, settings

from fer_core import collection_add, collection_edit as edit
from fer_core.collection import CollectionError
from fer_core.collection_add import search_again
from fer_core.detection import CropRule, DetectionOptions
from fer_core.labels import EmotionError
from fer_core.types import EMOTIONS

START = collection()
FIRST, SECOND = (photo.sha256 for photo in START.photos)


def test_faces_are_numbered_in_reading_order_from_one_in_each_photo():
    assert [(f.found.photo, f.number) for f in START.faces] == [(p, n) for p in (FIRST, SECOND) for n in (1, 2, 3)]
    assert [f.face.box for f in START.faces_of(FIRST)] == list(BOXES)


def test_a_deleted_face_is_gone_and_the_others_are_numbered_anew():
    keys = [f.key for f in START.faces_of(FIRST)]
    less = edit.delete(START, keys[:1])
    assert [(f.key, f.number) for f in less.faces_of(FIRST)] == [(keys[1], 1), (keys[2], 2)]
    assert len(START.faces) == 6  # the one before is as it was
    with pytest.raises(CollectionError, match="undo brings them back"):
        edit.delete(less, keys[:1])


def test_a_drawn_face_is_cut_by_the_collections_rule():
    drawn = edit.draw(START, FIRST, (100.0, 110.0, 60.0, 70.0))  # corners in any order
    (new,) = [f for f in drawn.faces if f.found.origin == "drawn"]
    assert new.face.box == (60.0, 70.0, 100.0, 110.0)
    assert new.key not in {f.key for f in START.faces}
    assert new.face.crop.shape[0] == new.face.crop.shape[1] > 20
    again = edit.draw(drawn.undo(), FIRST, (60, 70, 100, 110))
    assert again.faces[-4].key != new.key  # no two faces ever share a name


@pytest.mark.parametrize("box", [(0, 0, 5, 60), (300, 0, 400, 60), (float("nan"), 0, 60, 60), (0, 0, float("inf"), 9)])
def test_a_useless_box_is_refused(box):
    with pytest.raises(CollectionError, match=r"box|finite"):
        edit.draw(START, FIRST, box)


def test_doubles_are_found_and_merged_into_the_surer_one_with_the_label_of_either():
    double = collection(("a.png",), (*BOXES, (12.0, 14.0, 52.0, 62.0)))
    photo = double.photos[0].sha256
    ((a, b),) = edit.doubles(double, photo)
    labelled = edit.label(double, {a: "Fearful"})
    merged = edit.merge(labelled, [a, b])
    assert len(merged.faces) == 3 and edit.doubles(merged, photo) == []
    assert merged.face(b).label == "fear"  # b is surer; a was labelled
    assert snapshot(merged.undo()) == snapshot(labelled)


def test_only_boxes_of_one_photo_can_be_merged():
    keys = [START.faces_of(photo)[0].key for photo in (FIRST, SECOND)]
    for wrong in (keys, keys[:1], keys[:1] * 2):
        with pytest.raises(CollectionError, match="at least two boxes in one photo"):
            edit.merge(START, wrong)
    with pytest.raises(CollectionError, match="No face is chosen"):
        edit.delete(START, [])


def test_a_photos_label_is_everyones_there_until_a_face_says_otherwise():
    all_angry = edit.label_photo(START, FIRST, "anger")
    one = all_angry.faces[1].key
    but_one = edit.label(all_angry, {one: "sad"})
    assert [f.label for f in but_one.faces] == ["angry", "sad", "angry", None, None, None]
    drawn = edit.draw(but_one, FIRST, (60, 70, 100, 110))
    assert [f.label for f in drawn.faces_of(FIRST) if f.found.origin == "drawn"] == ["angry"]
    assert {f.label for f in edit.label_photo(drawn, FIRST, "happy").faces_of(FIRST)} == {"happy"}
    assert {f.label for f in edit.label_photo(drawn, FIRST, None).faces_of(FIRST)} == {None}
    assert edit.label(all_angry, {one: None}).face(one).label is None
    with pytest.raises(EmotionError, match="Did you mean 'happy'"):
        edit.label_photo(START, FIRST, "hapy")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anna_happy_02.jpg", "happy"), ("HappyAnna.JPG", "happy"), ("class/Disgusted/7.png", "disgust"),
        ("fearful.heic", "fear"), ("surprise-3.webp", "surprise"), ("zip.zip/sadness/x.png", "sad"),
        ("happy/sad 1.jpg", "sad"), ("happy_or_sad.jpg", None), ("unhappy.jpg", None), ("3.png", None),
        ("3/IMG_0001.jpg", None), ("ANGRY.png", "angry"), ("C:\\photos\\Afraid\\a.jpg", "fear"), ("", None),
        ("Sadık Yılmaz_3.jpg", None), ("photos/Sadıkoğlu/1.jpg", None), ("Sadık_happy.jpg", "happy"),
    ],
)  # fmt: skip
def test_labels_in_names(name, said):
    assert edit.label_from_name(name) == said


def test_labels_from_names_are_one_edit():
    made = collection(("happy/a.png", "b_sad.png", "c.png"))
    named, photos, _ = edit.label_by_names(made)
    assert photos == 2 and [f.label for f in named.faces] == ["happy"] * 3 + ["sad"] * 3 + [None] * 3
    assert snapshot(named.undo()) == snapshot(made)
    assert edit.label_by_names(collection(("c.png",)))[1] == 0


def test_labels_from_names_leave_those_that_somebody_gave():
    made = collection(("happy/a.png", "b_sad.png"))
    by_hand = edit.label(made, {made.faces[1].key: "fear"})
    named, photos, kept = edit.label_by_names(by_hand)
    assert [f.label for f in named.faces] == [None, "fear", None, "sad", "sad", "sad"]
    assert (photos, kept) == (1, 1)
    again, *counts = edit.label_by_names(named)
    assert again is named and counts == [0, 2]


def test_a_removed_photo_comes_back_by_undo():
    less = edit.remove_photo(START, FIRST)
    assert [p.sha256 for p in less.shown] == [SECOND] and len(less.faces) == 3
    assert snapshot(less.undo()) == snapshot(START)
    with pytest.raises(CollectionError, match="not in the collection"):
        edit.label_photo(less, FIRST, "happy")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_undo_and_redo_bring_back_every_state(data):
    states, now = [snapshot(START)], START
    for _ in range(data.draw(st.integers(1, 8))):
        now = _some_edit(now, data)
        states.append(snapshot(now))
    back = now
    for before in reversed(states[:-1]):
        back = back.undo()
        assert snapshot(back) == before
    assert back.undo() is back
    for after in states[1:]:
        back = back.redo()
        assert snapshot(back) == after
    assert back.redo() is back
    assert not edit.label_photo(now.undo(), SECOND, "sad").undone  # a new edit ends redoing


def _some_edit(now, data):
    kind = data.draw(st.sampled_from(["delete", "draw", "merge", "label", "photo"]))
    keys = [f.key for f in now.faces]
    there = [f.key for f in now.faces_of(FIRST)]
    if kind == "delete" and len(keys) > 2:
        return edit.delete(now, [data.draw(st.sampled_from(keys))])
    if kind == "merge" and len(there) > 1:
        return edit.merge(now, data.draw(st.lists(st.sampled_from(there), min_size=2, max_size=3, unique=True)))
    if kind == "label" and keys:
        return edit.label(now, {data.draw(st.sampled_from(keys)): data.draw(st.sampled_from([*EMOTIONS, None]))})
    if kind == "photo":
        return edit.label_photo(now, FIRST, data.draw(st.sampled_from(EMOTIONS)))
    x, y = data.draw(st.integers(0, 150)), data.draw(st.integers(0, 70))
    return edit.draw(now, FIRST, (x, y, x + 30, y + 40))


def test_searching_again_keeps_every_correction():
    keys = [f.key for f in START.faces_of(FIRST)]
    worked = edit.label(edit.delete(START, keys[:1]), {keys[1]: "sad"})
    worked = edit.draw(worked, FIRST, (60, 70, 100, 110))
    drawn = next(f for f in worked.faces if f.found.origin == "drawn")
    moved = tuple((x1 + 2, y1 + 1, x2 + 3, y2) for x1, y1, x2, y2 in BOXES[:2])  # one is not found any more
    tight = DetectionOptions(crop=CropRule(1.5, "tight"))
    again = search_again(worked, tight, reads((*moved, (30.0, 70.0, 55.0, 100.0))))
    assert again.options == tight
    found = {f.key: f for f in again.faces_of(FIRST)}
    assert keys[0] not in found and keys[2] not in found  # deleted; not found
    assert found[keys[1]].label == "sad" and found[keys[1]].face.box == moved[1]
    assert found[drawn.key].face.crop.shape != drawn.face.crop.shape  # cut by the new rule
    assert len(found) == 3 and len(again.undo().undo().undo().faces_of(FIRST)) == 3
    back = search_again(again, START.options, reads())
    assert snapshot(back) == snapshot(worked)  # the face found again has its name again


def test_a_merged_face_stays_when_a_later_search_finds_but_one_of_its_boxes():
    double = collection(("a.png",), ((10.0, 12.0, 50.0, 60.0), (14.0, 14.0, 54.0, 62.0)))
    first, second = (f.key for f in double.faces)
    merged = edit.merge(edit.label(double, {first: "happy"}), [first, second])
    assert [f.key for f in merged.faces] == [second], "the surer one"
    again = search_again(merged, START.options, reads(((10.0, 12.0, 50.0, 60.0),)))
    assert [(f.key, f.label) for f in again.faces] == [(first, "happy")]
    back = search_again(again, START.options, reads((BOXES[0], (14.0, 14.0, 54.0, 62.0))))
    assert [(f.key, f.label) for f in back.faces] == [(second, "happy")]


def test_a_search_of_photos_that_were_not_kept_is_refused(monkeypatch):
    monkeypatch.setattr(collection_add, "KEEP_ORIGINALS", len(picture(0)) + 10)
    half = collection()
    with pytest.raises(CollectionError, match=r"1 of 2 photos were not kept.*new collection"):
        search_again(half, DetectionOptions(confidence=0.5), reads())


def test_more_than_fits_is_refused_when_drawn_or_searched_for(monkeypatch):
    monkeypatch.setattr(edit, "MAX_FACES", 6)
    with pytest.raises(CollectionError, match="7 faces"):
        edit.draw(START, FIRST, (60, 70, 100, 110))
    with pytest.raises(CollectionError, match="8 faces"):
        search_again(START, START.options, reads((*BOXES, (30.0, 70.0, 55.0, 100.0))))
    monkeypatch.setattr(edit, "MAX_CROPS", sum(f.face.crop.nbytes for f in START.faces))
    assert snapshot(search_again(START, START.options, reads())) == snapshot(START)
    with pytest.raises(CollectionError, match="smaller margin"):
        search_again(START, DetectionOptions(crop=CropRule(1.5)), reads())
