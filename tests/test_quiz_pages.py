"""The pages of the human benchmark: blind while one sits, honest after; every bad link says what it is."""

import json
import re
from dataclasses import replace

import pytest

from dashboard import cache
from dashboard.pages_table import VIEWS
from fer_core import artifacts
from fer_core.human import classes, codes, quiz
from fer_core.human.answers_table import own_answers
from fer_core.human.errors import DatabaseUnavailableError
from fer_core.human.faces import Fer2013Faces
from fer_core.types import EMOTIONS
from tests.page_runs import opened, text
from tests.quiz_pages import PASSPHRASE, TINY, button, in_url, opened_class, sat, trials

pytest_plugins = ("tests.quiz_fixtures",)


def test_a_new_run_needs_consent_and_lives_in_the_url(noise_faces, quiz_database):
    at = opened("quiz")
    assert button(at, "Begin").disabled
    at.checkbox[0].check().run()
    next(field for field in at.text_input if field.label.startswith("Nickname")).set_value("<b>Ada</b>").run()
    button(at, "Begin").click().run()
    assert not at.exception
    state = quiz.state(quiz_database, in_url(at, "run"))
    assert state.nickname == "<b>Ada</b>" and state.answered == 0
    assert codes.shown(state.code) in text(at)


def test_the_browser_is_told_nothing_of_truth_or_face(noise_faces, quiz_database):
    faces = Fer2013Faces(artifacts.reference(), noise_faces)
    truth = {id: EMOTIONS[k] for id, k in zip(faces.ids, faces.labels.tolist(), strict=True)}
    code = sat(quiz_database, noise_faces, most=0)
    kept = {"token", "item", "picture", "asked", "question", "progress", "share", "note", "labels", "confidence",
            "fixation", "limit"}  # fmt: skip
    tasks: list[tuple[quiz.Task, dict]] = []
    for _ in range(18):  # practice, 14 tests, 2 repeats, a check of attention
        at, task = opened("quiz", run=code), quiz.state(quiz_database, code).task
        assert task
        (sent,) = trials(at)
        tasks.append((task, sent))
        quiz.answer(quiz_database, code, task.position, task.asked or "sad", 500)
    for task, sent in tasks:
        assert set(sent) == kept and sent["labels"] == list(EMOTIONS)
        assert sent["item"] == task.position and sent["token"].endswith(f":{task.position}")
        words = json.dumps({name: value for name, value in sent.items() if name not in ("labels", "asked", "picture")})
        if task.face:
            assert sent["asked"] is None and sent["picture"].startswith("data:image/png;base64,")
            assert truth[task.face] not in words and task.face.split(":")[1] not in words
        else:
            assert task.asked in sent["asked"] and sent["picture"] is None
    by_kind = {task.kind: sent["note"] for task, sent in tasks}
    assert by_kind["test"] == by_kind["repeat"] == by_kind["attention"] == ""  # only practice is told apart
    codes_of = {sent["token"].split(":")[0] for _, sent in tasks}
    assert code not in codes_of  # what resumes the run is not in the trial


def test_a_class_link_joins_the_class_and_keeps_its_options(noise_faces, quiz_database):
    group = classes.open_class(
        quiz_database, "<i>3b</i> [x](y)", PASSPHRASE, Fer2013Faces(artifacts.reference(), noise_faces), TINY
    )
    at = opened("quiz", **{"class": codes.shown(group)})
    assert [t.value for t in at.text] == ["<i>3b</i> [x](y)"] and not at.radio
    at.checkbox[0].check().run()
    button(at, "Begin").click().run()
    state = quiz.state(quiz_database, in_url(at, "run"))
    assert state.class_code == group and state.options == TINY and state.total == 18


