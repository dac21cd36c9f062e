"""The teacher's pages of a class: nothing without the passphrase, and then what the class answers, as it answers."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache, looks, ui_class
from fer_core.human import classes, codes, exchange
from fer_core.human.answers_table import everybody
from fer_core.human.errors import DatabaseUnavailableError, ImportRefusedError, UnknownCodeError
from tests.page_runs import opened, said, text
from tests.quiz_pages import PASSPHRASE, TINY, button, in_url, opened_class, sat

pytest_plugins = ("tests.quiz_fixtures",)


def test_class_results_need_the_passphrase(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    sat(quiz_database, noise_faces, class_code=group, nickname="Ada")
    at = opened("class_results", **{"class": group})
    assert "Ada" not in str(at.main)
    at.text_input[1].set_value("something else")
    button(at, "Show results").click().run()
    assert "not the class's passphrase" in at.error[0].value and not at.metric
    at.text_input[1].set_value(PASSPHRASE)
    button(at, "Show results").click().run()
    assert not at.exception
    people = next(f.value for f in at.dataframe if "person" in f.value)
    assert people["person"].tolist() == ["Ada"] and people["accuracy"].tolist() == [100.0]


def test_class_results_follow_the_answers(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    at = opened("class_results", **{"class": group})
    at.text_input[1].set_value(PASSPHRASE)
    button(at, "Show results").click().run()
    assert "Nobody has answered yet" in text(at)
    for wrong, nickname in ((0, "<script>alert(1)</script>"), (7, None), (14, "Bo")):
        sat(quiz_database, noise_faces, wrong=wrong, class_code=group, nickname=nickname)
    from dashboard.cache import people as people_cache

    people_cache._class_answers.clear()  # instead of waiting three seconds
    at.run()
    assert not at.exception
    assert {m.label: m.value for m in at.metric}["People"] == "3"
    table = next(f.value for f in at.dataframe if "person" in f.value)
    assert table["accuracy"].tolist() == [100.0, 50.0, 0.0] and table["person"][0] == "<script>alert(1)</script>"
    assert "Krippendorff's α" in {m.label for m in at.metric}


def test_answers_of_practice_are_not_compared_with_models(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database, replace(TINY, feedback=True))
    sat(quiz_database, noise_faces, class_code=group, nickname="Ada")
    at = entered(group)
    assert not at.exception and "practice mode" in text(at)
    assert not any("McNemar p" in f.value for f in at.dataframe)
    number = classes.enter(quiz_database, group, PASSPHRASE)
    rows = everybody(quiz_database).assign(feedback=False, rater="elsewhere")
    exchange.import_csv(quiz_database, exchange.to_csv(rows), number)
    from dashboard.cache import people as people_cache

    people_cache._class_answers.clear()  # instead of waiting three seconds
    against = next(f.value for f in at.run().dataframe if "McNemar p" in f.value)
    assert against["faces"].max() == 14


def test_a_teacher_opens_a_class(noise_faces, quiz_database):
    at = opened("class_results")
    next(f for f in at.text_input if f.label == "Title").set_value("3c")
    secret = next(f for f in at.text_input if "8 characters" in f.label)
    secret.set_value("short")
    button(at, "Open the class").click().run()
    assert "8 to 200 characters" in at.error[0].value
    next(f for f in at.text_input if "8 characters" in f.label).set_value(PASSPHRASE)
    button(at, "Open the class").click().run()
    assert not at.exception
    code = in_url(at, "class")
    assert classes.facts(quiz_database, code).title == "3c" and codes.shown(code) in text(at)
    assert PASSPHRASE not in str(at.query_params)
    assert at.code[0].value == f"…/quiz?class={code}"  # without a browser no address is known; see test_quiz_browser


@pytest.mark.parametrize(
    ("seen", "told", "own"),
    [
        ("http://localhost:8501/class-results", "http://localhost:8501/quiz?class=", True),
        ("http://127.0.0.1:8501/class-results", "http://127.0.0.1:8501/quiz?class=", True),
        ("https://school.example/faces/class-results", "https://school.example/faces/quiz?class=", False),
    ],
)
def test_a_class_is_told_the_address_by_which_its_teacher_came(
    noise_faces, quiz_database, monkeypatch, seen, told, own
):
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.url", seen)
    group = opened_class(noise_faces, quiz_database)
    at = entered(group)
    assert not at.exception and at.code[0].value == told + group
    assert any("put this one's name or address in its place" in c.value for c in at.caption) == own


def test_guessing_the_passphrase_is_slowed_down_in_every_browser(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    for _ in range(2):
        at = opened("class_results", **{"class": group})  # another session each
        for _ in range(3):
            at.text_input[1].set_value("something else")
            button(at, "Show results").click().run()
    at.text_input[1].set_value(PASSPHRASE)
    button(at, "Show results").click().run()
    assert "wrong 5 times in a row. Wait" in at.error[0].value and not at.metric


def entered(group):
    """The page of a teacher who gave the passphrase."""
    at = opened("class_results", **{"class": group})
    at.text_input[1].set_value(PASSPHRASE)
    return button(at, "Show results").click().run()


def test_a_database_that_goes_away_while_a_class_is_watched_is_said(noise_faces, quiz_database, monkeypatch):
    at = entered(opened_class(noise_faces, quiz_database))

    def gone(*asked):
        raise DatabaseUnavailableError("The database is gone. Put it back.")

    monkeypatch.setattr(cache, "class_answers", gone)
    at.run()
    assert not at.exception and "is gone. Put it back" in at.warning[0].value


def test_whoever_looked_into_a_deleted_class_does_not_see_the_next_one(noise_faces, quiz_database, monkeypatch):
    group = opened_class(noise_faces, quiz_database)
    at, number, before = entered(group), classes.enter(quiz_database, group, PASSPHRASE), classes.facts
    known = before(quiz_database, group)
    classes.erase_class(quiz_database, group, PASSPHRASE)
    other = opened_class(noise_faces, quiz_database)
    assert classes.enter(quiz_database, other, PASSPHRASE) == number  # SQLite gives the highest number again
    sat(quiz_database, noise_faces, class_code=other, nickname="Ada")
    from dashboard.cache import people as people_cache

    people_cache._class_answers.clear()
    monkeypatch.setattr(classes, "facts", lambda *asked: known)  # as in the fragment, which the page does not ask again
    at.run()
    assert not at.exception and "Ada" not in str(at.main) and not at.metric
    assert "No class has this code" in at.warning[0].value
    with pytest.raises(UnknownCodeError):
        cache.class_answers(group, number)


def test_an_experiment_from_elsewhere_is_not_called_fer2013s(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    number = classes.enter(quiz_database, group, PASSPHRASE)
    rows = "\n".join(f"Bo,face{i},{label},happy" for i, label in enumerate(("happy", "sad") * 6))
    exchange.import_csv(quiz_database, f"rater,face,truth,label\n{rows}\n".encode(), number)
    at = entered(group)
    assert "FER2013" not in said(at) and "rows the label in imported" in said(at)
    sat(quiz_database, noise_faces, class_code=group)
    from dashboard.cache import people as people_cache

    people_cache._class_answers.clear()
    at.run()
    assert "FER2013" not in said(at) and "rows the label" in said(at)  # of two sets


def _import():
    from typing import Any

    from dashboard import ui_class

    nobody: Any = None
    ui_class.import_answers(nobody, "", 1)


@pytest.mark.parametrize("refused", [False, True])
def test_what_a_csv_from_elsewhere_says_is_drawn_as_it_is(monkeypatch, refused):
    beacon = "![x](https://elsewhere.example/t.png)"

    def import_csv(database, data, number):
        if refused:
            raise ImportRefusedError(f"Row 2, column face: got {beacon}.")
        return exchange.Imported(1, 1, (beacon,))

    monkeypatch.setattr(exchange, "import_csv", import_csv)
    monkeypatch.setattr(classes, "check", lambda *asked: None)
    at = AppTest.from_function(_import, default_timeout=60).run()
    at.file_uploader[0].set_value(("a.csv", b"x", "text/csv")).run()
    button(at, "Import").click().run()
    said = (at.error if refused else at.success)[0].value
    assert looks.verbatim(beacon) in said and beacon not in said


@pytest.mark.parametrize("other", [True, False])
def test_answers_go_into_no_other_class_of_the_same_number(noise_faces, quiz_database, other):
    group = opened_class(noise_faces, quiz_database)
    at = entered(group)
    number = classes.enter(quiz_database, opened_class(noise_faces, quiz_database), PASSPHRASE) if other else 99
    at.session_state[ui_class.ENTERED] = (group, number)  # as after the file was exchanged for an older one
    at.file_uploader[0].set_value(("a.csv", b"rater,face,truth,label\np1,a,sad,sad\n", "text/csv")).run()
    button(at, "Import").click().run()
    assert not at.exception and "this class has another number" in at.error[0].value.replace("\\", "")
    assert everybody(quiz_database).empty
