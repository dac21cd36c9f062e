"""A saved collection loads again as it was, and is written whole or not at all."""

import zipfile
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from collection_cases import (
    BOXES,
    card,
    certain,
    collection,
    picture,
    reads,
    snapshot,
    with_manifest,
    worked_collection,
)
from PIL import Image

from fer_core import collection_edit as edit, collection_file
from fer_core.collection import Collection, CollectionError
from fer_core.collection_add import add, search_again
from fer_core.collection_answers import answer, evaluation
from fer_core.collection_file import from_bytes, load, manifest, save, to_bytes
from fer_core.detection import DetectionOptions, Detector, crop
from fer_core.exports import faces_csv, faces_json, ledger_csv
from fer_core.photo_sources import Input
from fer_core.reading import read_faces
from fer_core.report_html import report_html
from fer_core.types import Face


@pytest.fixture(scope="module")
def worked() -> Collection:
    """Two photos, two models, with every kind of correction."""
    return worked_collection()


@pytest.mark.parametrize("originals", [False, True])
def test_it_loads_again_as_it_was(worked, originals):
    back = from_bytes(to_bytes(worked, originals))
    assert snapshot(back) == snapshot(worked)
    assert back.name == "Class <of> 2024" and back.options == worked.options and back.ledger == worked.ledger
    assert faces_csv(back, ["model-a", "model-b"]) == faces_csv(worked, ["model-a", "model-b"])
    reports = [evaluation(made, "model-b") for made in (back, worked)]
    assert reports[0] and reports[1] and reports[0].to_json() == reports[1].to_json()
    assert [p.original is not None for p in back.photos] == [originals] * 2
    assert back.undo() is back  # there is nothing to undo in a file
    again = edit.delete(back, [back.faces[0].key])
    assert snapshot(again.undo()) == snapshot(back)


def test_what_was_deleted_is_not_in_the_file(worked):
    with zipfile.ZipFile(BytesIO(to_bytes(worked))) as archive:
        crops = [name for name in archive.namelist() if name.startswith("crops/")]
        assert len(crops) == len(worked.faces) == 6
        assert all(worked.face(name[6:-4]) for name in crops)


def test_with_originals_work_can_go_on(worked):
    back = from_bytes(to_bytes(worked, originals=True))
    again = search_again(back, back.options, reads())
    assert snapshot(again) == snapshot(back)  # the deleted face stays away, the drawn one stays
    without = from_bytes(to_bytes(worked))
    with pytest.raises(CollectionError, match="not kept"):
        edit.draw(without, without.photos[0].sha256, (60, 70, 100, 110))


def test_a_removed_photo_leaves_no_name_behind(worked):
    first, second = worked.photos
    less = edit.remove_photo(worked, first.sha256)
    written = [manifest(less, False).model_dump_json().encode(), ledger_csv(less.told_ledger), faces_json(less, [])]
    written.append(report_html(less, [], blur=False))
    for data in written:
        assert b"a.png" not in data and first.sha256.encode() not in data
        assert b"b.png" in data
    assert all(second.sha256.encode() in data for data in written[:-1]), "the report has no checksums"
    back = from_bytes(to_bytes(less))
    assert [(row.number, row.file, row.outcome) for row in back.ledger] == [(1, "", "read"), (2, "b.png", "read")]
    assert less.ledger[0].file == "a.png", "undo can still bring it back"


def test_faces_that_were_deleted_before_they_could_be_found_stay_away(worked):
    first = worked.photos[0].sha256
    drawn = edit.draw(worked, first, (30.0, 70.0, 55.0, 100.0))
    key = next(f.key for f in drawn.faces_of(first) if f.face.box == (30.0, 70.0, 55.0, 100.0))
    gone = edit.delete(drawn, [key])
    back = from_bytes(to_bytes(gone, originals=True))
    again = search_again(back, back.options, reads((*BOXES, (30.0, 70.0, 55.0, 100.0))))
    assert [f.key for f in again.faces_of(first)] == [f.key for f in back.faces_of(first)]
    assert key not in {f.key for f in again.faces} and len(again.faces) == len(back.faces) + 1, "found in the other"


class Finder(Detector):
    """A detector that finds the same box everywhere."""

    def __init__(self):
        pass

    def detect(self, image, options=DetectionOptions()):  # noqa: B008
        box = (4.0, 4.0, 44.0, 54.0)
        return [Face(box, 0.95, np.zeros((5, 2), np.float32), crop(image, box, options.crop))]


def test_a_long_narrow_photo_is_loaded_again():
    narrow = picture(3, (60, 4000))
    with Image.open(BytesIO(read_faces(narrow, Finder(), DetectionOptions()).preview_jpeg)) as preview:
        assert min(preview.size) < 24, "narrower than a photo may be"
    made = add(Collection("Narrow"), [Input("long.png", narrow)], lambda data, o: read_faces(data, Finder(), o))
    back = from_bytes(to_bytes(made, originals=True))
    assert snapshot(back) == snapshot(made) and back.photos[0].original == narrow


def test_a_collection_of_version_1_is_read_and_its_calibrated_answers_are_asked_for_again(worked):
    def older(content):
        content["version"] = 1
        for answers in content["answers"]:
            del answers["temperature"]
            answers["calibrated"] = True

    back = from_bytes(with_manifest(to_bytes(worked), older))
    assert snapshot(back) == snapshot(worked)
    asked = []
    calibrated = replace(card("model-a"), temperature=1.5)

    def predict(crops):
        asked.append(len(crops))
        return certain("sad")(crops)

    now = answer(back, calibrated, predict)
    assert sum(asked) == len(back.faces) and now.answers["model-a"].temperature == 1.5


def test_an_empty_collection_can_be_saved():
    assert from_bytes(to_bytes(Collection("Nothing"))).name == "Nothing"


def test_a_file_is_written_whole_or_not_at_all(worked, tmp_path, full_disk):
    path = tmp_path / "class.faces"
    save(collection(("a.png",)), path)
    before = path.read_bytes()
    with full_disk(20_000), pytest.raises(OSError, match="too large"):
        save(worked, path, originals=True)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    save(worked, path)
    assert snapshot(load(path)) == snapshot(worked)


def test_a_large_file_is_refused_by_its_size(tmp_path, monkeypatch):
    path = tmp_path / "class.faces"
    path.write_bytes(b"PK\x03\x04" + bytes(1000))
    monkeypatch.setattr(collection_file, "MAX_UNPACKED", 500)
    with pytest.raises(CollectionError, match="at most"):
        load(path)


def test_crops_come_back_pixel_by_pixel(worked):
    back = from_bytes(to_bytes(worked))
    for one, other in zip(worked.faces, back.faces, strict=True):
        np.testing.assert_array_equal(one.face.crop, other.face.crop)
        np.testing.assert_array_equal(one.face.landmarks, other.face.landmarks)
    assert BOXES[1] in [face.face.box for face in back.faces]