@pytest.mark.parametrize("page", ["quiz", "my_result"])
@pytest.mark.parametrize("code", ["nonsense", "0" * 16, "ABCDEFGHJK", "<script>", "9" * 5000])
def test_a_bad_code_in_the_url_is_said(noise_faces, quiz_database, page, code):
    at = opened(page, run=code)
    assert at.warning and not trials(at)
    assert "<script>" not in at.warning[0].value
    at.button[0].click().run()  # the way back
    assert not at.exception and "run" not in at.query_params


def test_a_bad_class_code_is_said_and_one_can_sit_alone(noise_faces, quiz_database):
    at = opened("quiz", **{"class": "AAAAAAAAAA"})
    assert "No class has this code" in at.warning[0].value and button(at, "Begin")


def test_without_faces_both_ways_in_are_shown(quiz_database, monkeypatch):
    monkeypatch.delenv("FER2013_PATH", raising=False)
    cache.dataset.clear()
    at = opened("quiz")
    assert "trainers data fetch" in text(at) and "FER2013_PATH" in text(at) and "Your own photos" in text(at)
    cache.dataset.clear()


def test_a_run_whose_faces_went_away_keeps_its_place(noise_faces, quiz_database, monkeypatch):
    code = sat(
        quiz_database, noise_faces, most=3, options=replace(TINY, checks=0)
    )  # the fourth is a face in every order
    monkeypatch.delenv("FER2013_PATH")
    cache.dataset.clear()
    at = opened("quiz", run=code)
    assert "not on this machine now" in at.warning[0].value and not trials(at)
    assert quiz.state(quiz_database, code).answered == 3


def test_a_database_that_is_gone_is_said_on_every_page_and_the_face_stays(noise_faces, quiz_database, tmp_path):
    code = sat(quiz_database, noise_faces, most=3)
    at = opened("quiz", run=code)
    assert trials(at)
    (tmp_path / "quiz.sqlite3").rename(tmp_path / "away")
    at.run()
    assert not at.exception and "is gone. Put it back" in at.warning[0].value
    assert trials(at)[0]["item"] == 4  # so that the browser can send the answer again
    (tmp_path / "away").rename(tmp_path / "quiz.sqlite3")
    at.run()
    assert not at.warning and trials(at)[0]["item"] == 4


def test_nobody_sees_anothers_face_while_the_database_is_gone(noise_faces, quiz_database, tmp_path):
    at = opened("quiz", run=sat(quiz_database, noise_faces, most=3))
    assert trials(at)
    (tmp_path / "quiz.sqlite3").rename(tmp_path / "away")
    for code in ("0123456789ABCDEF", "nonsense"):  # the next person at the same tablet
        at.query_params["run"] = code
        at.run()
        assert not at.exception and "is gone. Put it back" in at.warning[0].value and not trials(at)


def test_a_database_that_goes_away_is_said_beside_the_models(noise_faces, quiz_database, tmp_path):
    sat(quiz_database, noise_faces)
    at = opened("humans_and_models")
    (tmp_path / "quiz.sqlite3").rename(tmp_path / "away")
    from dashboard.cache import people as people_cache

    people_cache._all_answers.clear()  # instead of waiting three seconds
    at.run()
    assert not at.exception and "is gone. Put it back" in at.error[0].value


@pytest.mark.parametrize("fails", ["erase", "sources"])
def test_a_database_that_goes_away_at_a_deletion_refuses_it_and_after_it_leaves_it_done(
    noise_faces, quiz_database, monkeypatch, fails
):
    at = opened("my_result", run=sat(quiz_database, noise_faces))
    at.checkbox[0].check().run()

    def gone(*asked):
        raise DatabaseUnavailableError("The database is gone. Put it back.")

    monkeypatch.setattr(quiz, fails, gone)
    button(at, "Delete").click().run()
    assert not at.exception
    if fails == "erase":
        assert "is gone" in at.error[0].value and in_url(at, "run")
    else:
        assert "18 answers were deleted" in at.success[0].value


