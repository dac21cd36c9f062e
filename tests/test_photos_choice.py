"""Photos: which of several photos is at work, and which models are asked."""

import json

from collection_cases import collection, picture

from dashboard import cache
from fer_core import artifacts
from fer_core.types import EMOTIONS
from tests.page_runs import opened, text


def _photos(**query):
    id = cache.new_work_id()
    cache.works().put(id, collection())
    return opened("photos", work=id, **query)


def test_a_model_that_a_link_names_wrongly_is_said_where_it_can_be_seen(tiny_artifacts, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tiny_artifacts))
    at = _photos(models="abc")
    assert "abc" in text(at) and next(one for one in at.expander if one.label == "Models and detection").proto.expanded
    usual = _photos()
    assert not next(one for one in usual.expander if one.label == "Models and detection").proto.expanded


def test_a_second_box_is_drawn_in_the_same_photo_whose_title_stays(tmp_path, monkeypatch):
    """The browser sends back the title that it drew: one that tells the faces is gone after the first correction."""
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))  # no models
    at = _photos(photo="2", show="draw")
    before = at.selectbox(key="photo")
    for n, (left, top) in enumerate(((10, 20), (60, 70)), start=1):
        for name, value in {"Left": left, "Top": top, "Right": left + 30, "Bottom": top + 30}.items():
            next(field for field in at.number_input if field.label == name).set_value(value)
        next(button for button in at.button if button.label == "Add this box").click().run()
        said = at.query_params["work"]
        made = cache.works().get(said if isinstance(said, str) else said[0])
        assert made is not None
        drawn = [face for face in made.faces if face.found.origin == "drawn"]
        photos = {photo.sha256: photo.number for photo in made.photos}
        assert len(drawn) == n and {photos[face.found.photo] for face in drawn} == {2}
        assert at.selectbox(key="photo").options == before.options and list(at.query_params["photo"]) == ["2"]


def _looked_at(at):
    return at.selectbox(key="photo").value


def _remove(at):
    next(button for button in at.button if button.label == "Remove this photo").click().run()
    assert not at.exception and "in the link" not in text(at)


def test_a_removed_photo_gives_way_to_the_next_and_is_no_wrong_link(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))  # no models
    id = cache.new_work_id()
    cache.works().put(id, collection(("a.png", "b.png", "c.png", "d.png")))
    at = opened("photos", work=id, photo="2")
    _remove(at)
    assert _looked_at(at) == "3"
    at.button(key="photo1").click().run()
    _remove(at)  # the last one
    assert _looked_at(at) == "3"
    _remove(at)
    assert "photo" not in at.query_params  # one is left, and nothing to choose
    at.file_uploader[0].set_value(("e.png", picture(9), "image/png")).run()
    assert not at.exception and "in the link" not in text(at)


def test_a_photo_that_is_added_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))  # no models
    at = _photos()
    at.file_uploader[0].set_value([(f"{n}.png", picture(n), "image/png") for n in (7, 8)]).run()
    assert not at.exception and _looked_at(at) == "3"
    at.file_uploader[0].set_value(("none.png", b"no picture", "image/png")).run()
    assert not at.exception and _looked_at(at) == "3"


def test_of_more_models_than_bars_can_show_a_face_has_a_matrix_of_probabilities():
    def drawn(**query):
        charts = [json.loads(one.proto.spec) for one in opened("photos", **query).get("plotly_chart")]
        return {one["type"] for one in charts[0]["data"]}, len(charts[0]["data"][0]["y"])

    assert drawn() == ({"heatmap"}, len(artifacts.ids()))
    assert drawn(models=["keras-native", "torch-compact"]) == ({"bar"}, len(EMOTIONS))
