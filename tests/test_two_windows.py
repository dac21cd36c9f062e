"""Two windows on one work: what is done in one while the other reads photos or searches them is never lost."""

from dataclasses import replace

import pytest
from collection_cases import collection, picture, reads
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cache.workplace import Works
from fer_core import collection_edit as edit
from fer_core.collection import Collection
from fer_core.collection_add import add, carried
from fer_core.detection import DetectionOptions
from fer_core.photo_sources import Input

NEW = [("new.png", picture(9)), ("again.png", picture(0)), ("none.png", b"")]
OTHER = DetectionOptions(minimum_face=40)


def there(id):
    found = cache.works().get(id)
    assert found is not None
    return found


@pytest.fixture
def work(monkeypatch):
    """The id of a work of two photos, in which another window labels the first face while any photo is read here."""
    id = cache.new_work_id()
    cache.works().put(id, collection())

    def read(data, options):
        now = there(id)
        if now.faces[0].label is None:
            cache.works().put(id, edit.label(now, {now.faces[0].key: "happy"}))
        return reads()(data, options)

    monkeypatch.setattr(cache, "reader", lambda: read, raising=False)
    return id


def _run(what, id):
    at = AppTest.from_function(what, default_timeout=60)
    at.query_params["work"] = id
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def _take():
    from dashboard import ui_photos, ui_work
    from tests.test_two_windows import NEW

    ui_photos.take(NEW)
    ui_work.problems()


def _search():
    from dashboard import ui_photos, ui_work
    from tests.test_two_windows import OTHER

    if ui_work.newest().options != OTHER:  # it draws the page anew
        ui_photos.search(OTHER)


def test_a_label_given_while_photos_are_read_stays(work):
    _run(_take, work)
    now = there(work)
    assert now.faces[0].label == "happy" and len(now.photos) == 3 and len(now.faces) == 9
    assert [(row.number, row.outcome) for row in now.ledger[2:]] == [(3, "read"), (4, "same"), (5, "failed")]


def test_a_label_given_while_photos_are_searched_again_stays(work):
    _run(_search, work)
    now = there(work)
    assert now.faces[0].label == "happy" and now.options == OTHER


def test_photos_read_under_options_that_hold_no_more_are_refused_in_words(work, monkeypatch):
    def read(data, options):
        cache.works().put(work, replace(there(work), options=OTHER))
        return reads()(data, options)

    monkeypatch.setattr(cache, "reader", lambda: read, raising=False)
    at = _run(_take, work)
    assert "Add the files once more" in at.warning[0].value and len(there(work).photos) == 2


def test_what_is_carried_over_is_what_would_have_been_added():
    start, inputs = collection(), [Input(*one) for one in NEW]
    made = add(start, inputs, reads())
    again = carried(made, start, start)
    assert again.ledger == made.ledger and [p.original for p in again.photos] == [p.original for p in made.photos]
    assert [(f.key, f.face.box) for f in again.faces] == [(f.key, f.face.box) for f in made.faces]
    elsewhere = add(Collection(), [Input("x.png", picture(9))], reads())
    assert [row.outcome for row in carried(made, start, elsewhere).ledger] == ["read", "same", "read", "failed"]


def test_a_work_is_swapped_only_for_what_it_was():
    works, first, second = Works(), Collection("first"), Collection("second")
    works.put("a", first)
    assert works.swap("a", first, second) and works.get("a") is second
    assert not works.swap("a", first, first) and works.get("a") is second
    assert not works.swap("b", first, second) and works.get("b") is None