def test_a_database_of_a_newer_version_is_said_on_every_page(quiz_database, monkeypatch):
    from sqlalchemy import text as sql

    with quiz_database.engine.begin() as connection:
        connection.execute(sql("UPDATE seven_faces_version SET version_num = '9999'"))
    quiz_database.close()
    for page in ("quiz", "my_result", "class_results", "humans_and_models"):
        at = opened(page)
        assert any("update the program" in e.value for e in at.error), page


def test_my_result_comes_at_the_end_and_not_before(noise_faces, quiz_database):
    half, whole = sat(quiz_database, noise_faces, most=9), sat(quiz_database, noise_faces, wrong=4)
    at = opened("my_result", run=half)
    assert "9 of 18 are answered" in text(at) and not at.metric
    at = opened("my_result", run=whole)
    figures = {m.label: m.value for m in at.metric}
    assert figures["Accuracy"] == "71.4\N{NO-BREAK SPACE}%"  # 10 of 14
    assert "100.0 % (34.2 % to 100.0 %)".replace(" %", "\N{NO-BREAK SPACE}%") in text(at) and "1 of 1" in text(
        at
    )  # both repeats alike, the check followed
    said = re.search(r"mixture of labels your accuracy would be ([\d.]+).% \(([\d.]+).% to ([\d.]+).%\)", text(at))
    assert said and float(said[3]) - float(said[2]) > 30  # two faces of each class tell next to nothing
    matrix = at.dataframe[0].value.set_index("label")
    assert matrix.to_numpy().sum() == 14 and sum(matrix.loc[e, e] for e in EMOTIONS) == 10
    missed = next(f.value for f in at.dataframe if "you" in f.value)
    assert len(missed) == 4 and (missed["you"] != missed["label"]).all() and "crowd" in missed


def test_how_sure_a_person_was_stands_beside_how_often_right(noise_faces, quiz_database):
    code = sat(quiz_database, noise_faces, wrong=4, sure=True, options=replace(TINY, confidence=True))
    at = opened("my_result", run=code)
    assert "How sure, and how often right" in text(at)
    found = next(f.value for f in at.dataframe if "how sure" in f.value)
    assert found[["how sure", "answers", "right"]].to_numpy().tolist() == [[1, 4, 0], [5, 10, 100]]
    assert "How sure" not in text(opened("my_result", run=sat(quiz_database, noise_faces, wrong=4)))


def test_a_run_without_an_answer_in_time_has_its_result_and_its_data(noise_faces, quiz_database):
    faces = Fer2013Faces(artifacts.reference(), noise_faces)
    code = quiz.start(quiz_database, faces, replace(TINY, limit=2000), consent=True)
    while task := quiz.state(quiz_database, code).task:
        quiz.answer(quiz_database, code, task.position, None, None)
    at = opened("my_result", run=code)
    figures = {m.label: m.value for m in at.metric}
    assert figures["Accuracy"] == "0.0\N{NO-BREAK SPACE}%" and "You and the models" not in text(at)
    assert "The faces that you missed" in text(at) and button(at, "Delete") and at.get("download_button")


def test_my_data_can_be_deleted(noise_faces, quiz_database):
    code, other = sat(quiz_database, noise_faces), sat(quiz_database, noise_faces)
    at = opened("my_result", run=code)
    assert button(at, "Delete").disabled
    at.checkbox[0].check().run()
    button(at, "Delete").click().run()
    assert not at.exception and "18 answers were deleted" in text(at)
    assert own_answers(quiz_database, code).empty and len(own_answers(quiz_database, other)) == 18


