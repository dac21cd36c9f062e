"""Choices in the URL: ids and not titles, wrong ones said, defaults left out."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import ui_url
from dashboard.pages_table import VIEWS
from fer_core import artifacts

TITLES = {"a": "First", "b": "Second", "c": "Third"}


def script(titles, default):
    import streamlit as st

    from dashboard import ui_url

    st.session_state["said"] = {
        "one": ui_url.one(st.selectbox, "One", titles, "one", "a"),
        "any": ui_url.one(st.selectbox, "Any", titles, "any", index=None),
        "some": ui_url.some(st.multiselect, "Some", titles, "some", default, max_selections=2),
        "open": next(id for id, tab in ui_url.tabs({"x": "Left", "y": "Right"}, "part").items() if tab.open),
    }


def run(titles=TITLES, default=("a", "b"), **query):
    at = AppTest.from_function(script, args=(titles, default), default_timeout=180)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


def said(at):
    assert not at.exception
    return SimpleNamespace(**at.session_state["said"])


def test_defaults_without_a_link():
    at = run()
    assert vars(said(at)) == {"one": "a", "any": None, "some": ["a", "b"], "open": "x"}
    assert not at.query_params and not at.warning


@pytest.mark.parametrize("titles", [TITLES, {"c": "Drittes", "b": "Zweites", "a": "Erstes"}])
def test_a_link_outlives_new_titles_and_another_order(titles):
    at = run(titles, one="c", any="b", some=["c", "a"], part="y")
    assert vars(said(at)) == {"one": "c", "any": "b", "some": ["c", "a"], "open": "y"}
    assert not at.warning


def test_what_is_chosen_is_in_the_url_by_its_id_and_the_default_is_not():
    at = run()
    at.selectbox[0].set_value("b").run()
    at.multiselect[0].set_value(["c"]).run()
    assert (said(at).one, said(at).some) == ("b", ["c"])
    assert {key: list(value) for key, value in at.query_params.items()} == {"one": ["b"], "some": ["c"]}
    again = run(**at.query_params)
    assert vars(said(again)) == vars(said(at))
    at.selectbox[0].set_value("a").run()
    at.multiselect[0].set_value(["a", "b"]).run()
    assert not at.query_params


def test_nothing_chosen_is_in_the_url_too():
    at = run()
    at.multiselect[0].set_value([]).run()
    assert said(at).some == [] and said(run(**at.query_params)).some == []


@pytest.mark.parametrize(
    "query", [{"one": "Second"}, {"one": ""}, {"any": "<b>"}, {"some": ["x", "y"]}, {"part": "Right"}]
)
def test_a_wrong_id_is_said_and_the_default_shown(query):
    at = run(**query)
    assert vars(said(at)) == {"one": "a", "any": None, "some": ["a", "b"], "open": "x"}
    if query != {"one": ""}:
        [key] = query
        assert f"“{key}”" in at.warning[0].value and "Shown instead" in at.warning[0].value


def test_right_ids_beside_a_wrong_one_stay_and_too_many_are_cut():
    at = run(some=["c", "x", "c"])
    assert said(at).some == ["c"] and "the others" in at.warning[0].value
    assert said(run(some=["c", "b", "a"])).some == ["c", "b"]


def test_an_option_that_goes_takes_its_choice_out_of_the_url():
    at = run(one="c", some=["c"])
    at.args = ({"a": "First", "b": "Second"}, ("a", "b"))
    assert vars(said(at.run())) == {"one": "a", "any": None, "some": ["a", "b"], "open": "x"}
    assert not at.query_params and not at.warning


def test_a_new_link_is_followed_but_not_the_one_that_was_on_its_way(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(ui_url.time, "monotonic", lambda: clock[0])
    at = run(one="c")
    at.selectbox[0].set_value("b").run()
    at.query_params["one"] = "c"  # the browser had not heard of our "b" yet
    assert said(at.run()).one == "b"
    clock[0] += 60
    at.query_params["one"] = "c"  # the user went back
    assert said(at.run()).one == "c"


LINKS = [
    ("models", {"set": "PrivateTset"}, "Did you mean 'PrivateTest'"), ("models", {"sort": "Accuracy"}, "“sort”"),
    ("models", {"only": "Keras"}, "Did you mean 'keras'"), ("model", {"model": "keras-nativ"}, "'keras-native'"),
    ("confusion", {"rows": "trut"}, "Did you mean 'truth'"), ("confusion", {"columns": ["x"]}, "“columns”"),
    ("confusion", {"row": "hapy"}, "Did you mean 'happy'"), ("confusion", {"less": "a~b"}, "“less”"),
    ("distribution", {"raters": "majorty"}, "Did you mean 'majority'"), ("curves", {"part": "ROC"}, "“part”"),
    ("curves", {"curve": "joy"}, "“curve”"), ("data", {"part": "Votes"}, "Did you mean 'votes'"),
    ("photos", {"models": "keras-nativ"}, "'keras-native'"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "query", "expected"), LINKS, ids=str)
def test_every_page_says_what_its_link_has_wrong(page, query, expected, monkeypatch):
    monkeypatch.delenv("FER2013_PATH", raising=False)
    at = AppTest.from_file(str(VIEWS / f"{page}.py"), default_timeout=180)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    assert any(expected in warning.value for warning in at.warning)


def test_a_link_to_a_model_names_it_even_where_it_is_the_first():
    at = AppTest.from_file(str(VIEWS / "model.py"), default_timeout=180).run()
    first, second = artifacts.ids()[:2]
    at.selectbox[0].set_value(second).run()
    at.selectbox[0].set_value(first).run()
    assert list(at.query_params["model"]) == [first] or at.query_params["model"] == first
