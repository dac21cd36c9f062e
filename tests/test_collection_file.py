"""A saved collection loads again as it was; what is damaged, hostile or newer is refused with a reason."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO

import hypothesis.strategies as st
import numpy as np
import pytest
from collection_cases import (
    BOXES,
    answered_collection,
    card,
    certain,
    collection,
    picture,
    png_of,
    reads,
    rezipped,
    snapshot,
)
from hypothesis import given, settings
from PIL import Image

from fer_core import collection_edit as edit, collection_file, collection_schema as schema
from fer_core.collection import Collection, CollectionError
from fer_core.collection_add import add, search_again
from fer_core.collection_answers import answer, evaluation
from fer_core.collection_file import MANIFEST, from_bytes, load, manifest, save, to_bytes
from fer_core.detection import DetectionOptions, Detector, crop
from fer_core.exports import faces_csv, faces_json, ledger_csv
from fer_core.photo_sources import Input
from fer_core.reading import read_faces
from fer_core.report_html import report_html
from fer_core.types import Face


@pytest.fixture(scope="module")
def worked() -> Collection:
    """Two photos, two models, with every kind of correction."""
    made = answered_collection()
    first, second = (photo.sha256 for photo in made.photos)
    made = edit.delete(made, [made.faces_of(first)[0].key])
    made = edit.draw(made, first, (60, 70, 100, 110))
    made = edit.label_photo(made, second, "happy")
    made = edit.label(made, {made.faces_of(first)[0].key: "sad", made.faces_of(second)[1].key: None})
    return edit.renamed(made, "Class <of> 2024")


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


def jpeg(png: bytes) -> bytes:
    buffer = BytesIO()
    Image.open(BytesIO(png)).save(buffer, "JPEG")
    return buffer.getvalue()


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

    back = from_bytes(_with_manifest(to_bytes(worked), older))
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


def _with_manifest(data, change):
    def changed(members):
        content = json.loads(dict(members)[MANIFEST])
        change(content)
        return [(name, json.dumps(content) if name == MANIFEST else data) for name, data in members]

    return rezipped(data, changed)


def _set(*path, to):
    def change(content):
        for step in path[:-1]:
            content = content[step]
        content[path[-1]] = to

    return change


DAMAGED_MANIFESTS = {
    "newer": (_set("version", to=schema.VERSION + 1), "newer version"),
    "other format": (_set("format", to="something"), "choose another file"),
    "NaN box": (_set("photos", 0, "found", 0, "box", to=[float("nan"), 0, 1, 1]), "finite number"),
    "infinite place": (_set("photos", 0, "places", 0, to=[0, 0, 1, float("inf")]), "finite number"),
    "empty box": (_set("photos", 0, "found", 0, "box", to=[9.0, 9.0, 9.0, 9.0]), "does not fit"),
    "text for a number": (_set("photos", 0, "width", to="200"), "valid integer"),
    "surplus field": (_set("photos", 0, "path", to="/etc/passwd"), "Extra inputs"),
    "missing field": (lambda content: content.pop("ledger"), "ledger"),
    "unknown emotion": (_set("photos", 0, "label", to="hungry"), "label"),
    "path for a key": (_set("photos", 0, "found", 0, "key", to="../../x-1"), "pattern"),
    "another photo's key": (_set("photos", 0, "found", 0, "key", to="0" * 16 + "-1"), "missing"),
    "key twice": (lambda c: c["photos"][0]["found"].append(c["photos"][0]["found"][0]), "one name"),
    "share above one": (lambda c: c["answers"][0].update(probabilities={"0" * 64: [7.0] * 7}), "probabilities"),
    "sum of two": (lambda c: c["answers"][0].update(probabilities={"0" * 64: [2 / 7] * 7}), "one share a label"),
    "labels out of order": (lambda c: c["answers"][0]["labels"].reverse(), "one share a label"),
    "wild options": (_set("options", "minimum_face", to=-5), "minimum face"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED_MANIFESTS)
def test_a_damaged_manifest_is_refused(worked, name):
    change, said = DAMAGED_MANIFESTS[name]
    with pytest.raises(CollectionError, match=said):
        from_bytes(_with_manifest(to_bytes(worked), change))


def _drop_crop(members):
    return [pair for pair in members if not pair[0].startswith("crops/")]


DAMAGED_MEMBERS = {
    "no manifest": (lambda members: members[1:], "no collection.json"),
    "missing crops": (_drop_crop, "is missing"),
    "path trick": (lambda members: [*members, ("../../.bashrc", b"x")], "no part of a collection"),
    "absolute path": (lambda members: [*members, ("/etc/cron.d/x", b"x")], "no part of a collection"),
    "member twice": (lambda members: [*members, members[-1]], "there twice"),
    "crop is text": (lambda m: [(n, b"text" if n.endswith(".png") else d) for n, d in m], "RGB PNG"),
    "crop is a bomb": (lambda m: [(n, png_of(50_000, 50_000) if n.endswith(".png") else d) for n, d in m], "RGB PNG"),
    "crop is torn": (lambda m: [(n, d[:60] if n.endswith(".png") else d) for n, d in m], "RGB PNG"),
    "manifest is no JSON": (lambda members: [(MANIFEST, b"{"), *members[1:]], "damaged"),
    "manifest is deep": (lambda members: [(MANIFEST, b"[" * 200_000), *members[1:]], "damaged"),
    "manifest is a list": (lambda members: [(MANIFEST, b"[]"), *members[1:]], "damaged"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", DAMAGED_MEMBERS)
def test_damaged_members_are_refused(worked, name):
    change, said = DAMAGED_MEMBERS[name]
    with pytest.raises(CollectionError, match=said):
        from_bytes(rezipped(to_bytes(worked), change))


def test_a_member_damaged_inside_is_named_whatever_packed_it(worked):
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(to_bytes(worked))) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        at = new.getinfo(MANIFEST).header_offset + len(MANIFEST) + 60
    data = bytearray(buffer.getvalue())
    data[at : at + 40] = bytes(40)
    with pytest.raises(CollectionError, match=rf"{MANIFEST} cannot be unpacked"):
        from_bytes(bytes(data))


def test_other_pictures_than_promised_are_refused(worked):
    data = to_bytes(worked, originals=True)
    for folder, said in (("originals/", "not the photo"), ("previews/", "another size")):
        small = jpeg(picture(9, size=(30, 30)))
        with pytest.raises(CollectionError, match=said):
            from_bytes(rezipped(data, lambda m, f=folder, s=small: [(n, s if n.startswith(f) else d) for n, d in m]))


def test_a_bomb_and_a_crowd_are_refused_before_anything_is_unpacked(worked):
    crowd = rezipped(to_bytes(worked), lambda members: [*members, *((f"crops/{i}.png", b"") for i in range(100_000))])
    with pytest.raises(CollectionError, match=r"holds 100,0\d\d files"):
        from_bytes(crowd)


def test_a_manifest_that_swells_is_refused(worked, monkeypatch):
    monkeypatch.setattr(collection_file, "MAX_MANIFEST", 1_000_000)
    bomb = rezipped(to_bytes(worked), lambda members: [(MANIFEST, b" " * 5_000_000), *members[1:]])
    assert len(bomb) < 300_000
    with pytest.raises(CollectionError, match="more than 1 MB"):
        from_bytes(bomb)


def test_crops_that_take_too_much_memory_are_refused(worked, monkeypatch):
    monkeypatch.setattr(collection_file, "MAX_CROPS", 1000)
    with pytest.raises(CollectionError, match="crops take more"):
        from_bytes(to_bytes(worked))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_damage_is_an_error_in_words_or_harmless(worked, data):
    whole = bytearray(to_bytes(worked))
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole)))]
    for _ in range(data.draw(st.integers(0, 8))):
        if whole:
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = from_bytes(bytes(whole))
    except CollectionError as error:
        assert len(str(error)) > 20
    else:
        assert [f.key for f in found.faces] == [f.key for f in worked.faces]


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