def test_everybody_is_on_one_axis_and_nobody_is_named(noise_faces, quiz_database):
    group = opened_class(noise_faces, quiz_database)
    mine = sat(quiz_database, noise_faces, wrong=2, class_code=group, nickname="Ada")
    sat(quiz_database, noise_faces, wrong=7, class_code=group, nickname="Bo")
    sat(quiz_database, noise_faces, options=TINY, most=5)  # too few answers to be placed
    at = opened("humans_and_models", run=mine)
    table = at.dataframe[0].value.set_index("rater")
    titles = [artifacts.card(id).title for id in artifacts.ids()]
    assert {"You", "Person 2", "People of this quiz, together", "FER+: one tagger", *titles} <= set(table.index)
    assert table.loc["You", "accuracy"] == pytest.approx(100 * 12 / 14) and table.loc["You", "faces"] == 14
    assert (table["from"] < table["accuracy"]).all() and table["accuracy"].is_monotonic_decreasing
    assert "Ada" not in str(at.main) and "Bo" not in str(at.main)
    against = next(f.value for f in at.dataframe if "McNemar p" in f.value)
    known = [2 * len(artifacts.card(id).labels) for id in artifacts.ids()]  # two faces of each label
    assert against["model"].tolist() == titles and against["faces"].tolist() == known and min(known) == 10
    axis = dict(zip(table.index, table["faces"], strict=True))
    assert [axis[title] for title in titles] == known and "fewer labels" in text(at)


def test_runs_with_feedback_are_not_compared(noise_faces, quiz_database):
    code = sat(quiz_database, noise_faces, options=replace(TINY, feedback=True))
    assert "Nobody has answered" in text(opened("humans_and_models"))
    at = opened("my_result", run=code)
    assert "Accuracy" in {m.label for m in at.metric} and "Percentile" not in {m.label for m in at.metric}
    assert not any("McNemar p" in f.value for f in at.dataframe)


@pytest.mark.parametrize("most", [15, 18])
def test_who_is_in_mid_quiz_is_not_told_an_own_figure(noise_faces, quiz_database, most):
    code = sat(quiz_database, noise_faces, most=most)
    raters = opened("humans_and_models", run=code).dataframe[0].value["rater"].tolist()
    assert ("You" in raters, "Person 1" in raters) == (most == 18, most == 15)


def test_where_no_reaction_was_measured_none_is_told(noise_faces, quiz_database):
    code = sat(quiz_database, noise_faces, milliseconds=None)
    at = opened("my_result", run=code)
    assert {m.label: m.value for m in at.metric}["Median reaction"] == "–"


def test_labelled_faces_of_ones_own_can_be_asked_for(quiz_database, monkeypatch):
    import numpy as np

    from fer_core.human.faces import LabelledFaces
    from tests.human_cases import labelled

    monkeypatch.delenv("FER2013_PATH", raising=False)
    cache.dataset.clear()
    faces = labelled(3)
    cache.lent_faces().by_source[faces.name] = faces
    code = quiz.start(quiz_database, faces, TINY, consent=True)
    at = opened("quiz", run=code)
    assert trials(at)[0]["picture"].startswith("data:image/png;base64,")
    assert isinstance(faces, LabelledFaces) and isinstance(faces.labels, np.ndarray)
    cache.lent_faces().by_source.clear()


def test_no_page_draws_markup_of_its_own_making():
    """What people type is drawn by Streamlit's own widgets and as text alone, in whichever module that is done."""
    raw = re.compile(r"unsafe_allow_html|\.html\(|\bhtml\s*=|iframe|components\.v1|innerHTML|outerHTML|insertAdjacent")
    sources = [path for kind in ("py", "js") for path in VIEWS.parent.rglob(f"*.{kind}")]
    lines = {(path.name, line.strip()) for path in sources for line in path.read_text().splitlines()}
    named = {"quiz.py", "my_result.py", "class_results.py", "humans_and_models.py", "trial.js"}
    named |= {"ui_quiz.py", "ui_people.py", "ui_class.py", "people_tables.py"}
    assert named <= {name for name, _ in lines}
    allowed = {  # ours, nothing put into them: two files and a style
        ("ui_trial.py", 'html=(_FILES / "trial.html").read_text("utf-8"),'),
        ("router.py", 'st.html(Path(__file__).parent / "contrast.css")'),
        ("ui_plain_table.py", "st.html(SCROLLS)"),
    }
    assert {(name, line) for name, line in lines if raw.search(line)} == allowed
