"""The user's labelled photos as a set on the page Confusion: the matrix by hand, the faces behind a cell, a reload."""

import json

import numpy as np
from collection_cases import answered_collection

from dashboard import cache
from dashboard.words import percent
from fer_core import collection_edit as edit
from fer_core.collection_answers import evaluation, labelled, own_accuracy
from fer_core.types import EMOTIONS
from tests.page_runs import opened, text


def _kept(made):
    id = cache.new_work_id()
    cache.works().put(id, made)
    return id


def _page(made, **query):
    return opened("confusion", **({"work": _kept(made)} | query))


def _labelled():
    """The six faces, five of them labelled, among them each sort of right and wrong answer."""
    made = answered_collection()
    return edit.label(
        made, dict(zip([f.key for f in made.faces], ["happy", "sad", "sad", "happy", "fear", None], strict=True))
    )


def _model(made):
    return list(made.answers.values())[1]  # happy and sad in turn


def test_the_matrix_is_that_of_the_labelled_faces():
    made = _labelled()
    model, counts = _model(made), np.zeros((7, 7))
    for face in labelled(made):
        said = model.labels[int(model.probabilities[face.found.digest].argmax())]
        counts[EMOTIONS.index(face.label), EMOTIONS.index(said)] += 1
    at = _page(made, set="own", rows="truth", columns=model.id, **{"as": "counts"})
    labels = [label for label in EMOTIONS if label in model.labels]
    shown = at.dataframe[0].value[labels].to_numpy(float)
    keep = [EMOTIONS.index(label) for label in labels]
    np.testing.assert_array_equal(shown, counts[np.ix_(keep, keep)])
    assert counts.sum() == len(labelled(made)) > 0
    assert at.selectbox(key="rows").value == "truth"


def test_two_models_are_compared_on_what_was_posed():
    made = _labelled()
    at = _page(made, set="own", columns=[one.id for one in made.answers.values()])
    assert "Right means what was posed" in text(at) and "FER2013's label." not in text(at)


def test_the_interval_of_few_faces_is_wilsons_as_on_the_collections_page():
    made = _labelled()
    model = _model(made)
    report = evaluation(made, model.id)
    assert report is not None
    own = own_accuracy(report)
    said = text(_page(made, set="own", rows="truth", columns=model.id))
    assert f"({percent(own.low, 1)} to {percent(own.high, 1)})" in said and 1 < report.n < 10


def test_a_cell_shows_its_faces_with_everybodys_answer():
    made = _labelled()
    model, first = _model(made), labelled(made)[0]
    said = model.labels[int(model.probabilities[first.found.digest].argmax())]
    at = _page(made, set="own", columns=model.id, row=first.label, column=said, face=first.key)
    assert f"Posed: **{first.label}**" in text(at)
    assert {"open-explain", "open-what_if"} <= {button.key for button in at.button}
    assert any("rater" in one.value.columns and model.title in set(one.value["rater"]) for one in at.dataframe)


def test_without_labelled_faces_the_set_is_not_offered_and_the_link_is_said_to_be_wrong():
    at = _page(answered_collection(), set="own")
    assert "own" not in at.pills[0].options and "Your labelled photos" not in at.pills[0].options
    assert "in the link" in text(at)


def test_a_face_of_another_collection_is_said():
    at = _page(_labelled(), set="own", face="nobody", row="happy")
    assert "no labelled face of this collection" in text(at)


def test_beside_the_collections_matrix_fer2013s_rows_are_its_own_label(tmp_path, monkeypatch):
    made = _labelled()
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))  # no models to load
    monkeypatch.setattr(cache, "reports", lambda _: {"PrivateTest": evaluation(made, _model(made).id)})
    at = opened("collection", work=_kept(made), part="results", **{"of-model": _model(made).id})
    matrices = [chart.proto.spec for chart in at.get("plotly_chart") if "Confusion" in str(chart.proto)]
    rows = [json.loads(spec)["layout"]["yaxis"]["title"]["text"] for spec in matrices]
    assert rows == ["Posed", "FER2013's label"]
