"""Photos, Collection and Gallery as pages: corrections by clicks, a reload that loses none, files that are refused."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import skimage
from collection_cases import answered_collection, collection, picture, rezipped
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import cache, collection_facts, looks
from dashboard.cache.workplace import HOURS, MOST, Works
from dashboard.pages_table import VIEWS
from fer_core import collection_edit as edit
from fer_core.collection import LedgerRow
from fer_core.collection_file import to_bytes
from fer_core.types import EMOTIONS

ASTRONAUT = (Path(skimage.__file__).parent / "data" / "astronaut.png").read_bytes()


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """No models, so that no test here loads one; answers that a collection brings are shown all the same."""
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))


def _page(name, made=None, key="work", **query):
    at = AppTest.from_file(str(VIEWS / f"{name}.py"), default_timeout=180)
    if made is not None:
        id = cache.new_work_id()
        cache.works().put(id, made)
        at.query_params[key] = id
    for asked, value in query.items():
        at.query_params[asked] = value
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def _id(at, key="work"):
    said = at.query_params[key]
    return said if isinstance(said, str) else said[0]


def _work(at, key="work"):
    return cache.works().get(_id(at, key))


def _click(at, label):
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception, at.exception[0].message


def _text(at):
    kinds = (at.title, at.subheader, at.markdown, at.caption, at.info, at.warning, at.error, at.code)
    return "\n".join(element.value for kind in kinds for element in kind)


def _choose(at, label, value):
    next(box for box in at.selectbox if box.label == label).set_value(value).run()
    assert not at.exception, at.exception[0].message


def test_a_face_is_deleted_and_brought_back(quick):
    at = _page("photos", collection())
    at.pills[0].set_value(["2"]).run()
    _click(at, "Delete")
    assert len(_work(at).faces) == 5
    _click(at, "Undo")
    assert len(_work(at).faces) == 6
    _click(at, "Redo")
    assert len(_work(at).faces) == 5


def test_a_reload_loses_no_correction(quick):
    at = _page("photos", collection())
    at.pills[0].set_value(["1"]).run()
    _click(at, "Delete")
    again = _page("photos", work=_id(at))  # a new session with the same address
    assert len(_work(again).faces) == 5
    _click(again, "Undo")
    assert len(_work(again).faces) == 6


def test_a_link_to_what_is_forgotten_says_so_and_begins_anew(quick):
    at = _page("photos", work="nobody-knows-this")
    assert "no longer in memory" in _text(at) and "work" not in at.query_params
    assert "no longer in memory" in _text(_page("collection", work="nobody-knows-this"))


def test_works_are_forgotten_after_hours_and_beyond_a_number():
    now = 0.0
    works = Works(lambda: now)
    works.put("first", collection(("a.png",)))
    now = HOURS * 3600 - 1
    assert works.get("first") is not None  # and used just now
    now += HOURS * 3600 + 1
    assert works.get("first") is None
    for n in range(MOST + 1):
        now += 1
        works.put(str(n), collection(("a.png",)))
    assert works.get("0") is None and works.get("1") is not None


def test_a_missed_face_is_drawn_by_numbers_and_a_useless_box_is_refused(quick):
    at = _page("photos", collection(), show="draw")
    for name, value in {"Left": 60, "Top": 70, "Right": 100, "Bottom": 110}.items():
        next(field for field in at.number_input if field.label == name).set_value(value)
    _click(at, "Add this box")
    (drawn,) = [face for face in _work(at).faces if face.found.origin == "drawn"]
    assert drawn.face.box == (60, 70, 100, 110)
    next(field for field in at.number_input if field.label == "Right").set_value(61)
    _click(at, "Add this box")
    assert "smaller than 8 x 8" in _text(at) and len(_work(at).faces) == 7


def test_everyone_in_a_photo_is_labelled_and_one_face_otherwise(quick):
    at = _page("photos", collection())
    _choose(at, "Everyone here poses", "angry")
    at.pills[0].set_value(["3"]).run()
    _choose(at, "The chosen faces pose", "sad")
    assert [face.label for face in _work(at).faces] == ["angry", "angry", "sad", None, None, None]


def test_a_removed_photo_can_be_brought_back_though_it_was_the_last(quick):
    at = _page("photos", collection(("a.png",)))
    _click(at, "Remove this photo")
    assert not _work(at).shown
    _click(at, "Undo")
    assert len(_work(at).shown) == 1


def test_the_example_becomes_the_users_work_when_it_is_corrected_and_goes_when_photos_come():
    at = _page("photos")
    assert "work" not in at.query_params
    _choose(at, "Everyone here poses", "happy")
    assert [face.label for face in _work(at).faces] == ["happy"]
    assert cache.example_work().faces[0].label is None  # others see it as it was
    at.file_uploader[0].set_value([("own.png", ASTRONAUT + b"\0", "image/png")]).run()
    assert not at.exception
    assert [row.file for row in _work(at).ledger] == ["own.png"]


def test_searching_again_with_other_options_keeps_labels():
    at = _page("photos")
    _choose(at, "Everyone here poses", "happy")
    next(slider for slider in at.slider if slider.label.startswith("Margin")).set_value(20)
    _click(at, "Search again with these")
    (face,) = _work(at).faces
    assert face.label == "happy" and _work(at).options.crop.scale == pytest.approx(1.4)
    assert face.face.crop.shape[0] > 1.3 * cache.example_work().faces[0].face.crop.shape[0]


def test_options_chosen_on_the_example_hold_for_the_first_photos(quick):
    at = _page("photos")
    next(slider for slider in at.slider if slider.label.startswith("Margin")).set_value(20)
    _click(at, "Search again with these")
    chosen = _work(at).options
    at.file_uploader[0].set_value([("own.png", ASTRONAUT + b"\0", "image/png")]).run()
    assert not at.exception and [row.file for row in _work(at).ledger] == ["own.png"]
    assert _work(at).options == chosen and _work(at).name == "My photos"
    assert next(slider for slider in at.slider if slider.label.startswith("Margin")).value == 20


def test_the_collection_page_without_a_collection_says_how_to_begin(quick):
    at = _page("collection")
    assert "Add photos here" in _text(at) and len(at.file_uploader) == 2
    assert "python -m trainers" in _text(at)


def test_labels_from_names_and_from_the_grid(quick):
    at = _page("collection", collection(("happy/a.png", "b.png")))
    _click(at, "From file and folder names")
    assert [face.label for face in _work(at).faces] == ["happy"] * 3 + [None] * 3
    _choose(at, "2.1", "fear")
    assert _work(at).faces[3].label == "fear"
    _choose(at, "1.2", "no label")
    assert [face.label for face in _work(at).faces] == ["happy", None, "happy", "fear", None, None]
    _choose(at, "Show", "none")
    _choose(at, "pose", "sad")
    assert [face.label for face in _work(at).faces] == ["happy", "sad", "happy", "fear", "sad", "sad"]


def test_thousands_of_faces_are_shown_in_pages(quick):
    grid = tuple((float(x), float(y), x + 30.0, y + 30.0) for y in range(0, 90, 35) for x in range(0, 170, 35))
    many = collection(tuple(f"{n}.png" for n in range(80)), grid)
    assert len(many.faces) == 1200
    at = _page("collection", many)
    assert len([box for box in at.selectbox if box.label[0].isdigit()]) == 24
    assert "**0 of 1,200 faces**" in _text(at)
    at = _page("photos", many, of="all")
    assert len(at.dataframe) == 1  # the ledger; without models there is no table


def test_results_stand_beside_fer2013s(quick):
    made = answered_collection()
    made = edit.label_photo(made, made.photos[0].sha256, "happy")
    at = _page("collection", made, part="results")
    table = at.dataframe[0].value.set_index("model")
    assert table.loc["Model-A", "here: accuracy"] == 100
    assert table.loc["Model-B", "here: accuracy"] == pytest.approx(100 * 2 / 3)
    assert table["here: images"].tolist() == [3, 3]
    assert table.loc["Model-A", "here: 95 % interval"] == "43.9 to 100.0"  # Wilson: 3 / (3 + 1.96 ** 2)
    assert "No face is labelled yet" in _text(_page("collection", answered_collection(), part="results"))


def test_the_distribution_is_of_shares_on_the_same_faces():
    made = answered_collection()
    shares = collection_facts.distribution(made, ["model-a", "model-b"])
    assert list(shares) == ["model-a", "model-b"] and list(shares.loc["happy"]) == [1, 0.5]
    made = edit.label(made, {made.faces[1].key: "fear"})
    shares = collection_facts.distribution(made, ["model-a", "model-b"])
    assert shares.loc["fear", "truth"] == 1 and shares.loc["sad", "model-b"] == 1
    assert shares.to_numpy().sum(axis=0).tolist() == [1, 1, 1]


def _load(at, data):
    at.file_uploader(key="load-0").set_value([("class.faces", data, "application/zip")]).run()
    assert not at.exception, at.exception[0].message


def test_a_saved_collection_loads_again(quick):
    made = edit.label_by_names(collection(("happy/a.png", "b_sad.png")))[0]
    at = _page("collection")
    _load(at, to_bytes(edit.renamed(made, "Class")))
    assert _work(at).name == "Class" and [face.label for face in _work(at).faces] == ["happy"] * 3 + ["sad"] * 3


def test_a_refused_file_changes_nothing(quick):
    at = _page("collection", collection(), part="keep")
    before = _work(at)
    _load(at, to_bytes(collection())[:-200])
    assert "damaged" in at.error[0].value and _work(at) is before


def test_a_refused_files_own_words_are_shown_and_draw_nothing(quick):
    beacon = "![x](https://elsewhere.example/t.png)"
    at = _page("collection", collection(), part="keep")
    _load(at, rezipped(to_bytes(collection()), lambda members: [*members, (beacon, b"")]))
    assert looks.verbatim(beacon) in at.error[0].value and beacon not in _text(at)


def test_a_collection_is_renamed_and_an_empty_name_refused(quick):
    at = _page("collection", collection())
    at.text_input[0].set_value("Class of 2024").run()
    assert _work(at).name == "Class of 2024"
    at.text_input[0].set_value("  ").run()
    assert "at least one letter" in _text(at) and _work(at).name == "Class of 2024"


def _face(flip=False):
    image = Image.open(BytesIO(ASTRONAUT)).convert("RGB").crop((60, 0, 380, 300))
    buffer = BytesIO()
    (image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else image).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_gallery_goes_from_prompt_to_prompt(quick):
    at = _page("gallery", **{"with": "file"})
    assert "Look **angry**" in _text(at)
    at.file_uploader[0].set_value(("me.png", _face(), "image/png")).run()
    assert not at.exception
    assert [face.label for face in _work(at, "gallery").faces] == ["angry"] and "Look **disgusted**" in _text(at)
    at.file_uploader[0].set_value(("me.png", _face(), "image/png")).run()
    assert "in the gallery already" in _text(at)
    at.file_uploader[0].set_value(("wall.png", picture(size=(90, 90)), "image/png")).run()
    assert "No face found" in _text(at) and len(_work(at, "gallery").faces) == 1
    _click(at, "Again")
    assert not _work(at, "gallery").faces and "Look **angry**" in _text(at)


def test_seven_named_files_fill_the_gallery(quick):
    at = _page("gallery", **{"with": "seven"})
    files = [("me_happy.png", _face(), "image/png"), ("me_sad.png", _face(flip=True), "image/png"),
             ("holiday.png", _face(), "image/png")]  # fmt: skip
    at.file_uploader[0].set_value(files).run()
    assert not at.exception
    assert sorted(str(face.label) for face in _work(at, "gallery").faces) == ["happy", "sad"]
    assert "tells no expression" in _text(at) and "**2 of 7**" in _text(at)


def test_the_gallery_shows_true_and_predicted_labels_and_the_persons_accuracy():
    at = _page("gallery", **{"with": "file"})
    at.pills[0].set_value("happy").run()
    at.file_uploader[0].set_value(("me.png", _face(), "image/png")).run()
    assert not at.exception
    assert [metric.value for metric in at.metric] == ["1 of 1"] * len(at.metric) and len(at.metric)
    assert all(label in _text(at) for label in EMOTIONS) and "check:" in _text(at)


def test_a_file_that_could_not_be_read_is_named_as_it_is_with_the_reason(quick):
    hostile = "![x](http://e.x/_a_.png) :red[b].jpg"
    rows = tuple(LedgerRow(n, f"{n} {hostile}", "failed", 0, "This file is damaged.", "") for n in range(1, 9))
    at = _page("photos", replace(collection(), ledger=rows))
    said = next(one.value for one in at.warning if "damaged" in one.value)
    assert said.count("This file is damaged") == 5 and "and 3 more" in said
    assert r"1 \!\[x\]\(http\:\/\/e\.x\/\_a\_\.png\) \:red\[b\]\.jpg" in said
