"""Photos from files, folders, patterns and ZIPs: each file has its row in the ledger, and none costs the others."""

import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import skimage
from collection_cases import answered_collection, card, certain, collection, picture, png_of, reads

from fer_core import collection_add, collection_edit as edit, photo_sources, photos
from fer_core.collection import Collection
from fer_core.collection_add import add
from fer_core.collection_answers import answer, answered, disagreement, evaluation, labelled
from fer_core.exports import settings_of
from fer_core.photo_sources import Input, find, from_uploads, opened
from fer_core.types import EMOTIONS, Prediction

ASTRONAUT = (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()


def _zip(members, **options):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def _outcomes(made):
    return [(row.file, row.outcome) for row in made.ledger]


def test_a_real_photo_is_found_with_its_face():
    from fer_core.detection import Detector

    made = add(Collection(), [Input("astronaut.png", ASTRONAUT)], collection_add.reader(Detector("cpu")))
    ((face,), (photo,)) = made.faces, made.photos
    x1, y1, x2, y2 = face.face.box
    assert 150 < x1 < 200 and 40 < y1 < 80 and 240 < x2 < 280 and 150 < y2 < 190
    assert photo.original == ASTRONAUT and made.ledger[0].outcome == "read"


def test_every_file_has_a_row_with_its_reason():
    files = [("a.png", picture(1)), ("torn.jpg", b"\xff\xd8\xff torn"), ("again.png", picture(1)), ("empty.jpg", b"")]
    made = add(Collection(), from_uploads(files), reads())
    assert [row.outcome for row in made.ledger] == ["read", "failed", "same", "failed"]
    assert [row.number for row in made.ledger] == [1, 2, 3, 4] and len(made.photos) == 1
    assert "same picture as no. 1" in made.ledger[2].reason and "0 bytes" in made.ledger[3].reason
    none = add(Collection(), [Input("wall.png", picture(2))], reads(()))
    assert none.ledger[0].outcome == "no face" and "Try a smaller minimum face" in none.ledger[0].reason


def test_a_zip_gives_its_photos_and_says_what_it_left():
    data = _zip([("in/a.png", picture(1)), ("notes.txt", b"x"), ("b.png", b"no picture"), ("__MACOSX/._a.png", b"x")])
    made = add(Collection(), from_uploads([("class.zip", data), ("c.png", picture(3))]), reads())
    assert _outcomes(made) == [
        ("class.zip/in/a.png", "read"), ("class.zip/notes.txt", "skipped"), ("class.zip/b.png", "failed"),
        ("c.png", "read"),
    ]  # fmt: skip


def test_hostile_zips_are_refused_one_by_one(monkeypatch):
    bomb = _zip([("a.png", bytes(photos.MAX_BYTES + 10))])
    many = _zip([(f"{n}.png", b"") for n in range(20)])
    monkeypatch.setattr(photo_sources, "MAX_MEMBERS", 10)
    tricks = _zip([("../../etc/passwd.png", picture(1)), ("/root.png", png_of(60_000, 60_000))])
    inner = _zip([("inner.zip", bomb)])
    files = [
        ("bomb.zip", bomb),
        ("many.zip", many),
        ("tricks.zip", tricks),
        ("inner.zip", inner),
        ("cut.zip", bomb[:90]),
    ]
    made = add(Collection(), from_uploads([*files, ("good.png", picture(5))]), reads())
    assert _outcomes(made) == [
        ("bomb.zip/a.png", "failed"), ("many.zip", "failed"), ("tricks.zip/../../etc/passwd.png", "read"),
        ("tricks.zip//root.png", "failed"), ("inner.zip/inner.zip", "skipped"), ("cut.zip", "failed"),
        ("good.png", "read"),
    ]  # fmt: skip
    assert "50 MB" in made.ledger[0].reason and "20 files" in made.ledger[1].reason
    assert "megapixels" in made.ledger[3].reason


def test_a_locked_zip_says_so():
    data = bytearray(_zip([("a.png", picture(1))]))
    data[6] |= 1  # the flag of encryption, in the local header and in the directory
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    (one,) = from_uploads([("locked.zip", bytes(data))])
    assert one.data is None and "password" in one.problem


def test_files_folders_and_patterns(tmp_path, monkeypatch):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("a.png", "in/b.PNG", "in/deep/c.jpg", "in/.hidden.png", "in/readme.md"):
        (tmp_path / name).write_bytes(picture())
    monkeypatch.chdir(tmp_path)

    def names(*wanted):
        return [(one.name, one.data is not None) for place in find(wanted) for one in opened(place)]

    assert names("in") == [("in/b.PNG", True), ("in/deep/c.jpg", True), ("in/readme.md", False)]
    assert names("*.png", "in/**/*.jpg") == [("a.png", True), ("in/deep/c.jpg", True)]
    assert names("in/readme.md") == [("in/readme.md", True)]  # what is named itself is read
    ((name, there),) = names("nobody*.png")
    assert (name, there) == ("nobody*.png", False)
    (missing,) = opened(*find(["gone.png"]))
    assert "cannot be opened" in missing.problem


def test_a_full_collection_says_so(monkeypatch):
    monkeypatch.setattr(edit, "MAX_FACES", 5)
    made = collection()
    assert [row.outcome for row in made.ledger] == ["read", "failed"] and "full" in made.ledger[1].reason


def test_beyond_the_memory_for_originals_only_faces_are_kept(monkeypatch):
    monkeypatch.setattr(collection_add, "KEEP_ORIGINALS", len(picture(0)) + 10)
    first, second = collection().photos
    assert first.original is not None and second.original is None and len(second.found) == 3


def test_a_removed_photo_that_is_added_again_is_there_again():
    made = collection(("a.png",))
    less = edit.remove_photo(made, made.photos[0].sha256)
    back = add(less, [Input("a.png", picture(0))], reads())
    assert len(back.shown) == 1 and len(back.faces) == 3 and back.ledger[1].outcome == "same"


def test_a_model_calibrated_anew_is_asked_again():
    made = answer(collection(("a.png",)), card(), certain("happy"))
    warmer = replace(card(), temperature=2.0)
    asked = []

    def predict(crops):
        asked.append(len(crops))
        return certain("sad")(crops)

    once = answer(made, warmer, predict)
    assert asked == [3] and once.answers["model-a"].calibrated and once.answers["model-a"].temperature == 2.0
    assert answer(once, warmer, predict) is once and asked == [3]
    assert settings_of(once, ["model-a"]) != settings_of(made, ["model-a"])
    again = answer(once, replace(card(), temperature=1.7), predict)
    assert asked == [3, 3] and settings_of(again, ["model-a"]) != settings_of(once, ["model-a"])


def test_models_are_asked_about_new_crops_only():
    asked = []

    def predict(crops):
        asked.append(len(crops))
        return certain("happy")(crops)

    made = answer(collection(), card(), predict)
    assert asked == [3, 3]
    assert answer(made, card(), predict) is made and asked == [3, 3]
    drawn = answer(edit.draw(made, made.photos[0].sha256, (60, 70, 100, 110)), card(), predict)
    assert asked == [3, 3, 1] and len(answered(drawn, ["model-a"])) == 7
    answer(drawn, card(weights="c" * 64), predict)
    assert asked == [3, 3, 1, 4, 3]  # other weights: nothing of before counts


def test_the_collection_is_a_test_set():
    made = answered_collection()
    first, second = (photo.sha256 for photo in made.photos)
    made = edit.label_photo(made, first, "happy")
    made = edit.label(made, {made.faces_of(second)[0].key: "sad"})
    assert len(labelled(made)) == 4
    a, b = (evaluation(made, id) for id in ("model-a", "model-b"))
    assert a is not None and b is not None
    assert (a.n, a.metrics["accuracy"].value) == (4, 0.75)
    assert b.metrics["accuracy"].value == 0.75  # happy, sad, happy for the first photo; sad for the fourth face
    assert a.confusion[EMOTIONS.index("sad"), EMOTIONS.index("happy")] == 1
    assert a.metrics["accuracy"].low <= 0.75 <= a.metrics["accuracy"].high
    assert evaluation(collection(), "model-a") is None


def test_a_model_with_fewer_labels_is_judged_on_those():
    four = ("happy", "sad", "surprise", "neutral")
    made = answer(collection(("a.png",)), card("four", four), certain("happy", known=four))
    keys = [f.key for f in made.faces]
    made = edit.label(made, {keys[0]: "happy", keys[1]: "angry", keys[2]: "sad"})
    report = evaluation(made, "four")
    assert report is not None and report.labels == four and report.n == 2 and report.metrics["accuracy"].value == 0.5
    assert evaluation(edit.label(made, dict.fromkeys(keys, "fear")), "four") is None


def test_disagreement_is_nothing_for_one_opinion_and_one_for_certain_opposites():
    import numpy as np

    def says(label, labels=EMOTIONS):
        return Prediction("m", labels, np.eye(len(labels), dtype=np.float32)[labels.index(label)])

    assert disagreement([says("happy"), says("happy")]) == 0
    assert disagreement([says("happy"), says("sad")]) == pytest.approx(1)
    assert disagreement([says("happy")]) == 0
    assert 0 < disagreement([says("happy"), says("happy"), says("sad")]) < 1
    assert disagreement([says("happy"), says("sad", ("happy", "sad"))]) == pytest.approx(1)
