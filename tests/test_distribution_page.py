"""The Distribution page: how often each label is given, as counted by hand."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from collection_cases import answer, answered_collection, card, certain, collection
from test_confusion_page import answered, four_labels, text  # noqa: F401

from dashboard import cache, confusion_data, figures_confusion
from fer_core import artifacts, collection_edit as edit, datasets
from fer_core.types import EMOTIONS
from tests.page_runs import run as run_page

run = partial(run_page, "distribution")


@pytest.mark.parametrize("part", ["PublicTest", "PrivateTest"])
def test_the_table_has_everybodys_counts(part):
    at = run(set=part)
    assert not at.exception
    table = at.dataframe[0].value.set_index("label")
    for id in artifacts.ids():
        one = answered(id, datasets.SPLITS.index(part))
        if len(artifacts.card(id).labels) == 7:
            assert (
                table.loc[list(EMOTIONS), artifacts.card(id).title].tolist()
                == np.bincount(one.said, minlength=7).tolist()
            )
        assert table.loc[list(EMOTIONS), "FER2013's label"].tolist() == np.bincount(one.truth, minlength=7).tolist()
    assert (table.sum() == len(one.truth)).all()  # people's other answers have a row of their own


def test_shares_sum_to_one():
    table = run(**{"as": "shares"}).dataframe[0].value.set_index("label")
    np.testing.assert_allclose(table.sum(), 1)


@pytest.mark.parametrize("query", [{"raters": "nobody"}, {"set": "x"}, {"as": "x"}, {"raters": ["a", "b"]}])
def test_a_bad_url_is_never_a_trace(query):
    at = run(**query)
    assert not at.exception and len(at.dataframe) == 1


def test_nobody_chosen():
    assert "at least one" in text(run().multiselect[0].set_value([]).run())


def test_a_model_with_fewer_labels_joins_by_choice_and_the_page_says_so(four_labels):  # noqa: F811
    at = run()
    assert "Four labels" not in at.dataframe[0].value.columns
    at.multiselect[0].set_value(["truth", "four"]).run()
    assert at.dataframe[0].value["label"].tolist() == [EMOTIONS[i] for i in four_labels]
    assert "left out" in at.info[0].value


def test_answers_of_any_photos_can_be_counted_and_drawn():
    table = confusion_data.occurrences_of({"a": ["happy", "sad", "happy"], "b": []})
    assert table["a"].tolist() == [0, 0, 0, 2, 1, 0, 0] and table["b"].sum() == 0
    figure = figures_confusion.occurrences(table, {"a": "A", "b": "B"}, share=False)
    assert [bar.name for bar in figure.data] == ["A", "B"]


def with_photos(made):
    id = cache.new_work_id()
    cache.works().put(id, made)
    return run(work=id)


def test_the_users_own_photos_are_counted_where_models_read_them():
    made = answered_collection()
    at = with_photos(made)
    assert not at.exception
    table = at.dataframe[-1].value.set_index("label")
    assert set(table.columns) == {one.title for one in made.answers.values()}
    for one in made.answers.values():
        said = [one.labels[row.argmax()] for row in (one.probabilities[f.found.digest] for f in made.faces)]
        assert table[one.title].tolist() == [said.count(emotion) for emotion in EMOTIONS]
    assert f"{len(made.faces)} faces in {len(made.shown)} of your photos" in text(at)


def test_a_model_that_read_only_some_of_the_faces_is_not_counted_beside_those_that_read_all():
    made = answered_collection()
    first, second = made.answers.values()
    few = dict(list(first.probabilities.items())[:2])
    made = replace(made, answers=made.answers | {first.id: replace(first, probabilities=few)})
    at = with_photos(made)
    table = at.dataframe[-1].value.set_index("label")
    assert list(table.columns) == [second.title] and table[second.title].sum() == len(made.faces)
    assert f"{len(made.faces)} faces in" in text(at)
    assert f"they read only some of these faces: {first.title}" in text(at)


def test_labelled_faces_are_counted_beside_what_was_posed():
    made = answered_collection()
    made = edit.label(made, {made.faces[0].key: "fear"})
    table = with_photos(made).dataframe[-1].value.set_index("label")
    assert table["what was posed"].tolist() == [int(emotion == "fear") for emotion in EMOTIONS]
    assert (table.sum() == 1).all()


@pytest.mark.parametrize("made", [None, collection()], ids=["no photos", "photos that nobody read"])
def test_without_answers_the_page_says_where_photos_go(made):
    at = run() if made is None else with_photos(made)
    assert not at.exception and len(at.dataframe) == 1
    assert "Drop photos on the page Photos" in text(at)


def test_of_more_models_than_bars_can_show_the_photos_too_have_a_matrix():
    made = collection()
    for n in range(7):
        made = answer(made, card(f"model-{n}", weights=f"{n}" * 64), certain("happy", "sad"))
    chart = json.loads(with_photos(made).get("plotly_chart")[-1].proto.spec)
    assert {one["type"] for one in chart["data"]} == {"heatmap"} and len(chart["data"][0]["y"]) == 7
